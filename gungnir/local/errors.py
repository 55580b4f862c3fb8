"""The errors of the local API server: one tree, each a Kubernetes ``Status``.

The codes, reasons and sentences follow k8s.io/apimachinery (``pkg/api/errors`` and ``util/validation/field``), because
clients such as kubectl decide by reason and code, and people recognise the sentences.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar


class ApiError(Exception):
    """A request that was refused; never raised for a defect of the server itself."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(
        self, message: str, details: dict[str, Any] | None = None, *, code: int | None = None, reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.http_code = self.code if code is None else code
        self.status_reason = self.reason if reason is None else reason

    def status(self) -> dict[str, Any]:
        """Return the Kubernetes ``Status`` body of this error."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.status_reason:
            body["reason"] = self.status_reason
        if self.details:
            body["details"] = self.details
        body["code"] = self.http_code
        return body


class BadRequestError(ApiError):
    """The request cannot be understood."""

    code = 400
    reason = "BadRequest"


class ForbiddenError(ApiError):
    """The request is understood and not allowed."""

    code = 403
    reason = "Forbidden"


class NotFoundError(ApiError):
    """The object, its namespace or its resource does not exist."""

    code = 404
    reason = "NotFound"


class MethodNotAllowedError(ApiError):
    """The resource exists and does not support the verb."""

    code = 405
    reason = "MethodNotAllowed"


class NotAcceptableError(ApiError):
    """Nothing the client accepts can be produced."""

    code = 406
    reason = "NotAcceptable"


class AlreadyExistsError(ApiError):
    """Create of a name that is taken."""

    code = 409
    reason = "AlreadyExists"


class ConflictError(ApiError):
    """A precondition (resourceVersion or uid) does not hold any more."""

    code = 409
    reason = "Conflict"


class ExpiredError(ApiError):
    """The resourceVersion or continue token is older than the history kept."""

    code = 410
    reason = "Expired"


class UnsupportedMediaTypeError(ApiError):
    """A body in a format that is not served."""

    code = 415
    reason = "UnsupportedMediaType"


class TooManyRequestsError(ApiError):
    """The request may succeed later: an eviction that a budget forbids, or an injected 429."""

    code = 429
    reason = "TooManyRequests"


class ServiceUnavailableError(ApiError):
    """The server, or a part that the request needs, is not available now."""

    code = 503
    reason = "ServiceUnavailable"


class ServerTimeoutError(ApiError):
    """The server could not answer in time, as for a resourceVersion of the future."""

    code = 504
    reason = "Timeout"


REQUIRED = "Required value"
INVALID = "Invalid value"
NOT_SUPPORTED = "Unsupported value"
FORBIDDEN = "Forbidden"
DUPLICATE = "Duplicate value"
TOO_LONG = "Too long"
TOO_MANY = "Too many"

_CAUSES = {
    REQUIRED: "FieldValueRequired",
    INVALID: "FieldValueInvalid",
    NOT_SUPPORTED: "FieldValueNotSupported",
    FORBIDDEN: "FieldValueForbidden",
    DUPLICATE: "FieldValueDuplicate",
    TOO_LONG: "FieldValueTooLong",
    TOO_MANY: "FieldValueTooMany",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One defect of one field, worded as ``field.Error`` of apimachinery words it."""

    kind: str
    path: str
    detail: str = ""
    value: Any = None
    shows_value: bool = True
    cause: str = ""

    def sentence(self) -> str:
        """Return kind, value and detail without the path."""
        text = self.kind
        if self.kind not in {REQUIRED, FORBIDDEN, TOO_LONG, TOO_MANY} and self.shows_value:
            text += f": {_show(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence()}" if self.path else self.sentence()

    def as_cause(self) -> dict[str, str]:
        """Return the entry of ``details.causes``."""
        return {
            "reason": self.cause or _CAUSES.get(self.kind, "FieldValueInvalid"),
            "message": self.sentence(),
            "field": self.path,
        }


def _show(value: Any) -> str:
    if value is None:
        return "null"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class InvalidError(ApiError):
    """The object was read and breaks rules; every broken rule is listed."""

    code = 422
    reason = "Invalid"


def invalid(kind: str, group: str, name: str, errors: list[FieldError]) -> InvalidError:
    """Build the error for an object that breaks ``errors``, in the wording of ``NewInvalid``."""
    qualified = f"{kind}.{group}" if group else kind
    texts = list(dict.fromkeys(str(error) for error in errors))
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    return InvalidError(
        f'{qualified} "{name}" is invalid: {text}',
        _about(name, group, kind) | {"causes": [error.as_cause() for error in errors]},
    )


def _about(name: str, group: str, kind: str) -> dict[str, Any]:
    """Return the ``details`` of an error; what is empty is left out."""
    return {key: text for key, text in (("name", name), ("group", group), ("kind", kind)) if text}


def qualified_resource(plural: str, group: str) -> str:
    """Return ``plural.group``, or ``plural`` for the core group."""
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> NotFoundError:
    """Build the error for an object that does not exist."""
    return NotFoundError(f'{qualified_resource(plural, group)} "{name}" not found', _about(name, group, plural))


def already_exists(plural: str, group: str, name: str, *, deleting: bool = False) -> AlreadyExistsError:
    """Build the error for a name that is taken, perhaps by an object that is about to go."""
    text = f'{qualified_resource(plural, group)} "{name}" already exists'
    return AlreadyExistsError(f"object is being deleted: {text}" if deleting else text, _about(name, group, plural))


def conflict(plural: str, group: str, name: str, why: str) -> ConflictError:
    """Build the error for a precondition that does not hold."""
    return ConflictError(
        f'Operation cannot be fulfilled on {qualified_resource(plural, group)} "{name}": {why}',
        _about(name, group, plural),
    )


def forbidden(plural: str, group: str, name: str, why: str) -> ForbiddenError:
    """Build the error for a request that is not allowed."""
    return ForbiddenError(
        f'{qualified_resource(plural, group)} "{name}" is forbidden: {why}', _about(name, group, plural)
    )
