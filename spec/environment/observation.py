"""What an operator sees of the world: the snapshot that ``Observe`` returns, derived from the true state."""

from gungnir.machines.evidence import RELINK_AFTER_S
from gungnir.machines.record import Record
from gungnir.machines.repair import shown
from gungnir.machines.requests import Seen
from gungnir.machines.view import Contact, PodView, Server, View
from spec.environment.server import can_attach, reading
from spec.world import Link, Setup, World, address_of, pod_name, start_of, uid_of


def view(setup: Setup, world: World, operator: int, record: Record) -> View:
    """Return the snapshot as the monitors and the caches of this operator show it.

    A pod that nothing can be heard of has been silent for long enough: a shorter silence is the same as not having
    looked yet. Labels and readiness are as the repair machine wants them, so that it finds nothing to do about them.
    """
    api = world.api
    return relabelled(
        record,
        View(
            pods=tuple(
                _pod(setup, world, operator, index)
                for index in range(len(world.pods))
                if not setup.departed & 1 << index
            ),
            service_pod=api.service_pod,
            service_epoch=api.service_epoch if api.service_present else 0,
            template_epoch=api.template if api.template_present else 0,
            template_present=api.template_present,
            service_present=api.service_present,
            away=_away(setup, world, operator) if setup.releases else (),
            ended=_ended(setup, world),
        ),
    )


def _away(setup: Setup, world: World, operator: int) -> tuple[tuple[str, int], ...]:
    unheard, for_ms = world.cuts.operators[operator] | setup.departed, setup.facts.release_after_ms
    return tuple((pod_name(i), for_ms) for i, pod in enumerate(world.pods) if unheard & 1 << i or not pod.up)


def _ended(setup: Setup, world: World) -> tuple[str, ...]:
    """The objects that are gone, and whose processes were seen to end."""
    gone = (
        (index, range(1, pod.uid + bool(setup.departed & 1 << index)))
        for index, pod in enumerate(world.pods)
        if not setup.unreported & 1 << index
    )
    return tuple(uid_of(index, uid) for index, uids in gone for uid in uids)


def relabelled(record: Record, snapshot: View) -> View:
    """Return the snapshot with the labels that this record asks for."""
    primary = None if record.primary is None else snapshot.pod(record.primary.pod)
    if primary is None:
        return snapshot
    return snapshot._replace(pods=tuple(_labelled(record, primary, pod) for pod in snapshot.pods))


def _labelled(record: Record, primary: PodView, pod: PodView) -> PodView:
    role, synced = shown(record, primary, pod)
    return pod._replace(role_label=role, synced=synced)


def _pod(setup: Setup, world: World, operator: int, index: int) -> PodView:
    pod = world.pods[index]
    facts = setup.facts
    cut = bool(world.cuts.operators[operator] & 1 << index)
    contact = Contact.SILENT if cut else Contact.UP if pod.up else Contact.REFUSED
    return PodView(
        name=pod_name(index),
        uid=uid_of(index, pod.uid),
        address=address_of(index, pod.uid),
        deleting=False,
        terminated=False,
        contact=contact,
        refusals=facts.refusals_for_death if contact is Contact.REFUSED else 0,
        silent_ms=facts.down_after_ms if contact is Contact.SILENT else 0,
        error="",
        server=_glance(setup, world, index) if contact is Contact.UP else None,
        exit_seen=pod.shown[1],
        restarts=max(0, pod.shown[0]),
        started_s=start_of(pod.shown[2]),
    )


def _glance(setup: Setup, world: World, index: int) -> Server:
    """Return the monitor's reading. Counters that no decision takes from a snapshot stay 0 if the setup says so."""
    pod = world.pods[index]
    server = reading(world.pods, world.cuts, index)
    if server.follows and pod.link is Link.DOWN and not can_attach(world.pods, world.cuts, setup, index):
        # A link that finds no way has been down for long, as soon as anybody looks.
        server = server._replace(link_down_s=RELINK_AFTER_S)
    if setup.counters_in_view:
        return server
    return server._replace(offset=0, keys=0, linked=0, second_offset=-1, replid2="")


def seen(setup: Setup, world: World, operator: int, record: Record) -> Seen:
    """Return the reply to ``Observe``."""
    return Seen(record, view(setup, world, operator, record))
