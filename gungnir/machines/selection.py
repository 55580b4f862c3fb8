"""Which pod is promoted: history before offset, offset before priority, priority before run id.

Rules
- Only a pod that was *seen whole* in this very process votes and can be chosen (``Record.members``): an emptied,
  foreign or half-loaded pod is not whole, whatever its offset says, and neither is one that a disk brought back.
  The answer to DETACH may show it, too: the process that was admitted has the history of a primary that it was told to
  follow since, and takes that over only with the answer to PSYNC or a copy that it has loaded.
- Nor does one vote that forgot where its data ends (``Server.forgot``): it says less than it acknowledged, or threw its
  data away. It is whole again once it is attached again.
- A pod counts as of a history only once its data has reached that history's base offset: ``master_replid`` is adopted
  early, at ``+CONTINUE``, while the data is still that of the parent history.
- Enough pods must have voted to meet every set of pods that WAIT may have counted: size - acks of the electorate.
- Or the very process that is recorded as primary has: what was confirmed in its epoch it holds itself, what was
  confirmed before it held when it was chosen, and nobody can confirm anything through it any more.
- Sentinel ranks priority above offset, and loses writes that WAIT acknowledged. Here priority only breaks ties.

What this does not decide: whether to fail over at all (evidence.py), and what to do when nobody may be chosen.
"""

from typing import NamedTuple

from gungnir.machines.record import Candidate, Electorate, Record
from gungnir.machines.requests import Answer, AnswerKind
from gungnir.machines.view import Server


class Vote(NamedTuple):
    """A whole pod that stopped following anyone, with the position of its data."""

    pod: str
    uid: str
    run_id: str
    history: int
    offset: int
    priority: int


class Ballot(NamedTuple):
    """All votes of an epoch, and for each pod that has none, why. ``blanks`` confirmed nothing: see ``is_blank``."""

    votes: tuple[Vote, ...]
    refusals: tuple[tuple[str, str], ...]
    blanks: tuple[str, ...] = ()


def history_of(record: Record, replid: str, offset: int) -> int | None:
    """Return the epoch of the history that data at (``replid``, ``offset``) belongs to, or None if it is foreign.

    Walks from the history with this replication id to its ancestors until the data has reached the base.
    """
    history = record.history(replid)
    while history is not None and offset < history.base:
        history = record.of_epoch(history.parent)
    return None if history is None else history.epoch


def divergence(record: Record, server: Server) -> int:
    """Return how many bytes this pod holds beyond the point at which the cluster left its history; 0 if none."""
    history = record.history(server.replid)
    if history is None:
        return 0
    children = [child.base for child in record.histories if child.parent == history.epoch]
    return max(0, server.offset - max(children)) if children else 0


def votes_needed(electorate: Electorate, blanks: int = 0) -> int:
    """Return how many pods must vote so that every write acknowledged by acks + 1 pods is held by one of them.

    With ``acks`` 0 (asynchronous, or a single pod) no copy was ever promised, so one vote is enough. Pods that
    confirmed nothing (``blanks``) are among no such acks + 1 pods, so they need not be asked.
    """
    return max(1, electorate.size - blanks - electorate.acks) if electorate.acks else 1


def why_not(record: Record, answer: Answer, uid: str) -> str:
    """Return why this answer to DETACH is not a vote; empty if it is one."""
    server = answer.server
    if answer.kind is not AnswerKind.DONE or server is None:
        return f"no answer ({answer.error or answer.kind.value})"
    if server.fence != record.epoch or not server.voting:
        return f"its fence is {server.fence}, not the vote of {record.epoch}"
    if server.primary or server.link_up:
        return "it still serves or follows"
    if server.loading or server.syncing:
        return "it is loading"
    if server.forgot:
        return "it forgot where its data ends"
    if not (record.is_member(answer.pod, uid, server.run_id) or _followed(record, answer.pod, uid, server)):
        return f"it was not in sync since it started{'' if server.keys else ', and holds no key'}{_lives_told(server)}"
    if history_of(record, server.replid, server.offset) is None:
        return "its history is unknown"
    return ""


def _lives_told(server: Server) -> str:
    """Return what its volume tells of earlier clusters, for the person who may have to choose."""
    return "".join(
        f"; in cluster {life.cluster} it knew epoch {life.epoch}"
        + (f" and was promoted in {life.promoted}" if life.promoted else "")
        for life in server.lives
    )


