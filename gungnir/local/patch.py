"""The three patch formats: JSON patch (RFC 6902), JSON merge patch (RFC 7386) and strategic merge patch.

Strategic merge patch follows ``strategicpatch`` of apimachinery: lists of objects merge by a key that the API types
name (``patchMergeKey``), with ``$patch``, ``$deleteFromPrimitiveList``, ``$retainKeys`` and ``$setElementOrder``.
"""

from copy import deepcopy
from typing import Any, Final

import jsonpatch

from gungnir.local.errors import BadRequestError, InvalidError, UnsupportedMediaTypeError

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCHES: Final = frozenset({"application/apply-patch+yaml", "application/apply-patch+cbor"})

_MERGE_KEYS: Final[dict[str, str]] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "conditions": "type",
    "topologySpreadConstraints": "topologyKey",
    "ownerReferences": "uid",
    "secrets": "name",
    "addresses": "type",
    "podIPs": "ip",
    "hostIPs": "ip",
    "resourceClaims": "name",
    "schedulingGates": "name",
}
_PRIMITIVE_MERGED: Final = frozenset({"finalizers"})
_ATOMIC_WITH_KEY: Final = frozenset({"tolerations", "readinessGates", "subsets"})


def _merge_key(path: tuple[str, ...]) -> str | None:
    name = path[-1] if path else ""
    if name == "ports":
        return "containerPort" if "containers" in path or "initContainers" in path else "port"
    return None if name in _ATOMIC_WITH_KEY else _MERGE_KEYS.get(name)


def merge_patch(target: Any, patch: Any) -> Any:
    """Return ``target`` changed by a JSON merge patch; null removes."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def strategic_patch(target: Any, patch: Any, path: tuple[str, ...] = ()) -> Any:
    """Return ``target`` changed by a strategic merge patch.

    Raises:
        BadRequestError: A directive is unknown, or a list element lacks its merge key.
    """
    if not isinstance(patch, dict):
        return deepcopy(patch)
    directive = patch.get("$patch", "merge")
    if directive == "replace":
        return {name: deepcopy(value) for name, value in patch.items() if name != "$patch"}
    if directive == "delete":
        return {}
    if directive != "merge":
        raise BadRequestError(f"unknown $patch directive {directive!r}: use merge, replace or delete")
    result = _after_directives(dict(target) if isinstance(target, dict) else {}, patch)
    for name, value in patch.items():
        if name.startswith("$"):
            continue
        if value is None:
            result.pop(name, None)
        elif isinstance(value, list):
            result[name] = _merge_list(result.get(name), value, (*path, name))
        else:
            result[name] = strategic_patch(result.get(name), value, (*path, name))
    orders = [name for name in patch if name.startswith("$setElementOrder/")]
    for name in orders:
        _reorder(result, name.partition("/")[2], patch[name], path)
    return result


def _after_directives(result: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return the object without what ``$retainKeys`` and ``$deleteFromPrimitiveList`` take from it."""
    retain = patch.get("$retainKeys")
    if retain is not None:
        result = {name: value for name, value in result.items() if name in retain}
    for name, value in patch.items():
        if name.startswith("$deleteFromPrimitiveList/"):
            field = name.partition("/")[2]
            result[field] = [item for item in result.get(field) or [] if item not in value]
    return result


def _merge_list(target: Any, patch: list[Any], path: tuple[str, ...]) -> list[Any]:
    current = list(target) if isinstance(target, list) else []
    if path[-1] in _PRIMITIVE_MERGED:
        return current + [item for item in patch if item not in current]
    key = _merge_key(path)
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [deepcopy(item) for item in patch if not (isinstance(item, dict) and "$patch" in item)]
    if key is None or not all(isinstance(item, dict) for item in [*current, *patch]):
        return deepcopy(patch)
    for item in patch:
        if key not in item:
            raise BadRequestError(f"map: {item} does not contain declared merge key: {key}")
        at = next((i for i, old in enumerate(current) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            current = [old for old in current if old.get(key) != item[key]]
        elif at is None:
            current.append(strategic_patch({}, item, path))
        else:
            current[at] = strategic_patch(current[at], item, path)
    return current


def _reorder(result: dict[str, Any], field: str, order: list[Any], path: tuple[str, ...]) -> None:
    items = result.get(field)
    if not isinstance(items, list):
        return
    key = _merge_key((*path, field))

    def identity(item: Any) -> Any:
        return item.get(key) if isinstance(item, dict) and key else item

    places = {_hashable(identity(item)): i for i, item in enumerate(order)}
    known = sorted(
        (item for item in items if _hashable(identity(item)) in places), key=lambda i: places[_hashable(identity(i))]
    )
    result[field] = known + [item for item in items if _hashable(identity(item)) not in places]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def json_patch(target: Any, operations: Any) -> Any:
    """Return ``target`` changed by a JSON patch.

    Raises:
        BadRequestError: The patch is not a list of operations.
        InvalidError: An operation does not apply (a failed ``test`` included).
    """
    if not isinstance(operations, list):
        raise BadRequestError("the body of a JSON patch must be a list of operations")
    try:
        return jsonpatch.apply_patch(target, operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, KeyError, TypeError, IndexError) as exc:
        raise InvalidError(f"the server rejected our request due to an error in our request: {exc}") from exc


def check_media_type(content_type: str, *, is_custom: bool) -> str:
    """Return the media type of a patch.

    Raises:
        UnsupportedMediaTypeError: Server-side apply, strategic merge of a custom resource, or an unknown format.
    """
    media_type = content_type.partition(";")[0].strip()
    if media_type in APPLY_PATCHES:
        raise UnsupportedMediaTypeError(
            f"{media_type}: server-side apply is not served by the local cluster; use client-side apply "
            "(kubectl apply without --server-side) or a merge patch"
        )
    served = [JSON_PATCH, MERGE_PATCH] if is_custom else [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH]
    if media_type not in served:
        raise UnsupportedMediaTypeError(
            f"the body of the request was in an unknown format - accepted media types include: {', '.join(served)}"
        )
    return media_type


def apply(current: dict[str, Any], patch: Any, content_type: str, *, is_custom: bool) -> dict[str, Any]:
    """Return ``current`` (not changed itself) after ``patch`` of a media type.

    Raises:
        UnsupportedMediaTypeError: Server-side apply, strategic merge of a custom resource, or an unknown format.
        BadRequestError: The patch cannot be read.
        InvalidError: A JSON patch does not apply.
    """
    media_type = check_media_type(content_type, is_custom=is_custom)
    if media_type == JSON_PATCH:
        result = json_patch(deepcopy(current), patch)
    elif not isinstance(patch, dict):
        raise BadRequestError("the body of a patch must be a JSON object")
    elif media_type == MERGE_PATCH:
        result = merge_patch(current, patch)
    else:
        result = strategic_patch(current, patch)
    if not isinstance(result, dict):
        raise BadRequestError("the patch replaces the object by something that is no object")
    return result
