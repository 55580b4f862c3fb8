"""Values of the machines, built from numbers and truth values."""

from typing import cast

from gungnir.machines.facts import Facts
from gungnir.machines.record import Electorate, History, Intent, Kind, Member, Primary, Record, Stage
from gungnir.machines.requests import Answer, AnswerKind
from gungnir.machines.selection import Vote
from gungnir.machines.view import Contact, PodView, Server

HERE, UID, RUN = "c-0", "uid-0", "run-0"
EPOCH = 5
"""The epoch of ``record``."""
FORK = 7
"""The offset at which its history ``a`` left history ``b``."""
FACTS = Facts("c", "uid-c", 3, 1, persistent=True, down_after_ms=3, refusals_for_death=3)


def as_name(number: int) -> str:
    """Return a number in place of a name, for code that only compares names: then the claim is for every name."""
    return cast("str", number)


def vote(pod: int, history: int, offset: int, priority: int, run_id: int = 0) -> Vote:
    """Return the vote of a pod, whose name and run id are numbers."""
    return Vote(as_name(pod), "", as_name(run_id), history, offset, priority)


def server(
    *,
    primary: bool = False,
    offset: int = 9,
    fence: int = 5,
    link_up: bool = False,
    last_io_s: int = 0,
    syncing: bool = False,
    loading: bool = False,
) -> Server:
    """Return the reading of a pod that voted in epoch 5, but for what is said otherwise."""
    return Server(
        RUN, primary, "a", "", -1, offset, fence, "ip-1", link_up, last_io_s, syncing, loading, 1, 0, voting=True
    )


def pod(contact: Contact, reading: Server | None, *, deleting: bool = False, silent_ms: int = 0) -> PodView:
    """Return the pod that is recorded as primary."""
    return PodView(HERE, UID, "ip-0", deleting, False, contact, 0, silent_ms, "", reading)


def record(epoch: int = 5, size: int = 3, acks: int = 1) -> Record:
    """Return a record in which pod 0 is the primary of history 4, ``a``, begun at offset 7 out of history 2, ``b``."""
    return Record(
        epoch,
        Primary(HERE, UID, RUN, "a", 4),
        None,
        (History(2, "b", 0, 0), History(4, "a", 2, 7)),
        (Member(HERE, UID, RUN),),
        Electorate(size, acks),
    )


def under_way(epoch: int, size: int, acks: int) -> Record:
    """Return that record with a failover under way."""
    return record(epoch, size, acks)._replace(intent=Intent(Kind.FAILOVER, Stage.FENCING, "PodGone"))


def answer(reading: Server | None, kind: AnswerKind = AnswerKind.DONE) -> Answer:
    """Return how pod 0 answered."""
    return Answer(HERE, kind, reading)
