"""The forms of an answer: the object itself, a Table for people, or its metadata alone."""

from typing import Any, Final

from gungnir.local.conversion import from_storage, needs_conversion
from gungnir.local.kinds.catalog import Kind
from gungnir.local.serve.columns import printer_of
from gungnir.local.serve.content import dumps
from gungnir.local.store import Record

Obj = dict[str, Any]
_META: Final = "meta.k8s.io/v1"


def raw_of(kind: Kind, record: Record) -> bytes:
    """Return an object's JSON in the version of ``kind``."""
    if needs_conversion(kind, record.obj):
        return dumps(from_storage(kind, record.copy()))
    return record.raw


def partial(record: Record) -> Obj:
    """Return the metadata of an object as a PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": record.obj["metadata"]}


def one(kind: Kind, record: Record, form: str, include: str) -> bytes:
    """Return one object in a form."""
    if form == "Table":
        return dumps(table(kind, [record], include, record.obj["metadata"]["resourceVersion"], {}))
    if form.startswith("Partial"):
        return dumps(partial(record))
    return raw_of(kind, record)


def many(kind: Kind, records: list[Record], form: str, include: str, meta: Obj) -> bytes:
    """Return a list of objects in a form; ``meta`` is the list's metadata with its resourceVersion."""
    if form == "Table":
        return dumps(table(kind, records, include, meta["resourceVersion"], meta))
    if form.startswith("Partial"):
        items = [partial(record) for record in records]
        return dumps({"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": meta, "items": items})
    head = dumps({"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": meta})
    return head[:-1] + b',"items":[' + b",".join(_item(kind, record) for record in records) + b"]}"


def _item(kind: Kind, record: Record) -> bytes:
    """Return an object's JSON as an item of a list, where a built-in type is said by the list alone."""
    if kind.is_custom:
        return raw_of(kind, record)
    obj = from_storage(kind, record.copy()) if needs_conversion(kind, record.obj) else record.obj
    return dumps({name: value for name, value in obj.items() if name not in {"apiVersion", "kind"}})


def table(
    kind: Kind, records: list[Record], include: str, resource_version: str, meta: Obj, *, columns: bool = True
) -> Obj:
    """Return a Table; ``include`` says what each row carries: ``None``, ``Metadata`` or ``Object``."""
    printer = printer_of(kind)
    rows = []
    for record in records:
        row: Obj = {"cells": printer.cells(record.obj)}
        if include == "Object":
            row["object"] = from_storage(kind, record.obj)
        elif include != "None":
            row["object"] = partial(record)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": {**meta, "resourceVersion": resource_version},
        "columnDefinitions": printer.columns if columns else None,
        "rows": rows,
    }