def is_blank(record: Record, answer: Answer, uid: str) -> bool:
    """Tell whether this pod provably acknowledged nothing that counts: admitted, and nothing received since.

    It is still the process that was admitted before it was told to follow. A server that never followed reports offset
    1 (replication.c, ``master_initial_offset``), and so does one that forgot what it received. One that did follow, and
    was forgotten before it was admitted again, has a history older than the primary that it was admitted under: it
    takes over that one's id with its answer to PSYNC.
    Keys that an old volume brought along, or a former epoch, are none of this electorate.
    """
    server = answer.server
    if answer.kind is not AnswerKind.DONE or server is None:
        return False
    admission, history = record.admission(answer.pod, uid, server.run_id), record.history(server.replid)
    if admission is None or server.forgot or _followed(record, answer.pod, uid, server):
        return False
    return server.offset <= 1 or (history is not None and history.epoch < admission.epoch)


def _followed(record: Record, pod: str, uid: str, server: Server) -> bool:
    """Tell whether the process that was admitted has the data of a primary that it may have been told to follow."""
    admission, history = record.admission(pod, uid, server.run_id), record.history(server.replid)
    return admission is not None and history is not None and 0 < admission.epoch <= history.epoch


def count(record: Record, answers: tuple[Answer, ...], uids: tuple[tuple[str, str], ...]) -> Ballot:
    """Turn the answers to DETACH into votes. ``uids`` are (pod name, uid) as the commands named them."""
    votes: list[Vote] = []
    blanks = tuple(answer.pod for answer, (_, uid) in zip(answers, uids, strict=True) if is_blank(record, answer, uid))
    refusals: list[tuple[str, str]] = []
    for answer, (_, uid) in zip(answers, uids, strict=True):
        reason = why_not(record, answer, uid)
        server = answer.server
        if reason or server is None:
            refusals.append((answer.pod, reason))
            continue
        history = history_of(record, server.replid, server.offset)
        votes.append(Vote(answer.pod, uid, server.run_id, history or 0, server.offset, server.priority))
    return Ballot(tuple(votes), tuple(refusals), blanks)


def better(left: Vote, right: Vote, target: str = "", leaving: str = "") -> bool:
    """Tell whether ``left`` is to be promoted rather than ``right``: a strict total order on distinct pods.

    Of two pods with the same data, the target wins, then whoever is not leaving, then the lower non-zero priority, then
    the run id.
    """
    return _rank(left, target, leaving) > _rank(right, target, leaving)


def _rank(vote: Vote, target: str, leaving: str) -> tuple[int, int, bool, bool, bool, int, str, str]:
    return (
        vote.history,
        vote.offset,
        vote.pod == target,
        vote.pod != leaving,
        vote.priority != 0,
        -vote.priority,
        vote.run_id,
        vote.pod,
    )


def best(votes: tuple[Vote, ...], target: str = "", leaving: str = "") -> Vote | None:
    """Return the vote that is better than all others, or None if there is none."""
    winner: Vote | None = None
    for vote in votes:
        if winner is None or better(vote, winner, target, leaving):
            winner = vote
    return winner


class Choice(NamedTuple):
    """Who is promoted, and by which rule: ``Quorum`` or ``PrimaryVoted``. Nobody, if no rule is sure of all writes."""

    candidate: Candidate | None
    rule: str = ""


def elect(record: Record, ballot: Ballot, target: str = "", leaving: str = "") -> Choice:
    """Return the candidate of this ballot, or nobody if it is not sure that every acknowledged write is among it."""
    winner = best(ballot.votes, target, leaving)
    if winner is None:
        return Choice(None)
    if len(ballot.votes) >= votes_needed(record.electorate, len(ballot.blanks)):
        return Choice(candidate_of(winner), "Quorum")
    if primary_voted(record, ballot, winner):
        return Choice(candidate_of(winner), "PrimaryVoted")
    return Choice(None)


def primary_voted(record: Record, ballot: Ballot, winner: Vote) -> bool:
    """Tell whether the recorded primary's own process voted, and holds as much of its history as the winner.

    One that holds less than a replica of it was made to follow somebody by hand: its word is one of many then.
    """
    primary = record.primary
    if primary is None:
        return False
    own = (vote for vote in ballot.votes if vote.run_id == primary.run_id and vote.history == primary.epoch)
    return any((vote.history, vote.offset) == (winner.history, winner.offset) for vote in own)


def candidate_of(vote: Vote) -> Candidate:
    """Return the candidate that a vote stands for."""
    return Candidate(vote.pod, vote.uid, vote.run_id, vote.history, vote.offset)


def holds_nothing(server: Server | None) -> bool:
    """Tell whether this server has no keys at all."""
    return server is not None and server.keys == 0
