"""What a round may start from: a cluster of three that serves, with one thing changed, or two.

Pod 0 is primary of epoch 1, the others follow it. Names say what is changed; ``resumed`` ones have a failover recorded.
"""

from collections.abc import Iterator
from typing import Final

from gungnir.machines import epochs, failover, repair, scale_down, switchover
from gungnir.machines.facts import Facts
from gungnir.machines.record import Candidate, Intent, Kind, Record, Stage
from gungnir.machines.requests import Seen
from gungnir.machines.switchover import ANY, REQUESTED
from gungnir.machines.view import Contact, PodView, Server, View
from spec.environment.anybody import Start
from spec.environment.observation import seen
from spec.models.scenes import serving
from spec.world import CLUSTER, Setup, pod_name

FACTS: Final = Facts(CLUSTER, "uid-c", 3, 1, persistent=True, catch_up_ms=5)
SMALLER: Final = FACTS._replace(size=2)
"""As after a scale-down was asked for: pod 2 is to go."""
_SETUP: Final = Setup(FACTS, counters_in_view=True)
FIRST, SECOND, THIRD = (pod_name(index) for index in range(3))


ASKED: Final = frozenset(
    {
        "all is well",
        "the primary refuses",
        "the primary answers with errors",
        "the primary leaves",
        "the operator slept, and the primary refuses",
        "pod 2 is away",
    }
)
"""What may be seen while a handover is asked for."""
THOROUGH: Final = frozenset(
    {
        "a first start",
        "resumed: fencing",
        "resumed: promoting",
        "resumed: reconfiguring",
    }
)
"""Rounds of the failover machine in which every reply may come."""


def changed(view: View, name: str, **fields: object) -> View:
    """Return the view with fields of one pod changed."""
    return view._replace(pods=tuple(pod._replace(**fields) if pod.name == name else pod for pod in view.pods))  # type: ignore[arg-type]


def read(view: View, name: str, **fields: object) -> View:
    """Return the view with fields of what one server reads changed."""
    pod = view.pod(name)
    server = None if pod is None else pod.server
    return view if server is None else changed(view, name, server=server._replace(**fields))  # type: ignore[arg-type]


def without(view: View, name: str) -> View:
    """Return the view without a pod."""
    return view._replace(pods=tuple(pod for pod in view.pods if pod.name != name))


def refusing(view: View, name: str, times: int = FACTS.refusals_for_death) -> View:
    """Nothing listens at this pod, and so often it was tried."""
    return changed(view, name, contact=Contact.REFUSED, refusals=times, server=None)


def silent(view: View, name: str, for_ms: int = FACTS.down_after_ms) -> View:
    """Nothing was heard of this pod for so long."""
    return changed(view, name, contact=Contact.SILENT, silent_ms=for_ms)


def unlinked(view: View) -> View:
    """No replica is attached."""
    return read(read(view, SECOND, link_up=False), THIRD, link_up=False)


def away(view: View) -> View:
    """Pod 2 has been gone for long, and the primary has noticed."""
    lost = read(refusing(view, THIRD), FIRST, good=1, linked=1)
    return lost._replace(away=((THIRD, FACTS.release_after_ms),))


def _server(view: View, name: str) -> Server:
    pod = view.pod(name)
    if pod is None or pod.server is None:
        raise ValueError(f"{name} was not read")
    return pod.server


def _views(view: View) -> Iterator[tuple[str, View]]:
    """Yield what may be seen of a primary at pod 0."""
    dead = refusing(view, FIRST)
    yield "all is well", view
    yield "the primary refuses", dead
    yield "the primary refused once", refusing(view, FIRST, 1)
    yield "the primary is silent", silent(view, FIRST)
    yield "the primary is silent for a moment", silent(view, FIRST, 1)
    yield "the primary answers with errors", changed(view, FIRST, contact=Contact.ERROR, error="LOADING")
    yield "the primary's pod is gone", without(view, FIRST)
    yield "the primary's pod is another one", changed(view, FIRST, uid="another")
    yield "the primary's process is another one", read(view, FIRST, run_id="another")
    yield "the primary leaves", changed(view, FIRST, deleting=True)
    yield "the primary leaves, and nobody is in sync", changed(unlinked(view), FIRST, deleting=True)
    leaving = changed(changed(view, FIRST, deleting=True), SECOND, deleting=True)
    yield "the primary and pod 1 leave, and pod 2 is away", away(leaving)
    yield "the operator slept, and the primary refuses", dead._replace(stalled=True)
    yield "the primary refuses, and pod 1 leaves", changed(dead, SECOND, deleting=True)
    yield "pod 2 is away", away(view)


