"""Faults of the API server, on purpose: what a test or a person asks the server to do wrong."""

import itertools
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal

from gungnir.local.errors import BadRequestError

Down = Literal["", "refuse", "hang"]
_REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@dataclass(slots=True)
class Fault:
    """One rule: which requests it is about (empty matches all) and what happens to them.

    Attributes:
        verb: ``get list watch create update patch delete deletecollection``; empty for all.
        resource: Plural name.
        subresource: ``status``, ``scale``, ...; ``-`` for the object itself.
        user_agent: Part of the client's user agent.
        delay_ms: Wait so long before the request is looked at.
        answer_delay_ms: Wait so long after it took effect, before the answer is sent.
        code: Answer this error instead of doing it; 403 is worded as RBAC would.
        retry_after_s: ``Retry-After`` of the error.
        lose: ``request``: the connection breaks before anything is done; ``answer``: after it was done.
        times: For so many requests; None for ever.
    """

    verb: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    user_agent: str = ""
    delay_ms: float = 0.0
    answer_delay_ms: float = 0.0
    code: int = 0
    message: str = ""
    retry_after_s: int = 0
    lose: Literal["", "request", "answer"] = ""
    times: int | None = None
    id: int = 0
    hits: int = 0

    def matches(self, about: "About") -> bool:
        """Tell whether a request is meant, and there are times left."""
        if self.times is not None and self.hits >= self.times:
            return False
        subresource = "" if self.subresource == "-" else self.subresource
        return (
            self.verb in {"", about.verb}
            and self.resource in {"", about.resource}
            and (not self.subresource or subresource == about.subresource)
            and self.namespace in {"", about.namespace}
            and self.name in {"", about.name}
            and self.user_agent in about.user_agent
        )

    @property
    def reason(self) -> str:
        """The reason of the error that is answered."""
        return _REASONS.get(self.code, "InternalError")

    def text(self, about: "About") -> str:
        """Return the message of the error that is answered."""
        if self.message:
            return self.message
        if self.code != 403:  # noqa: PLR2004  # Forbidden is the one with a wording of its own
            return f"injected by a fault of the local cluster (id {self.id})"
        resource = f"{about.resource}/{about.subresource}" if about.subresource else about.resource
        where = f' in the namespace "{about.namespace}"' if about.namespace else " at the cluster scope"
        subject = f'{about.resource} "{about.name}"' if about.name else about.resource
        return (
            f'{subject} is forbidden: User "gungnir-local" cannot {about.verb} resource "{resource}" in API group '
            f'"{about.group}"{where}'
        )


@dataclass(frozen=True, slots=True)
class About:
    """What a request is about, as faults and the audit trail see it."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    user_agent: str = ""


@dataclass(slots=True)
class Faults:
    """Every fault now in force.

    Attributes:
        down: ``refuse`` closes the port and every connection, ``hang`` accepts connections and never answers.
        watches_silent: Open watches send no byte any more, bookmarks included, and new ones neither.
    """

    rules: list[Fault] = field(default_factory=list)
    down: Down = ""
    watches_silent: bool = False
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, **properties: Any) -> Fault:
        """Add a rule; see ``Fault`` for its properties.

        Raises:
            BadRequestError: A property does not exist.
        """
        known = {f.name for f in fields(Fault)} - {"id", "hits"}
        if unknown := sorted(set(properties) - known):
            raise BadRequestError(f"fault: unknown properties {unknown}: use {sorted(known)}")
        fault = Fault(**properties, id=next(self._ids))
        self.rules.append(fault)
        return fault

    def remove(self, fault_id: int) -> None:
        """Remove one rule."""
        self.rules = [fault for fault in self.rules if fault.id != fault_id]

    def clear(self) -> None:
        """Remove every rule and let watches speak; whether the server is down is the server's to change."""
        self.rules.clear()
        self.watches_silent = False

    def take(self, about: About) -> list[Fault]:
        """Return the rules that apply to a request and count it."""
        found = [fault for fault in self.rules if fault.matches(about)]
        for fault in found:
            fault.hits += 1
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the body of ``/_gungnir/faults``."""
        return {
            "rules": [asdict(fault) for fault in self.rules],
            "down": self.down,
            "watches_silent": self.watches_silent,
        }
