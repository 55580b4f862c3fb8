"""``python -m spec.replay TRACE.jsonl``: take every step of a live trace again, with the functions that took it.

The same replies must lead the same machines to the same triggers, phases and requests. What is observed must be what
the models observe (``spec.observations``), and go together: no line is missing, two readings of one version are the
same, and the fence of a process, or its offset within a history, never falls. What the trace says of the durable record
must hold what the predicates of the checked world say of it. The first line that differs is printed.

``--edited NAMESPACE/NAME``: somebody did there what operators do, edited its status or commanded its pods, so nothing
is asked of what is observed of it.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from gungnir.errors import UserError
from gungnir.machines import failover, reconcile, repair, scale_down, switchover
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import IllegalTransition, Step
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    Answers,
    ClusterSeen,
    Conflict,
    GetOwned,
    OwnedSeen,
    Pods,
    PutRecord,
    PutService,
    PutTemplate,
    Reply,
    Seen,
    ServiceSeen,
    Stored,
    TemplateSeen,
    Unknown,
    Verb,
    Version,
)
from gungnir.machines.safety import candidate_frozen, electorate_sound
from gungnir.machines.view import Server, View
from spec.observations import unknown
from spec.trace import StepLine, lines

Taken = Callable[[Facts, Any, Reply], Step[Any]]
MACHINES: Final[dict[str, tuple[Callable[[], Step[Any]], Taken]]] = {
    "failover": (failover.start, failover.step),
    "repair": (repair.start, repair.step),
    "switchover": (switchover.start, switchover.step),
    "scale-down": (scale_down.start, scale_down.step),
    "reconcile": (lambda: reconcile.start((), 0), reconcile.step),
}


class DivergenceError(UserError):
    """A line of a trace is not what the machines do, or breaks a predicate. The text names the line and both sides."""


class Replayed(NamedTuple):
    """How much of a trace was taken again: steps, rounds, and lines that belong to no round that began in it."""

    steps: int
    rounds: int
    skipped: int


class _Cluster:
    """Where the replay of one cluster stands: the round under way, and the record as last stored or read."""

    def __init__(self, *, edited: bool) -> None:
        self.edited = edited
        self.facts: Facts | None = None
        self.machine = ""
        self.current: Step[Any] | None = None
        self.record: Record | None = None
        self.frozen: set[tuple[int, str, str]] = set()
        self.versions: dict[tuple[str, Version], object] = {}
        self.read: dict[str, Server] = {}
        """The last reading of each process."""


def replay(texts: Iterable[str], edited: Collection[str] = ()) -> Replayed:
    """Replay a trace.

    Args:
        texts: Its lines.
        edited: Clusters of which somebody changed the status or the pods by hand, as an operator does.

    Raises:
        TraceError: a line cannot be understood.
        DivergenceError: a step is another one than the machines take, or the record breaks a predicate.
    """
    clusters: dict[str, _Cluster] = {}
    steps = rounds = skipped = place = 0
    for line in lines(texts):
        if line.place == 1:
            for ended in clusters.values():
                ended.current = None  # Another process: it begins with rounds of its own.
        elif place and line.place != place + 1:
            raise DivergenceError(f"line {line.number}: the process wrote {line.place} after {place}")
        place = line.place
        if not isinstance(line, StepLine):
            continue
        cluster = clusters.setdefault(line.cluster, _Cluster(edited=line.cluster in edited))
        if line.facts is not None:
            _begin(cluster, line)
            rounds += 1
        if cluster.current is None or cluster.machine != line.machine:
            if steps:
                raise DivergenceError(f"line {line.number}: a step of {line.machine} outside a round")
            skipped += 1  # The trace was begun, or goes on, in the middle of a round.
            continue
        _take(cluster, line)
        _hold_readings(cluster, line)
        if not cluster.edited:
            _hold(cluster, line)
        steps += 1
    return Replayed(steps, rounds, skipped)


def _begin(cluster: _Cluster, line: StepLine) -> None:
    if line.machine not in MACHINES:
        raise DivergenceError(f"line {line.number}: there is no machine {line.machine!r}")
    first = MACHINES[line.machine][0]()
    if cluster.facts is not None and line.facts is not None and cluster.facts.uid != line.facts.uid:
        cluster.record, cluster.frozen = None, set()  # The cluster was deleted, and one of its name was made.
    cluster.facts, cluster.machine = line.facts, line.machine
    cluster.current = first._replace(state=first.state._replace(**dict(line.start)))
    if line.machine == "reconcile" and cluster.current.state.kinds:
        cluster.current = reconcile.start(cluster.current.state.kinds, cluster.current.state.epoch)


def _take(cluster: _Cluster, line: StepLine) -> None:
    before, facts = cluster.current, cluster.facts
    if before is None or facts is None:
        raise DivergenceError(f"line {line.number}: no round is under way")
    _same(line, "request", line.sent, before.request)
    for aspect in () if cluster.edited else unknown(line.machine, before.state, line.reply):
        raise DivergenceError(f"line {line.number}: {line.machine}: no model observes this: {aspect}")
    try:
        after = MACHINES[line.machine][1](facts, before.state, line.reply)
    except IllegalTransition as error:
        raise DivergenceError(f"line {line.number}: {error}") from error
    _same(line, "trigger", line.trigger, str(after.trigger))
    _same(line, "phase", line.phase, str(after.state.phase))
    _same(line, "detail", line.detail, after.state.detail)
    if isinstance(before.request, PutRecord) and isinstance(line.reply, (Unknown, Conflict)) and after.request:
        raise DivergenceError(f"line {line.number}: the round goes on after {type(line.reply).__name__}")
    cluster.current = after if after.request is not None else None


def _same(line: StepLine, what: str, traced: object, taken: object) -> None:
    if type(traced) is not type(taken) or traced != taken:
        raise DivergenceError(f"line {line.number}: {line.machine}: the trace has the {what} {traced!r}, not {taken!r}")


def _hold_readings(cluster: _Cluster, line: StepLine) -> None:
    """Hold what is read against what was read before: of the same version, and of the same process."""
    if isinstance(line.sent, Pods) and isinstance(line.reply, Answers):
        asked, answered = [each.pod for each in line.sent.commands], [each.pod for each in line.reply.answers]
        if asked != answered:
            raise DivergenceError(f"line {line.number}: {asked} were asked, and {answered} answered")
    for what, version, content in _contents(line):
        if cluster.versions.setdefault((what, version), content) != content:
            raise DivergenceError(f"line {line.number}: version {version} of the {what} was another one: {content}")
    for server in _servers(line.reply):
        former = cluster.read.get(server.run_id, server)
        if (server.fence, not server.voting) < (former.fence, not former.voting):
            raise DivergenceError(f"line {line.number}: the fence of {server.run_id} fell below {former.fence}")
        if server.replid == former.replid and server.offset < former.offset and not server.forgot:
            raise DivergenceError(f"line {line.number}: the offset of {server.run_id} fell below {former.offset}")
        cluster.read[server.run_id] = server


def _contents(line: StepLine) -> Iterator[tuple[str, Version, object]]:
    """Yield what a line shows of an object at a version, as (what of it, the version, what it is)."""
    match line.sent, line.reply:
        case _, ClusterSeen(version, record):
            yield "record", version, record
            yield "ValkeyCluster", version, line.reply[2:]
        case PutRecord(record=record), Stored(version):
            yield "record", version, record
        case _, ServiceSeen(version, pod, epoch):
            yield "client Service", version, (pod, epoch)
        case PutService(pod=pod, epoch=epoch), Stored(version):
            yield "client Service", version, (pod, epoch)
        case _, TemplateSeen(version, epoch):
            yield "template", version, epoch
        case PutTemplate(epoch=epoch), Stored(version):
            yield "template", version, epoch
        case GetOwned(kind), OwnedSeen(version, ours, deleting, epoch=epoch):
            yield kind, version, (ours, deleting, epoch)
        case _:
            return


def _servers(reply: Reply) -> Iterator[Server]:
    """Yield the readings of servers in a reply."""
    found: list[Server | None] = []
    if isinstance(reply, Seen):
        found = [pod.server for pod in reply.view.pods]
    elif isinstance(reply, Answers):
        found = [answer.server for answer in reply.answers]
    yield from (server for server in found if server is not None)


def _hold(cluster: _Cluster, line: StepLine) -> None:
    """Hold what a line says of the record against the predicates of the checked world that need no more than that."""
    _hold_commands(cluster, line)
    now = _record_of(line)
    if now is None:
        return
    was, cluster.record = cluster.record, now
    if was is not None and now.epoch < was.epoch:
        raise DivergenceError(f"line {line.number}: epochMonotone: the record went from {was.epoch} to {now.epoch}")
    for name, predicate in (("candidateFrozen", candidate_frozen), ("electorateSound", electorate_sound)):
        text = predicate(now, View(()))
        if text:
            raise DivergenceError(f"line {line.number}: {name}: {text}")
    old, new = _candidate(was), _candidate(now)
    if was is not None and was.epoch == now.epoch and old is not None and now.intent is not None and new != old:
        raise DivergenceError(f"line {line.number}: candidateFrozen: the candidate of epoch {now.epoch} became {new}")
    if now.intent is not None and now.intent.candidate is not None:
        cluster.frozen.add((now.epoch, now.intent.candidate.pod, now.intent.candidate.run_id))


def _hold_commands(cluster: _Cluster, line: StepLine) -> None:
    if not isinstance(line.sent, Pods) or cluster.record is None:
        return
    for command in line.sent.commands:
        if command.verb is not Verb.READ and command.epoch > cluster.record.epoch:
            raise DivergenceError(f"line {line.number}: failoverIntentDurable: {command} before its epoch is stored")
        if command.verb is Verb.PROMOTE and (command.epoch, command.pod, command.run_id) not in cluster.frozen:
            raise DivergenceError(f"line {line.number}: failoverIntentDurable: {command.pod} was never frozen")


def _record_of(line: StepLine) -> Record | None:
    """Return the record as this line shows that it is stored; a cache (``Seen``) may be behind and shows nothing."""
    match line.sent, line.reply:
        case PutRecord(record=record), Stored():
            return record
        case _, ClusterSeen(record=record):
            return record
        case _:
            return None


def _candidate(record: Record | None) -> object:
    return None if record is None or record.intent is None else record.intent.candidate


def main(arguments: list[str]) -> int:
    """Replay the traces that are named; return 1 if one of them differs."""
    parser = argparse.ArgumentParser(prog="python -m spec.replay", description=__doc__)
    parser.add_argument("traces", nargs="+", metavar="TRACE.jsonl", help="what `gungnir run --trace-file` wrote")
    parser.add_argument("--edited", action="append", default=[], metavar="NAMESPACE/NAME", help="see above")
    options = parser.parse_args(arguments)
    for name in options.traces:
        try:
            with Path(name).open(encoding="utf-8") as file:
                done = replay(file, options.edited)
        except (UserError, OSError) as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 1
        sys.stdout.write(f"{name}: {done.steps} steps in {done.rounds} rounds are those of the machines")
        sys.stdout.write(f"; {done.skipped} belong to a round that began before\n" if done.skipped else "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