class _Cluster:
    """The records and views of one serving cluster."""

    def __init__(self) -> None:
        world = serving(_SETUP)
        told: Seen = seen(_SETUP, world, 0, world.api.record)
        self.record, self.view = told.record, told.view
        second = self.view.pod(SECOND)
        if second is None:
            raise ValueError("the cluster does not serve")
        self.second: PodView = second
        self.candidate = Candidate(SECOND, second.uid, _server(self.view, SECOND).run_id, 1, 1)

    def begun(self, kind: Kind, reason: str, target: str = "") -> Record:
        """A failover was recorded, and no candidate yet."""
        return epochs.claim(self.record, FACTS, kind, reason, target)

    def promoting(self) -> Record:
        """Pod 1 is the candidate."""
        return epochs.freeze(self.begun(Kind.FAILOVER, "ConnectionRefused"), self.candidate, "Quorum")

    def reconfiguring(self) -> tuple[Record, View]:
        """Pod 1 was promoted and recorded."""
        record = epochs.promoted(self.promoting(), FACTS, self.candidate, "new", 0)
        view = read(self.view, SECOND, primary=True, link_up=False, fence=record.epoch, replid="new", follows="")
        return record, refusing(view, FIRST)

    def led_by_the_last(self) -> tuple[Record, View]:
        """Pod 2 is the primary, of the same epoch, and the others follow it."""
        third, recorded = self.view.pod(THIRD), self.record.primary
        if third is None or recorded is None:
            raise ValueError("the cluster does not serve")
        run_id = _server(self.view, THIRD).run_id
        record = self.record._replace(primary=recorded._replace(pod=THIRD, uid=third.uid, run_id=run_id))
        view = read(self.view, THIRD, primary=True, follows="", link_up=False)
        for name in (FIRST, SECOND):
            view = read(view, name, primary=False, follows=third.address, link_up=True)
        return record, view


def failover_starts() -> Iterator[Start]:
    """Yield every round of the failover machine that may begin."""
    cluster = _Cluster()
    record, view = cluster.record, cluster.view
    dead = refusing(view, FIRST)
    for what, shown in _views(view):
        yield _failover(what, record, shown)
        if what in ASKED:
            yield _failover(f"{what}; asked for any", record, shown, asked=ANY)
    yield _failover("all is well; asked for pod 1", record, view, SECOND, SECOND)
    yield _failover("pod 2 is another one, and all are in sync", record, changed(view, THIRD, uid="another"))
    yield _failover("the primary refuses, pod 2 is to go", record, dead, facts=SMALLER)
    yield _failover("the primary refuses, pod 2 was left out", record._replace(left_out=(THIRD,)), dead)
    quiet = silent(read(view, THIRD, link_up=False), FIRST)
    yield _failover("the primary is silent, pod 2 was left out", record._replace(left_out=(THIRD,)), quiet)
    yield _failover("a first start", Record(), view)
    yield _failover("a first start, pod 2 is missing", Record(), refusing(view, THIRD, 1))
    first = epochs.claim(Record(), FACTS, Kind.BOOTSTRAP, "NoPrimaryYet", "")
    yield _failover("resumed: a first start, pod 2 is missing", first, refusing(view, THIRD, 1))
    fencing = cluster.begun(Kind.FAILOVER, "ConnectionRefused")
    yield from _resumed_starts(cluster, fencing)


