"""The settings in the chart's schema: ``python -m gungnir.runtime.settings_schema FILE`` prints the new FILE.

The rest of that file is written by hand; ``properties.settings`` is made here, so that Helm refuses what the operator
would refuse, before anything is installed.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gungnir.errors import UserError
from gungnir.runtime.settings import Settings, settings_table


def settings_schema() -> dict[str, Any]:
    """The JSON schema of the ``settings`` in the chart's values."""
    fields = Settings.model_json_schema()["properties"]
    properties = {}
    for row in settings_table():
        wanted = {key: value for key, value in fields[row.field].items() if key != "title"}
        # null in a values file takes a value of the chart's back
        wanted["type"] = [wanted["type"], "null"]
        if "enum" in wanted:
            wanted["enum"] = [*wanted["enum"], None]
        properties[row.helm] = wanted
    return {
        "type": "object",
        "description": "Settings of `gungnir run`, one for one (docs/settings.md).",
        "additionalProperties": False,
        "properties": properties,
    }


def main(argv: Sequence[str]) -> None:
    """Print the schema file with the settings of today.

    Raises:
        UserError: No file is named.
    """
    if len(argv) != 1:
        raise UserError("name the one schema file to renew")
    schema = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    schema["properties"]["settings"] = settings_schema()
    sys.stdout.write(json.dumps(schema, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
