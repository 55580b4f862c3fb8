"""The closed set of ways in which a call to the API server fails; ``kube.py`` raises nothing else.

What a caller has to know first is whether the request may have taken effect: ``may_have_happened``. It is False only
where that is certain (no connection, or an answer that refuses); then the caller may decide on what it knew before.
Otherwise it reads back.
"""

from dataclasses import dataclass
from typing import ClassVar

from gungnir.errors import ConflictError as ConflictRoot
from gungnir.errors import RefusedError, RemoteError, RetryableError, UserError


@dataclass(frozen=True, slots=True)
class Call:
    """Which call failed.

    Attributes:
        verb: RBAC verb: get, list, watch, create, update, patch, delete.
        resource: Plural, with the subresource as ``valkeyclusters/status``.
        namespace: Empty for a cluster-wide call.
        name: Empty for list, watch and create.
    """

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Render as ``update pods/status ns/name``."""
        where = "/".join(part for part in (self.namespace, self.name) if part)
        return f"{self.verb} {self.resource} {where}".rstrip()


class KubeError(RemoteError):
    """A call to the API server that did not succeed.

    Attributes:
        call: The call that failed.
        detail: What the server or the connection said.
        code: HTTP status, 0 if there was no complete answer.
        reason: ``reason`` of the server's Status object; empty if there was none.
    """

    may_have_happened: ClassVar[bool] = False

    def __init__(self, call: Call, detail: str, *, code: int = 0, reason: str = "") -> None:
        super().__init__(f"{call}: {detail}")
        self.call = call
        self.detail = detail
        self.code = code
        self.reason = reason


class NotFoundError(KubeError, RefusedError):
    """404: the object, its namespace or its resource type does not exist."""


class AlreadyExistsError(KubeError, RefusedError):
    """409 with reason AlreadyExists: an object of this name exists; read it before deciding whose it is."""


class ConflictError(KubeError, ConflictRoot):
    """409: the resourceVersion or uid given is not the current one; nothing was written."""


class InvalidError(KubeError, RefusedError):
    """400, 422 and other 4xx: the server does not accept this object or request."""


class ForbiddenError(KubeError, RefusedError):
    """403: RBAC, a quota or an admission rule refused; ``call`` names the verb, resource and namespace to grant."""


class UnauthorizedError(KubeError, RefusedError):
    """401: the credentials were not accepted; the next call reads or asks for new ones."""


class GoneError(KubeError, RefusedError):
    """410: this resourceVersion or continue token is too old; list again from the start."""


class TooManyRequestsError(KubeError, RetryableError):
    """429: the server sheds load before doing anything.

    Attributes:
        retry_after_ms: How long the server asks to wait; 0 if it does not say.
    """

    def __init__(self, call: Call, detail: str, *, code: int = 429, reason: str = "", retry_after_ms: int = 0) -> None:
        super().__init__(call, detail, code=code, reason=reason)
        self.retry_after_ms = retry_after_ms


class ServerError(KubeError, RetryableError):
    """5xx, or an answer that is no API answer. A write may have been committed (an etcd timeout also ends in a 5xx)."""

    may_have_happened = True


class UnreachableError(KubeError, RetryableError):
    """No connection was made within the deadline: the request was never sent."""


class UnknownOutcomeError(KubeError, RetryableError):
    """Sent on a connection, no complete answer: it may or may not have happened. Read back before deciding."""

    may_have_happened = True


class KubeConfigError(UserError):
    """The kubeconfig, its context or its credentials cannot be used; the text names the file and the fix."""


class SettingsError(UserError):
    """One or more settings are unknown or wrong; one line per problem."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