def _resumed_starts(cluster: _Cluster, fencing: Record) -> Iterator[Start]:
    """Yield every round that goes on with a failover that is recorded."""
    view, dead = cluster.view, refusing(cluster.view, FIRST)
    asked = cluster.begun(Kind.SWITCHOVER, REQUESTED, SECOND)
    leaving = cluster.begun(Kind.SWITCHOVER, "PodTerminating")
    yield _failover("resumed: fencing", fencing, dead)
    yield _failover("resumed: fencing, and the primary is well again", fencing, view)
    yield _failover("resumed: fencing, and the primary is silent", fencing, silent(view, FIRST))
    yield _failover("resumed: a handover to pod 1 as asked for", asked, view)
    yield _failover("resumed: a handover to pod 1 as asked for, and the primary refuses", asked, dead)
    gone = without(view, FIRST)
    yield _failover("resumed: a handover to pod 1 as asked for, and the primary's pod is gone", asked, gone)
    yield _failover("resumed: a handover of a primary that leaves", leaving, changed(view, FIRST, deleting=True))
    # The old primary is the one that its priority prefers.
    preferred = read(view, FIRST, priority=1)
    erring = changed(preferred, FIRST, deleting=True, contact=Contact.ERROR, error="BUSY")
    yield _failover("resumed: fencing, and the primary that is preferred is well again", fencing, preferred)
    yield _failover("resumed: a handover of a primary that is preferred, and answers with errors", leaving, erring)
    promoting = cluster.promoting()
    lost = without(dead, SECOND)
    yield _failover("resumed: promoting, and the candidate's pod is gone; asked for any", promoting, lost, asked=ANY)
    taken_off = promoting._replace(intent=promoting.under_way._replace(candidate=None))
    yield _failover("resumed: promoting, and somebody took the candidate off the record", taken_off, dead)
    yield _failover("resumed: promoting", promoting, dead)
    yield _failover("resumed: promoting, and the candidate's pod is gone", promoting, lost)
    yield _failover("resumed: promoting, and the candidate restarted", promoting, read(dead, SECOND, run_id="another"))
    yield _failover("resumed: promoting, and nobody else answers", promoting, refusing(dead, THIRD))
    recorded, reconfigured = cluster.reconfiguring()
    yield _failover("resumed: reconfiguring", recorded, reconfigured)
    nobody = recorded._replace(primary=None)
    yield _failover("resumed: reconfiguring, and somebody took the primary off the record", nobody, reconfigured)
    yield _failover("resumed: reconfiguring, and nobody else answers", recorded, refusing(reconfigured, THIRD))
    yield _failover("resumed: reconfiguring, and pod 2 leaves", recorded, changed(reconfigured, THIRD, deleting=True))
    yield _failover("resumed: reconfiguring, pod 2 is to go", recorded, reconfigured, facts=SMALLER)
    left_out = recorded._replace(left_out=(THIRD,))
    yield _failover("resumed: reconfiguring, pod 2 was left out", left_out, reconfigured)
    yield _failover("resumed: reconfiguring, and the primary refuses", recorded, refusing(reconfigured, SECOND))
    yield _failover("resumed: reconfiguring, and the primary is silent", recorded, silent(reconfigured, SECOND))


def _failover(
    what: str, record: Record, view: View, target: str = "", asked: str = "", *, facts: Facts = FACTS
) -> Start:
    return Start(what, "failover", failover.start(target, asked), facts, Seen(record, view), what in THOROUGH)


def switchover_starts() -> Iterator[Start]:
    """Yield every round of the switchover machine that may begin."""
    cluster = _Cluster()
    view = cluster.view
    for what, shown in (
        *_views(view),
        ("nobody is in sync", unlinked(view)),
        ("pod 1 was not tried yet", changed(view, SECOND, contact=Contact.UNTRIED)),
        ("pod 1 leaves", changed(view, SECOND, deleting=True)),
    ):
        yield Start(what, "switchover", switchover.start(), FACTS, Seen(cluster.record, shown))
    under_way = cluster.begun(Kind.FAILOVER, "ConnectionRefused")
    yield Start("a failover is under way", "switchover", switchover.start(), FACTS, Seen(under_way, view))


