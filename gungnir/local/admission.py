"""From the body of a request to an object that may be stored: decoding, defaults, rules."""

from typing import Any

from gungnir.local.errors import BadRequestError, FieldError, invalid
from gungnir.local.kinds.catalog import Kind
from gungnir.local.kinds.meta import validate_metadata, validate_metadata_update
from gungnir.local.kinds.strategies import strategy_of
from gungnir.local.schema.builtin import decode as decode_builtin
from gungnir.local.schema.builtin import decode_metadata

Obj = dict[str, Any]


def check_type(kind: Kind, obj: Any) -> Obj:
    """Return the body as an object of ``kind``; a missing ``apiVersion`` or ``kind`` is filled in.

    Raises:
        BadRequestError: The body is no object, or an object of another kind.
    """
    if not isinstance(obj, dict):
        raise BadRequestError("the body of the request must be a JSON object")
    if not isinstance(obj.setdefault("metadata", {}), dict):
        raise BadRequestError("metadata: must be an object")
    found = obj.setdefault("apiVersion", kind.api_version), obj.setdefault("kind", kind.kind)
    if found != (kind.api_version, kind.kind):
        raise BadRequestError(
            f"the API version and kind in the data ({found[0]}, {found[1]}) do not match the expected "
            f"({kind.api_version}, {kind.kind})"
        )
    return obj


def decode(kind: Kind, obj: Obj, field_validation: str) -> list[str]:
    """Check types, drop unknown fields and nulls, and return a warning for each field dropped.

    Args:
        kind: What the object is.
        obj: The object; changed in place.
        field_validation: ``Strict`` refuses unknown fields, ``Warn`` reports them, ``Ignore`` does neither.

    Raises:
        BadRequestError: A field has the wrong type, or is unknown under ``Strict``.
    """
    unknown = [*decode_metadata(kind, obj), *kind.custom.prune(obj)] if kind.is_custom else decode_builtin(kind, obj)
    if field_validation == "Strict" and unknown:
        listed = ", ".join(f'unknown field "{path}"' for path in unknown)
        subject = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}'
        raise BadRequestError(f"{subject}: strict decoding error: {listed}")
    return [f'unknown field "{path}"' for path in unknown] if field_validation == "Warn" else []


def default(kind: Kind, obj: Obj) -> None:
    """Fill in the defaults of the kind."""
    if kind.is_custom:
        kind.custom.default(obj)
    else:
        strategy_of(kind).default(obj)


def validate(kind: Kind, new: Obj, old: Obj | None) -> None:
    """Judge an object by every rule of its kind.

    Raises:
        InvalidError: With every broken rule.
    """
    strategy = strategy_of(kind)
    errors: list[FieldError] = validate_metadata(kind, new["metadata"])
    if old is not None:
        errors += validate_metadata_update(new["metadata"], old["metadata"])
    if kind.is_custom:
        errors += kind.custom.validate(new, old)
    else:
        errors += strategy.validate(new)
        if old is not None:
            errors += strategy.validate_update(new, old)
    if errors:
        raise invalid(kind.kind, kind.group, new["metadata"].get("name", ""), errors)
