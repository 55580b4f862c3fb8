"""What the API server holds against what it should hold, in the fields that are ours.

Theory of operation: ``merge_owned`` lays the manifest over the live object. ``owned_drift`` is nothing but the
difference that the merge made, so writing a merge always ends the drift, and an object without drift is never written.

Rules:
- Fields of others stay: server defaults, status, labels and annotations that somebody added, other owners.
- The fields of the failover machine (whom the client Service selects, the epoch parts of the StatefulSet) stay as they
  are live.
- A value is kept as it is live if it means the same (``equivalence``).

What this does not decide: whether the object is ours at all (``labels.ownership``), and whether to write.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gungnir.api import names
from gungnir.errors import BugError
from gungnir.resources import client_service, stateful_set
from gungnir.resources.equivalence import equivalent, is_empty
from gungnir.resources.labels import propagated
from gungnir.resources.manifest import Manifest
from gungnir.resources.owned_fields import FROZEN, IDENTITY, WHOLE, FieldPath

_ABSENT: Final = object()


def owned_drift(desired: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    """Return the paths at which the live object differs in fields that are ours; values are not shown, some are secret.

    Args:
        desired: As a builder returns it.
        live: The object as read.

    Raises:
        BugError: The two are not the same object.
    """
    return list(_differences(live, merge_owned(desired, live), ""))


def merge_owned(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Manifest:
    """Return the live object with our fields replaced, for one PUT under its resourceVersion.

    Args:
        desired: As a builder returns it.
        live: The object as read.

    Raises:
        BugError: The two are not the same object.
    """
    kind = _same_object(desired, live)
    wanted = _carried(desired, live)
    for path in FROZEN.get(kind, ()):
        _replace(wanted, path, _lookup(live, path))
    current = copy.deepcopy(dict(live))
    if kind == "StatefulSet":
        _forget_removed(current, desired)
    merged: Manifest = _merged(wanted, current, (), WHOLE.get(kind, frozenset()))
    return merged


def frozen_drift(desired: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    """Return the paths of our fields that differ and that the API server never lets change (the size of volumes, ...).

    Args:
        desired: As a builder returns it.
        live: The object as read.
    """
    paths = FROZEN.get(_same_object(desired, live), ())
    found: list[str] = []
    for path in paths:
        wanted, current = _lookup(desired, path), _lookup(live, path)
        if wanted is _ABSENT or current is _ABSENT:
            found += [".".join(path)] if wanted is not current else []
        else:
            found += _differences(current, _merged(wanted, copy.deepcopy(current), path, frozenset()), ".".join(path))
    return found


def _same_object(desired: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    for field in ("name", "namespace"):
        if desired["metadata"].get(field) != live.get("metadata", {}).get(field):
            raise BugError(f"metadata.{field} of the built and the live {desired['kind']} differ: not the same object")
    return str(desired["kind"])


def _carried(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Manifest:
    if desired["kind"] == "StatefulSet":
        return stateful_set.carried(desired, live)
    if names.POD_NAME_LABEL in (desired.get("spec", {}).get("selector") or {}):
        return client_service.carried(desired, live)
    return copy.deepcopy(dict(desired))


def _forget_removed(live: Manifest, desired: Mapping[str, Any]) -> None:
    """Drop from ``live`` the labels and annotations that came from the ValkeyCluster and are no longer in it."""
    template = live.get("spec", {}).get("template", {}).get("metadata", {})
    for field in ("labels", "annotations"):
        for key in propagated(live, field) - propagated(desired, field):
            (template.get(field) or {}).pop(key, None)
    if names.PROPAGATED_ANNOTATION not in desired["metadata"].get("annotations", {}):
        (live["metadata"].get("annotations") or {}).pop(names.PROPAGATED_ANNOTATION, None)


def _merged(wanted: Any, live: Any, path: FieldPath, whole: frozenset[FieldPath]) -> Any:
    field = path[-1] if path else ""
    if path in whole:
        return live if equivalent(wanted, live, field) else copy.deepcopy(wanted)
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return _merged_map(wanted, live, path, whole)
    if isinstance(wanted, list) and isinstance(live, list) and field in IDENTITY:
        return _merged_list(wanted, live, path, whole)
    return live if live is not _ABSENT and equivalent(wanted, live, _quantity_field(path)) else copy.deepcopy(wanted)


def _merged_map(
    wanted: Mapping[str, Any], live: Mapping[str, Any], path: FieldPath, whole: frozenset[FieldPath]
) -> Manifest:
    merged = dict(live)
    for key, value in wanted.items():
        if key in live or not is_empty(value):
            merged[key] = _merged(value, live.get(key, _ABSENT), (*path, key), whole)
    for key in [key for key in merged if (*path, key) in whole and key not in wanted and not is_empty(merged[key])]:
        del merged[key]
    return merged


def _merged_list(wanted: list[Any], live: list[Any], path: FieldPath, whole: frozenset[FieldPath]) -> list[Any]:
    """Merge element by element, as named; owners of others stay, other elements of a list that is ours go."""
    keys = IDENTITY[path[-1]]
    by_name = {_lookup(element, keys): element for element in live}
    ours = {_lookup(element, keys): element for element in wanted}
    merged = {name: _merged(element, by_name.get(name, _ABSENT), (*path, "*"), whole) for name, element in ours.items()}
    if path[-1] != "ownerReferences":
        return list(merged.values())
    return [merged.pop(name, element) for name, element in by_name.items()] + list(merged.values())


def _quantity_field(path: FieldPath) -> str:
    """Return the field whose meaning decides about a leaf: ``storage`` under ``requests`` is a quantity."""
    return path[-2] if len(path) > 1 and path[-2] in {"limits", "requests"} else (path[-1] if path else "")


def _differences(live: Any, merged: Any, path: str) -> Iterator[str]:
    if isinstance(live, Mapping) and isinstance(merged, Mapping):
        for key in sorted(live.keys() | merged.keys()):
            if not (path == "" and key in {"apiVersion", "kind"}):
                below = f"{path}.{key}" if path else key
                yield from _differences(live.get(key, _ABSENT), merged.get(key, _ABSENT), below)
    elif isinstance(live, list) and isinstance(merged, list) and len(live) == len(merged):
        for index, (one, other) in enumerate(zip(live, merged, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif live is not merged and not (type(live) is type(merged) and live == merged):
        yield path


def _lookup(obj: Any, path: FieldPath) -> Any:
    for key in path:
        if not isinstance(obj, Mapping) or key not in obj:
            return _ABSENT
        obj = obj[key]
    return obj


def _replace(obj: Manifest, path: FieldPath, value: Any) -> None:
    *parents, last = path
    for key in parents:
        obj = obj[key]
    if value is _ABSENT:
        obj.pop(last, None)
    else:
        obj[last] = copy.deepcopy(value)
