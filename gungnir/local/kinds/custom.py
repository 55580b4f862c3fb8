"""One served version of a custom resource: its schema, its columns, its scale paths."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from gungnir.local.errors import INVALID, NOT_SUPPORTED, REQUIRED, TOO_LONG, TOO_MANY, FieldError
from gungnir.local.schema import rules
from gungnir.local.schema.structural import (
    TYPE_ERROR,
    Schema,
    apply_defaults,
    correlated,
    mark_defaults,
    prune,
    validate,
)

Obj = dict[str, Any]
_BLOCKING: Final = frozenset({NOT_SUPPORTED, REQUIRED, TOO_LONG, TOO_MANY})
_NO_OLD: Final = correlated({}, None, None)


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where the scale subresource finds its three values."""

    spec_replicas: tuple[str, ...]
    status_replicas: tuple[str, ...]
    label_selector: tuple[str, ...]


class CustomVersion:
    """The schema of one version, with its rules compiled.

    Raises:
        RuleError: A CEL rule cannot be compiled.
    """

    def __init__(self, version: Obj) -> None:
        self.source: Schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        self._schema = deepcopy(self.source)
        rules.compile_rules(self._schema)
        mark_defaults(self._schema)
        self.columns: list[Obj] = list(version.get("additionalPrinterColumns") or [])
        scale = (version.get("subresources") or {}).get("scale")
        self.scale = _scale_paths(scale) if scale else None

    def prune(self, obj: Obj) -> list[str]:
        """Drop the fields that the schema does not name and return their paths."""
        return prune(self._schema, obj, root=True)

    def default(self, obj: Obj) -> None:
        """Fill in the defaults of the schema."""
        apply_defaults(self._schema, obj)

    def validate(self, new: Obj, old: Obj | None) -> list[FieldError]:
        """Return every broken rule: the schema's first, then CEL's, unless the value's shape forbids to ask them."""
        before = _NO_OLD if old is None else {k: v for k, v in old.items() if k != "metadata"}
        body = {k: v for k, v in new.items() if k != "metadata"}
        errors = validate(self._schema, body, "", before)
        errors = [error for error in errors if error.path not in {"metadata", "apiVersion", "kind"}]
        if any(error.kind in _BLOCKING or error.cause == TYPE_ERROR for error in errors):
            if self._schema["~has_rules"]:
                errors.append(
                    FieldError(
                        INVALID,
                        "<nil>",
                        "some validation rules were not checked because the object was invalid; correct the existing "
                        "errors to complete validation",
                        "null",
                    )
                )
            return errors
        return errors + rules.check(self._schema, _as_rules_see(new), _NO_OLD if old is None else _as_rules_see(old))


def _as_rules_see(obj: Obj) -> Obj:
    """Return the object with the two fields of its metadata that rules may read."""
    metadata = {k: v for k, v in obj["metadata"].items() if k in {"name", "generateName"}}
    return {**obj, "metadata": metadata}


def _path(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(".") if part)


def _scale_paths(scale: Obj) -> ScalePaths:
    return ScalePaths(
        _path(scale.get("specReplicasPath")),
        _path(scale.get("statusReplicasPath")),
        _path(scale.get("labelSelectorPath")),
    )
