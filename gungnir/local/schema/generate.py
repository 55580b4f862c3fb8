"""Writes ``builtin.json``: the fields of the built-in kinds, with their types and descriptions.

They come from the models of the ``kubernetes-asyncio`` client, which are generated from the OpenAPI document of
Kubernetes. Importing those costs seconds and 70 MB, so it happens here, once, and not in the server. Run ``python -m
gungnir.local.schema.generate`` after an update of the client; a test holds the file to it.
"""

import importlib
import json
import re
from pathlib import Path
from typing import Any, Final

from gungnir.local.kinds.catalog import BUILTIN, Kind

TARGET: Final = Path(__file__).with_name("builtin.json")
_REFERENCE: Final = re.compile(r"\b(?:[A-Z]\w+)")
_MODEL: Final = {("", "Event"): "CoreV1Event", ("events.k8s.io", "Event"): "EventsV1Event"}


def model_of(kind: Kind) -> str:
    """Return the name of a built-in kind's model."""
    return _MODEL.get((kind.group, kind.kind), f"V1{kind.kind}")


def _description(model: Any, attribute: str) -> str:
    lines = [line.strip() for line in (getattr(model, attribute).fget.__doc__ or "").splitlines()[1:]]
    text = " ".join(line for line in lines if line and not line.startswith(":"))
    return text.replace("# noqa: E501", "").strip()


def generate() -> dict[str, dict[str, list[str]]]:
    """Return, by model and field, the type in the client's notation and the description."""
    models = importlib.import_module("kubernetes_asyncio.client.models")
    found: dict[str, dict[str, list[str]]] = {}
    open_names = [model_of(kind) for kind in BUILTIN]
    while open_names:
        name = open_names.pop()
        if name in found:
            continue
        model = getattr(models, name)
        found[name] = {}
        for attribute, type_text in model.openapi_types.items():
            found[name][model.attribute_map[attribute]] = [type_text, _description(model, attribute)]
            open_names += _REFERENCE.findall(type_text)
    return dict(sorted(found.items()))


def encoded(models: dict[str, dict[str, list[str]]]) -> str:
    """Return the file's text: one model per line."""
    lines = [f"{json.dumps(name)}: {json.dumps(fields, ensure_ascii=False)}" for name, fields in models.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(encoded(generate()), encoding="utf-8")
