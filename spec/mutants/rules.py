"""The four rules that keep acknowledged writes, each dropped: every one must end with a primary that lacks one."""

from typing import Any, Final

from gungnir.machines import failover, selection
from gungnir.machines.record import Candidate, Record
from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Pods, Verb
from gungnir.machines.selection import Vote
from spec.models.failover import Model
from spec.models.scenes import deposed_and_counted, haunted_vote, lagging, led_astray
from spec.mutants import Mutant
from spec.world import Budget, Setup

LOST: Final = ("noAckedWriteLost",)
BASE: Final = Setup(Model("", Budget()).setup.facts)


def _offset_only(vote: Vote, _target: str, _leaving: str) -> tuple[Any, ...]:
    return (vote.offset, vote.run_id, vote.pod)


def _history_by_id_alone(record: Record, replid: str, _offset: int) -> int | None:
    history = record.history(replid)
    return None if history is None else history.epoch


def _anybody_votes(record: Record, answer: Answer, _uid: str) -> str:
    server = answer.server
    if answer.kind is not AnswerKind.DONE or server is None:
        return "no answer"
    return "" if selection.history_of(record, server.replid, server.offset) is not None else "its history is unknown"


def _promotion_of_any_process(record: Record, candidate: Candidate) -> Pods:
    return Pods((PodCommand(Verb.PROMOTE, candidate.pod, candidate.uid, record.epoch),))


MUTANTS: Final = (
    Mutant(
        "P1: a replica of an older epoch attaches",
        Model("p1", Budget(), led_astray, pods=4, acks=2, setup=BASE._replace(link_bound=False)),
        LOST,
    ),
    Mutant(
        "P2: the larger offset wins, whatever its history",
        Model("p2a", Budget(crash=1), deposed_and_counted),
        LOST,
        ((selection, "_rank", _offset_only),),
    ),
    Mutant(
        "P2: the replication id is taken for the history before the data has reached it",
        Model("p2b", Budget(crash=1), lagging),
        LOST,
        ((selection, "history_of", _history_by_id_alone),),
    ),
    Mutant(
        "P3: a restart forgets the fence",
        Model("p3", Budget(crash=1, write=1), haunted_vote, setup=BASE._replace(fence_survives=False)),
        LOST,
    ),
    Mutant(
        "P4: a pod that restarted votes by the id and offset of its snapshot",
        Model("p4a", Budget(crash=1, power=1, write=1), setup=BASE._replace(remembers_ids=True)),
        LOST,
        ((selection, "why_not", _anybody_votes),),
    ),
    Mutant(
        "P4: a promotion reaches another process than the one that voted",
        Model("p4b", Budget(crash=1, power=1, write=1)),
        LOST,
        ((failover, "_promotion", _promotion_of_any_process),),
    ),
)
