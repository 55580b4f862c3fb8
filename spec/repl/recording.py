"""docs/repl.md with its recorded walks taken anew: ``python -m spec.repl.recording`` prints it.

The commands and the sentences between them are written by hand, and what the commands print is recorded. A test takes
the walks as doctests.
"""

import doctest
import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "repl.md"
_BLOCK = re.compile(r"(?<=```python\n).*?(?=```)", re.DOTALL)


def recorded(page: str) -> str:
    """Return the page with the output of every example as it is now.

    Raises:
        Exception: whatever an example raises.
    """
    names: dict[str, Any] = {}
    return _BLOCK.sub(lambda block: _block(block[0], names), page)


def _block(text: str, names: dict[str, Any]) -> str:
    lines = []
    for example in doctest.DocTestParser().get_examples(text):
        said = StringIO()
        with redirect_stdout(said):
            exec(compile(example.source, "docs/repl.md", "single"), names)  # noqa: S102 - the page is our own, as any test
        first, *rest = example.source.rstrip("\n").split("\n")
        lines += [f">>> {first}", *(f"... {line}" for line in rest), *said.getvalue().splitlines()]
    return "\n".join(lines) + "\n\n"  # a doctest ends at an empty line


if __name__ == "__main__":
    sys.stdout.write(recorded(PAGE.read_text(encoding="utf-8")))
