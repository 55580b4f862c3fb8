"""The fields of the built-in kinds: decoding of request bodies and their OpenAPI schemas.

Decoding does what Go's typed decoding in a real server does: wrong types are refused, unknown fields and nulls dropped,
``omitempty`` fields that are empty left out, quantities and times rewritten in their canonical form.
"""

import binascii
import json
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from gungnir.local.errors import BadRequestError
from gungnir.local.kinds.catalog import Kind
from gungnir.local.schema import quantities
from gungnir.local.schema.generate import model_of
from gungnir.local.schema.structural import join

Obj = dict[str, Any]
_TYPE: Final = re.compile(r"(list)\[(.+)\]|(dict)\(str, (.+)\)|(\w+)")
_MICRO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_MICRO_FIELDS: Final = frozenset({"eventTime", "renewTime", "acquireTime", "lastObservedTime"})
_QUANTITY_FIELDS: Final = frozenset(
    {
        "limits",
        "requests",
        "capacity",
        "allocatable",
        "allocatedResources",
        "overhead",
        "sizeLimit",
        "divisor",
    }
)
_BASE64_FIELDS: Final = frozenset({("V1Secret", "data"), ("V1ConfigMap", "binaryData")})
_KEPT_EMPTY: Final = frozenset(
    {"storageClassName", "volumeAttributesClassName", "service", "appProtocol", "apiGroup", "message", "reason", "type"}
)
"""Strings that are pointers in Go, or have no ``omitempty``: an empty one is a value."""
_KEPT_EMPTY_LISTS: Final = frozenset({"endpoints", "rules", "verbs", "containers", "versions"})
_ZERO_DROPPED: Final = frozenset(
    {
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "publishNotReadyAddresses",
        "stdin",
        "stdinOnce",
        "tty",
        "readOnly",
        "unschedulable",
        "minReadySeconds",
        "initialDelaySeconds",
        "nodePort",
        "hostPort",
        "nullable",
    }
)
"""Booleans and integers that are plain values with ``omitempty`` in Go: zero means absent."""
_SCALARS: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "datetime": (str,),
}
_EMPTY: Final[dict[str, Any]] = {"str": "", "int": 0, "float": 0, "bool": False, "list": [], "map": {}, "model": {}}
"""What a null in a map becomes: the zero value of Go."""
_GO_NAMES: Final = {"str": "string", "int": "int32", "float": "float64", "bool": "bool", "datetime": "Time"}
_STRUCT: Final = re.compile(r"(?:Core|Discovery|Events)?V\d(?=[A-Z])")
"""What the client puts before a Go struct's name in a model's name."""
_MISSING: Final = object()


@cache
def _models() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = json.loads(
        Path(__file__).with_name("builtin.json").read_text(encoding="utf-8")
    )
    return loaded


@cache
def _parsed(text: str) -> tuple[str, str]:
    """Return the outer shape of a type and what is inside: ``("list", "V1Pod")``, ``("model", "V1Pod")``, ..."""
    match = _TYPE.fullmatch(text)
    if match is None:
        return "object", ""
    if match[1]:
        return "list", match[2]
    if match[3]:
        return "map", match[4]
    return ("model", text) if text in _models() else (text, "")


# --- decoding ----------------------------------------------------------------------------------------------------


def decode(kind: Kind, obj: Obj) -> list[str]:
    """Decode an object of a built-in kind in place and return the paths of the fields that were dropped as unknown.

    Raises:
        BadRequestError: A field has the wrong type, or a value cannot be read.
    """
    if kind.kind == "Secret" and isinstance(obj.get("stringData"), dict):
        data = obj.setdefault("data", {})
        for name, value in obj.pop("stringData").items():
            data[name] = b64encode(str(value).encode()).decode()
    return _Decoder(kind).run(obj, "CoreV1Event" if kind.table == "events" else model_of(kind))


def decode_metadata(kind: Kind, obj: Obj) -> list[str]:
    """Decode the metadata of any object in place; see ``decode``."""
    decoder = _Decoder(kind)
    _refill(obj["metadata"], decoder.fields(obj["metadata"], "V1ObjectMeta", "metadata"))
    return decoder.unknown


def _refill(target: Obj, content: Obj) -> None:
    """Give a dict new content and keep its identity, which callers hold on to."""
    target.clear()
    target.update(content)