def scale_down_starts() -> Iterator[Start]:
    """Yield every round of the scale-down machine that may begin: pod 0 is primary, and of each view once too many."""
    cluster = _Cluster()
    record, view = cluster.record, cluster.view
    further = read(view, THIRD, offset=_server(view, THIRD).offset + 1)
    for what, shown in (
        *_views(view),
        ("nobody is in sync", unlinked(view)),
        ("pod 1 was not tried yet", changed(view, SECOND, contact=Contact.UNTRIED)),
        ("pod 1 leaves", changed(further, SECOND, deleting=True)),
        ("pod 2 holds more than pod 1", further),
        ("pod 2 cannot write its disk, and holds more", read(further, THIRD, disk_error="full")),
        ("pod 2 is not attached, and holds more", read(further, THIRD, link_up=False)),
    ):
        yield _scale_down(what, record, shown, FACTS)
        yield _scale_down(f"{what}; two are asked for", record, shown, FACTS._replace(asked=2))
    # The primary is the last pod, and goes.
    led, seen_so = cluster.led_by_the_last()
    for what, shown in (
        ("the last pod is primary", seen_so),
        ("the last pod is primary, and leaves", changed(seen_so, THIRD, deleting=True)),
        ("the last pod is primary, and refuses", refusing(seen_so, THIRD)),
        ("the last pod is primary, pod 1 was not tried yet", changed(seen_so, SECOND, contact=Contact.UNTRIED)),
        ("the last pod is primary, pod 1 leaves", changed(seen_so, SECOND, deleting=True)),
        ("the last pod is primary, pod 1 holds more", read(seen_so, SECOND, offset=9)),
        ("the last pod is primary, pod 1 holds more, cannot write", read(seen_so, SECOND, offset=9, disk_error="full")),
        ("the last pod is primary, pod 1 holds more, not attached", read(seen_so, SECOND, offset=9, link_up=False)),
        ("the last pod is primary, nobody is in sync", read(read(seen_so, FIRST, link_up=False), SECOND, syncing=True)),
        ("the last pod is primary, the operator slept", seen_so._replace(stalled=True)),
    ):
        for asked in (2, 1, 0):
            yield _scale_down(f"{what}; {asked or 'all'} are asked for", led, shown, FACTS._replace(asked=asked))
    ending = Intent(Kind.FAILOVER, Stage.RECONFIGURING, "ConnectionRefused", "", None, FIRST)
    begun = led._replace(intent=ending)
    yield _scale_down("the last pod is primary, a failover is under way", begun, seen_so, FACTS._replace(asked=2))


def _scale_down(what: str, record: Record, view: View, facts: Facts) -> Start:
    return Start(what, "scale-down", scale_down.start(), facts, Seen(record, view), thorough=True)


def repair_starts() -> Iterator[Start]:
    """Yield rounds of the repair machine: about the Service, the template, a pod that does not follow, a handover."""
    cluster = _Cluster()
    record, view = cluster.record, cluster.view
    views = (
        *_views(view),
        ("the Service leads to pod 1", view._replace(service_pod=SECOND)),
        ("the Service leads to nobody, of no epoch", view._replace(service_pod=None, service_epoch=0)),
        ("the template is of no epoch", view._replace(template_epoch=0)),
        ("pod 1 follows nobody", read(view, SECOND, follows="hold", link_up=False)),
        ("pod 1 has a label of its own", changed(view, SECOND, role_label="primary")),
    )
    for what, shown in views:
        yield Start(what, "repair", repair.start(), FACTS, Seen(record, shown), thorough=True)
    under_way = cluster.begun(Kind.FAILOVER, "ConnectionRefused")
    yield Start("a failover is under way", "repair", repair.start(), FACTS, Seen(under_way, view))
    yield Start("pod 2 is to go", "repair", repair.start(), SMALLER, Seen(record, without(view, THIRD)))
    left_out = record._replace(left_out=(THIRD,))
    yield Start("pod 2 is gone, and left out", "repair", repair.start(), SMALLER, Seen(left_out, without(view, THIRD)))
