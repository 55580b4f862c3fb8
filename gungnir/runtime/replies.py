"""Failures of the API server as replies: the only place where an exception becomes a value that machines understand."""

from gungnir.machines.requests import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Reply,
    Unknown,
    Unreachable,
)
from gungnir.runtime.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    KubeError,
    NotFoundError,
    UnauthorizedError,
)


def reply_of(error: KubeError) -> Reply:
    """Return the reply that says what is known: it did not happen, or nobody can tell."""
    match error:
        case NotFoundError():
            return NotFound()
        case AlreadyExistsError():
            return AlreadyExists()
        case ConflictError():
            return Conflict()
        case InvalidError():
            return Invalid(error.detail)
        case ForbiddenError() | UnauthorizedError():
            where = f" in namespace {error.call.namespace}" if error.call.namespace else ""
            return Forbidden(f"may not {error.call.verb} {error.call.resource}{where}: {error.detail}")
        case _:
            return Unknown() if error.may_have_happened else Unreachable()
