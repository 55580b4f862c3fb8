"""The part of ``.status`` that decisions are resumed from, by whichever operator leads.

Identity is (pod uid, run id, replid); a pod's name or address alone identifies nothing.
"""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, WithJsonSchema

from gungnir.api.model import ApiModel

_TIME: dict[str, Any] = {"format": "date-time"}
_MAX_INT64: Final = 2**63 - 1

Int64 = Annotated[int, Field(ge=-_MAX_INT64, le=_MAX_INT64), WithJsonSchema({"type": "integer", "format": "int64"})]
Epoch = Annotated[int, Field(ge=0, le=_MAX_INT64), WithJsonSchema({"type": "integer", "format": "int64", "minimum": 0})]
Offset = Int64
Instant = Annotated[str, Field(json_schema_extra=_TIME)]


class StatusModel(ApiModel):
    """Base of status models: a field of a newer release is ignored, not an error."""

    model_config = ConfigDict(extra="ignore")


class FailoverKind(StrEnum):
    """Why an epoch was begun."""

    BOOTSTRAP = "Bootstrap"
    """The first primary of an empty cluster."""
    FAILOVER = "Failover"
    """The primary was lost."""
    SWITCHOVER = "Switchover"
    """The primary hands over in good health."""
    RECOVERY = "Recovery"
    """A person named the pod to start from."""
    RELEASE = "Release"
    """A replica has been away for long: the role stays, and the others go on without counting on its return."""


class PrimaryStatus(StatusModel):
    """The pod that was promoted last, bound to its process."""

    pod: str
    """Pod name."""
    uid: str = ""
    """Pod uid."""
    run_id: str = ""
    """Valkey's run_id: the process that was promoted."""
    replid: str = ""
    """Replication id of the history that it writes."""
    epoch: Epoch = 0
    """Epoch in which it was promoted."""
    restarts: int = Field(default=-1, ge=-1, json_schema_extra={"format": "int32"})
    """Restart count of its container while this process ran; -1: not known."""
    written: bool = False
    """Its append-only file was seen to hold all of its data after its promotion; false: not known."""
    ip: str | None = None
    """Address at which it was promoted; for people."""


class Candidate(StatusModel):
    """The pod that this epoch promotes; frozen before the promotion, so that a successor repeats the same choice."""

    pod: str
    """Pod name."""
    uid: str = ""
    """Pod uid."""
    run_id: str = ""
    """Valkey's run_id: the process that was chosen."""
    history_epoch: Epoch = 0
    """Epoch of the history that its data belongs to."""
    offset: Offset = 0
    """Replication offset of its data, in bytes."""


class FailoverStatus(StatusModel):
    """The failover (or bootstrap, switchover, recovery) under way. Absent when there is none."""

    kind: FailoverKind
    """Why the epoch was begun."""
    phase: str
    """The step that a successor resumes with."""
    reason: str = ""
    """What was seen, in one word."""
    epoch: Epoch = 0
    """Epoch of this failover."""
    candidate: Candidate | None = None
    """The chosen pod; absent until the choice is frozen."""
    target: str | None = None
    """The pod that a person asked for, of a switchover or recovery."""
    previous: str | None = None
    """The primary before, by pod name."""
    started_at: Instant | None = None
    """When it began. For people: nothing decides by it."""
    evidence: str | None = None
    """What the decision rests on, in words."""


class HistoryStatus(StatusModel):
    """One history of the data: begun by the promotion in ``epoch``, out of ``parent``."""

    epoch: Epoch
    """Epoch whose promotion began it."""
    replid: str = ""
    """Replication id."""
    parent: Epoch = 0
    """Epoch of the history that it continues; 0 for none."""
    base_offset: Offset = 0
    """Offset, in bytes, at which it leaves its parent. A pod is of this history only once its data reaches that far."""


class MemberStatus(StatusModel):
    """A pod known to hold whole data, in one process incarnation."""

    pod: str
    """Pod name."""
    uid: str = ""
    """Pod uid."""
    run_id: str = ""
    """Valkey's run_id: restarted, the pod has to be seen whole again."""
    epoch: Epoch = 0
    """Epoch in which it was last seen whole."""


class AdmittedStatus(StatusModel):
    """A pod that counts before it was seen in sync, in the process that ran before it was told to follow."""

    pod: str
    """Pod name."""
    uid: str = ""
    """Pod uid."""
    run_id: str = ""
    """Valkey's run_id before it was told to follow; empty if nobody looked."""
    epoch: Epoch = 0
    """Epoch of the primary that it was admitted under. With data of an older history it has received nothing since."""


class Electorate(StatusModel):
    """Who may hold an acknowledged write: ``size`` pods, of which ``acks`` + 1 hold each write that WAIT confirmed."""

    size: int = Field(default=0, ge=0, json_schema_extra={"format": "int32"})
    """Pods that could acknowledge."""
    acks: int = Field(default=0, ge=0, json_schema_extra={"format": "int32"})
    """Replicas whose acknowledgement makes a write durable."""