class _Decoder:
    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.unknown: list[str] = []

    def run(self, obj: Obj, model: str) -> list[str]:
        decoded = self.fields(obj, model, "")
        metadata: Obj = obj["metadata"]
        _refill(metadata, decoded.get("metadata", {}))
        _refill(obj, {**decoded, "metadata": metadata})
        return self.unknown

    def fields(self, value: Obj, model: str, path: str) -> Obj:
        known = _models()[model]
        decoded: Obj = {}
        for name, item in value.items():
            at = join(path, name)
            if name not in known:
                if item is not None:
                    self.unknown.append(at)
                continue
            result = self._value(item, known[name][0], at, name, model)
            if result is not _MISSING:
                decoded[name] = result
        return decoded

    def _value(self, value: Any, type_text: str, path: str, name: str, model: str) -> Any:
        if value is None:
            return _MISSING
        shape, inner = _parsed(type_text)
        match shape:
            case "object":
                return value
            case "model":
                if not isinstance(value, dict):
                    raise self._wrong(value, path, model, name, inner)
                return self.fields(value, inner, path)
            case "list":
                return self._list(value, inner, path, name, model)
            case "map":
                return self._map(value, inner, path, name, model)
            case _:
                return self._scalar(value, shape, path, name, model)

    def _list(self, value: Any, inner: str, path: str, name: str, model: str) -> Any:
        if not isinstance(value, list):
            raise self._wrong(value, path, model, name, "[]" + inner)
        if not value and name not in _KEPT_EMPTY_LISTS:
            return _MISSING
        items = [self._value(item, inner, f"{path}[{i}]", "", model) for i, item in enumerate(value)]
        return [item for item in items if item is not _MISSING]

    def _map(self, value: Any, inner: str, path: str, name: str, model: str) -> Any:
        if not isinstance(value, dict):
            raise self._wrong(value, path, model, name, f"map[string]{_GO_NAMES.get(inner, inner)}")
        if not value:
            return _MISSING
        if name in _QUANTITY_FIELDS and inner == "str":
            return {key: self._quantity(item, f"{path}.{key}") for key, item in value.items()}
        decoded = {key: self._value(item, inner, f"{path}.{key}", "", model) for key, item in value.items()}
        if (model, name) in _BASE64_FIELDS:
            for key, item in decoded.items():
                self._check_base64(item, f"{path}.{key}")
        empty = _EMPTY.get(_parsed(inner)[0])
        return {key: empty if item is _MISSING else item for key, item in decoded.items()}

    def _scalar(self, value: Any, shape: str, path: str, name: str, model: str) -> Any:
        if name in _QUANTITY_FIELDS and shape == "str":
            return self._quantity(value, path)
        if not isinstance(value, _SCALARS[shape]) or (isinstance(value, bool) and shape != "bool"):
            raise self._wrong(value, path, model, name, _GO_NAMES[shape])
        if name and value == "" and name not in _KEPT_EMPTY and model != "DiscoveryV1EndpointPort":
            return _MISSING
        if name in _ZERO_DROPPED and not value:
            return _MISSING
        return self._time(str(value), path, name) if shape == "datetime" else value

    def _quantity(self, value: Any, path: str) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            return quantities.canonical(text.strip())
        except ValueError as exc:
            raise self._refused(f"{path}: {exc}") from exc

    def _time(self, text: str, path: str, name: str) -> str:
        if name in _MICRO_FIELDS and not _MICRO_TIME.fullmatch(text):
            raise self._refused(
                f'{path}: parsing time "{text}" as "2006-01-02T15:04:05.000000Z07:00": write exactly six digits of '
                "fraction"
            )
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as exc:
            raise self._refused(f'{path}: parsing time "{text}" as "2006-01-02T15:04:05Z07:00": {exc}') from exc
        if moment.tzinfo is None:
            raise self._refused(f'{path}: parsing time "{text}" as "2006-01-02T15:04:05Z07:00": it names no time zone')
        form = "%Y-%m-%dT%H:%M:%S.%fZ" if name in _MICRO_FIELDS else "%Y-%m-%dT%H:%M:%SZ"
        return moment.astimezone(UTC).strftime(form)

    def _check_base64(self, value: Any, path: str) -> None:
        try:
            b64decode("" if value is _MISSING else value, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise self._refused(f"{path}: illegal base64 data: {exc}") from exc

    def _wrong(self, value: Any, path: str, model: str, name: str, wanted: str) -> BadRequestError:
        found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
        struct, wanted = _STRUCT.sub("", model), _STRUCT.sub("", wanted)
        owner = f"{struct}.{path}" if name else f"{struct}.{path.rpartition('.')[0]}"
        return self._refused(f"json: cannot unmarshal {found} into Go struct field {owner} of type {wanted}")

    def _refused(self, why: str) -> BadRequestError:
        kind = self._kind
        return BadRequestError(f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}')


# --- OpenAPI ----------------------------------------------------------------------------------------------------


_COMMON: Final = {
    "metadata": "Name, labels, owners and other metadata of the object.",
    "spec": "What is wanted.",
    "status": "What is observed; written through the status subresource.",
}
"""Descriptions of fields for which the client's models have none."""


@cache
def schema_name(model: str) -> str:
    """Return the name of a model's schema: unique, and readable after the last dot, where kubectl looks."""
    return f"io.k8s.{model}.{_STRUCT.sub('', model)}"


@cache
def components_of(kind: Kind | None) -> tuple[str, dict[str, Obj]]:
    """Return the name of a kind's schema and every schema it needs; None stands for the metadata of any object."""
    root = model_of(kind) if kind is not None else "V1ObjectMeta"
    found: dict[str, Obj] = {}
    open_models = [root]
    while open_models:
        model = open_models.pop()
        if schema_name(model) in found:
            continue
        properties: Obj = {}
        for field, (type_text, description) in _models()[model].items():
            schema = _schema(type_text, open_models)
            if "$ref" in schema:
                schema = {"allOf": [schema]}
            properties[field] = {"description": description or _COMMON.get(field, ""), **schema}
        found[schema_name(model)] = {"type": "object", "properties": properties}
    return schema_name(root), found


def _schema(type_text: str, referred: list[str]) -> Obj:
    shape, inner = _parsed(type_text)
    match shape:
        case "model":
            referred.append(inner)
            return {"$ref": f"#/components/schemas/{schema_name(inner)}"}
        case "list":
            return {"type": "array", "items": _schema(inner, referred)}
        case "map":
            return {"type": "object", "additionalProperties": _schema(inner, referred)}
        case "str":
            return {"type": "string"}
        case "int":
            return {"type": "integer", "format": "int32"}
        case "float":
            return {"type": "number", "format": "double"}
        case "bool":
            return {"type": "boolean"}
        case "datetime":
            return {"type": "string", "format": "date-time"}
        case _:
            return {"x-kubernetes-preserve-unknown-fields": True}
