"""Wrong versions of the machines' functions, one guard or step each. The explorer must find every one."""

from typing import Any, Final

from gungnir.machines import epochs, failover, recovery, selection
from gungnir.machines.facts import Facts
from gungnir.machines.failover_table import Phase
from gungnir.machines.kernel import Step
from gungnir.machines.record import Candidate, Electorate, Kind, Record
from gungnir.machines.requests import Conflict, PutService, Reply, Stored, Unknown
from gungnir.machines.selection import Ballot, Vote
from spec.models.failover import Model
from spec.models.scenes import lagging
from spec.mutants import Mutant
from spec.world import Budget, record_version

LOST: Final = "noAckedWriteLost"

_claim, _promoted, _freeze, _record, _intend = (
    epochs.claim,
    epochs.promoted,
    failover._freeze,  # noqa: SLF001 - a mutant replaces what nobody else may call
    failover._record,  # noqa: SLF001 - same
    failover._intend,  # noqa: SLF001 - same
)


def _one_vote(_electorate: Electorate, _blanks: int = 0) -> int:
    return 1


def _worst(votes: tuple[Vote, ...], _target: str = "", _leaving: str = "") -> Vote | None:
    return min(votes, key=lambda vote: (vote.history, vote.offset), default=None)


def _shortest_offset(vote: Vote, _target: str, _leaving: str) -> tuple[Any, ...]:
    return (vote.history, -vote.offset, vote.run_id)


def _same_epoch(record: Record, facts: Facts, kind: Kind, reason: str, target: str) -> Record:
    return _claim(record, facts, kind, reason, target)._replace(epoch=max(1, record.epoch))


def _two_epochs(record: Record, facts: Facts, kind: Kind, reason: str, target: str) -> Record:
    after = _claim(record, facts, kind, reason, target)
    return after._replace(epoch=after.epoch + 1)


def _base_zero(*arguments: Any) -> Record:
    after = _promoted(*arguments)
    return after._replace(histories=tuple(history._replace(base=0) for history in after.histories))


def _as_stored(state: failover.State, reply: Reply, unknown: type) -> Reply:
    return Stored(record_version(state.record)) if isinstance(reply, unknown) else reply


def _freeze_unknown(facts: Facts, state: failover.State, reply: Reply) -> Step[failover.State]:
    return _freeze(facts, state, _as_stored(state, reply, Unknown))


def _record_unknown(facts: Facts, state: failover.State, reply: Reply) -> Step[failover.State]:
    return _record(facts, state, _as_stored(state, reply, Unknown))


def _intend_conflict(facts: Facts, state: failover.State, reply: Reply) -> Step[failover.State]:
    return _intend(facts, state, _as_stored(state, reply, Conflict))


def _intend_unknown(facts: Facts, state: failover.State, reply: Reply) -> Step[failover.State]:
    return _intend(facts, state, _as_stored(state, reply, Unknown))


def _to_the_former(state: failover.State) -> PutService:
    intent = state.record.intent
    return PutService(state.service, "" if intent is None else intent.previous, state.record.epoch)


def _any_votes_will_do(_record: Record, ballot: Ballot, target: str = "", leaving: str = "") -> Candidate | None:
    winner = selection.best(ballot.votes, target, leaving)
    return None if winner is None else selection.candidate_of(winner)


def _handlers(phase: Phase, handler: Any) -> tuple[Any, str, Any]:
    return (failover, "_HANDLERS", {**failover._HANDLERS, phase: handler})  # noqa: SLF001 - as above


def _whole_by_its_disk(*arguments: Any) -> Any:
    record, pods = arguments[1], arguments[2]
    return next((pod for pod in pods if record.primary is not None and pod.name == record.primary.pod), None)


_LOSSY: Final = Model("", Budget(crash=1, message=1, write=1))
_POWER: Final = Model("", Budget(crash=1, power=1, write=1))
_CRASH: Final = Model("", Budget(crash=1, write=1))

_FENCE: Final = (LOST, "fenceBeforeSelect")
_UNKNOWN: Final = ("unknownIsNotSuccess",)
_EPOCH: Final = ("serviceConsistency", "candidateFrozen", LOST)
_DISK: Final = (LOST, "noEmptyMasterPromoted")

MUTANTS: Final = (
    Mutant("one vote is enough", _LOSSY, _FENCE, ((selection, "votes_needed", _one_vote),)),
    Mutant("any number of votes is enough", _LOSSY, _FENCE, ((failover, "elect", _any_votes_will_do),)),
    Mutant("the worst vote wins", _CRASH, (LOST,), ((selection, "best", _worst),)),
    Mutant("the shorter offset wins", _CRASH, (LOST,), ((selection, "_rank", _shortest_offset),)),
    Mutant("a failover keeps the epoch", _CRASH, _EPOCH, ((epochs, "claim", _same_epoch),)),
    Mutant("a failover skips an epoch", _CRASH, ("noDoubleFailover",), ((epochs, "claim", _two_epochs),)),
    Mutant("a history begins at 0", _CRASH._replace(scene=lagging), (LOST,), ((epochs, "promoted", _base_zero),)),
    Mutant("unknown is taken as frozen", _LOSSY, _UNKNOWN, (_handlers(Phase.FREEZE, _freeze_unknown),)),
    Mutant("unknown is taken as recorded", _LOSSY, _UNKNOWN, (_handlers(Phase.RECORD, _record_unknown),)),
    Mutant("unknown is taken as claimed", _LOSSY, _UNKNOWN, (_handlers(Phase.INTEND, _intend_unknown),)),
    Mutant(
        "a conflict is taken as claimed",
        _CRASH._replace(operators=2),
        ("noConcurrentUpdates",),
        (_handlers(Phase.INTEND, _intend_conflict),),
    ),
    Mutant("the former primary is routed", _CRASH, ("serviceConsistency",), ((failover, "_routing", _to_the_former),)),
    Mutant("a disk is taken for whole data", _POWER, _DISK, ((recovery, "_restored_primary", _whole_by_its_disk),)),
)
