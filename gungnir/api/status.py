"""``.status`` of a ValkeyCluster: the operator's durable record, written by compare-and-swap on resourceVersion.

Rules:
- Decisions are resumed from ``epoch``, ``primary``, ``failover``, ``histories``, ``members``, ``admitted``,
  ``leftOut`` and ``electorate``; all else is shown to people and may be lost.
- Every field is optional on the wire, so that a fresh object and one of an older release can be read. Fields of a newer
  release are ignored.
- Instants are RFC 3339 (``instant.py``), offsets are bytes of the replication stream.
"""

from typing import Any, Literal

from pydantic import Field, computed_field

from gungnir.api.model import FrozenMap
from gungnir.api.record_status import (
    AdmittedStatus,
    Electorate,
    Epoch,
    FailoverKind,
    FailoverStatus,
    HistoryStatus,
    Instant,
    Int64,
    MemberStatus,
    Offset,
    PrimaryStatus,
    StatusModel,
)


def _map_of(*keys: str) -> dict[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class CredentialsStatus(StatusModel):
    """Which credentials the pods have, without revealing them."""

    fingerprint: str
    """Hash of the Secret's operator key: the pods refuse commands derived from another one."""


class SwitchoverStatus(StatusModel):
    """The last switchover that was asked for by annotation, and what became of it."""

    request: str
    """The annotation's value: a pod name or ``any``."""
    outcome: str | None = None
    """Running, Succeeded, Refused or Aborted."""
    message: str | None = None
    """Why, in words."""
    finished_at: Instant | None = None
    """When it ended."""


class NodeStatus(StatusModel):
    """What was last seen of one pod. For people."""

    pod: str
    """Pod name."""
    role: str = ""
    """primary, replica, or empty while unknown."""
    link: str = ""
    """Replication link: up, down, or empty on a primary."""
    offset: Offset | None = None
    """Replication offset in bytes, rounded down so that idle traffic writes no status."""
    lag_bytes: Offset | None = None
    """Bytes behind the primary."""
    state: str = ""
    """Attached, Syncing, Loading, Fenced, Silent, Dead, ..."""


class LastFailover(StatusModel):
    """The last failover that ended: what was seen, what was decided on which operands, how long it took."""

    kind: FailoverKind
    """Why the epoch was begun."""
    from_: str | None = Field(default=None, alias="from")
    """The primary before."""
    to: str | None = None
    """The primary after."""
    epoch: Epoch = 0
    """Its epoch."""
    reason: str = ""
    """What was seen, in one word."""
    evidence: str = ""
    """What the decision rests on, in words."""
    verdict: str = ""
    """The rule that allowed the choice."""
    operands: FrozenMap[str] = FrozenMap()
    """The values that the verdict was computed from."""
    started_at: Instant | None = None
    """When it began."""
    finished_at: Instant | None = None
    """When the client Service led to the new primary."""
    duration_ms: Int64 | None = None
    """Milliseconds between the two."""


class Condition(StatusModel):
    """A condition in the Kubernetes convention."""

    type: str
    """What it is about."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: str = ""
    """Stable word for programs."""
    message: str = ""
    """Sentence for people."""
    last_transition_time: Instant | None = None
    """When the status last changed."""
    observed_generation: Int64 | None = None
    """metadata.generation that it was computed from."""


class ValkeyClusterStatus(StatusModel):
    """What the operator recorded and last saw."""

    observed_generation: Int64 = 0
    """metadata.generation that was last acted on."""
    phase: str | None = None
    """One word for people, such as Running, Degraded, FailingOver or Blocked. Decisions never read it."""
    message: str | None = None
    """One sentence for people."""
    epoch: Epoch = 0
    """Number of the last failover begun. Raised before anything else is done, and never lowered."""
    primary: PrimaryStatus | None = None
    """The pod that was promoted last."""
    failover: FailoverStatus | None = None
    """The failover under way."""
    histories: tuple[HistoryStatus, ...] = Field(default=(), json_schema_extra=_map_of("epoch"))
    """Histories of the data, by the epoch that began them."""
    members: tuple[MemberStatus, ...] = Field(default=(), json_schema_extra=_map_of("pod"))
    """Pods known to hold whole data."""
    admitted: tuple[AdmittedStatus, ...] = Field(default=(), json_schema_extra=_map_of("pod"))
    """Pods that were told to follow and not seen in sync yet, with the process that ran before they were told."""
    left_out: tuple[str, ...] = Field(default=(), json_schema_extra={"x-kubernetes-list-type": "set"})
    """Pods that may not follow in this epoch, because they did not answer when it began: until they do."""
    electorate: Electorate | None = None
    """Who may hold an acknowledged write."""
    credentials: CredentialsStatus | None = None
    """Which credentials the pods have."""
    switchover: SwitchoverStatus | None = None
    """The last switchover asked for."""
    replicas: int = Field(default=0, ge=0, json_schema_extra={"format": "int32"})
    """Pods that exist."""
    ready_replicas: int = Field(default=0, ge=0, json_schema_extra={"format": "int32"})
    """Pods that are ready: the primary, and replicas with a healthy link."""
    selector: str | None = None
    """Label selector of the pods, for the scale subresource."""
    nodes: tuple[NodeStatus, ...] = Field(default=(), json_schema_extra=_map_of("pod"))
    """What was last seen of each pod."""
    last_failover: LastFailover | None = None
    """The last failover that ended."""
    conditions: tuple[Condition, ...] = Field(default=(), json_schema_extra=_map_of("type"))
    """Ready, Progressing, Degraded, Blocked, DataAtRisk and others, each with a stable reason."""

    @computed_field  # type: ignore[prop-decorator]  # mypy does not model decorators above property
    @property
    def master_pod(self) -> str | None:
        """The primary's pod name, under the name that the original Gungnir used."""
        return self.primary.pod if self.primary else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def current_master(self) -> str | None:
        """The primary's pod name, under the other name that the original Gungnir used."""
        return self.primary.pod if self.primary else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def ready(self) -> str:
        """Ready pods of all pods, as ``2/3``, for ``kubectl get``."""
        return f"{self.ready_replicas}/{self.replicas}"

    def condition(self, condition_type: str) -> Condition | None:
        """Return the condition of this type, or None if it was never set."""
        return next((condition for condition in self.conditions if condition.type == condition_type), None)
