"""What must hold of the product: the predicates of each part, and those that only a product can have."""

from collections.abc import Iterator

from gungnir.api import names
from spec import invariants
from spec.environment.contents import leads_to, replicas_of, selector_of
from spec.models import lease as of_lease
from spec.models import reconcile as of_objects
from spec.product.moves import LEASE, OBJECTS, PODS, Move
from spec.product.world import SERVICE, WORKLOAD, Plan, Product, judged, ours, present_setup
from spec.world import CLUSTER, Label, pod_index, pod_name

Found = Iterator[tuple[str, str]]
"""Names of predicates, and what is wrong (empty: nothing)."""


def of_step(plan: Plan, before: Product, move: Move) -> Found:
    """Yield what the predicates of steps say of this one, and those of states of where it leads."""
    if move.part != LEASE or move.after.world is not before.world:
        yield from _of_decisions(plan, before, move)
        yield from _of_objects(before, move)
        yield "goesOnlyIfTooMany", _goes_only_if_too_many(plan, before, move)
        yield "routesAsDecided", routes_as_decided(before, move)
        yield "scaleDownNeverTakesPrimary", scale_down_never_takes_primary(before, move)
    if plan.exclusive:
        yield "actsOnlyWhileLeading", acts_only_while_leading(before, move)
    yield from _of_leases(plan, before, move)


def _of_decisions(plan: Plan, before: Product, move: Move) -> Found:
    was, now, label = judged(before), judged(move.after), _label(move, PODS)
    # A pod that a scale-up adds was there before, as far as predicates of steps are concerned: it did nothing yet.
    was = was._replace(pods=(*was.pods, *now.pods[len(was.pods) :]))
    for name, on_step in invariants.ON_STEP:
        yield name, on_step(was, label, now)
    for name, predicate in invariants.always(present_setup(plan, move.after)):
        if name != "goesOnlyIfTooMany":  # the spec may have changed since it was asked: see below
            # What an operator sees is the objects as they are, whosever they are.
            yield name, predicate(move.after.world if name == "observed" else now)


def _of_objects(before: Product, move: Move) -> Found:
    after, who, label = move.after, move.who, _label(move, OBJECTS)
    was, now = (before.objects, after.objects) if who < 0 else (before.seen_by(who), after.seen_by(who))
    for name, on_step in of_objects.ON_STEP:
        yield name, on_step(was, label, now)


def _of_leases(plan: Plan, before: Product, move: Move) -> Found:
    for name, on_step in of_lease.ON_STEP:
        yield name, on_step(before.lease, _label(move, LEASE), move.after.lease)
    if plan.exclusive:
        yield "leaderElectionSafety", of_lease.leader_election_safety(move.after.lease)
        yield "beliefTruthful", of_lease.belief_truthful(move.after.lease)
    yield "partitionSafety", of_lease.partition_safety(plan.clocks)(move.after.lease)


def _label(move: Move, part: str) -> Label:
    """Return the label as predicates of a part know it: what another part does is nothing that they know by name."""
    return move.label if move.part == part else Label(move.name, move.label.who, fair=move.label.fair)


def _goes_only_if_too_many(plan: Plan, before: Product, move: Move) -> str:
    """As ``invariants.goes_only_if_too_many``, of the moment at which an operator asks."""
    asked = move.after.world.api.asked
    if asked == before.world.api.asked or not asked.epoch:
        return ""
    return invariants.goes_only_if_too_many(present_setup(plan, move.after))(move.after.world)


# --- what only a product can have -----------------------------------------------------------------------------------


def routes_as_decided(before: Product, move: Move) -> str:
    """The client Service selects the one pod that was promoted in the Service's own epoch, or nobody."""
    was, now = before.objects.at(SERVICE), ours(move.after.objects, SERVICE)
    if now is None or was == now:
        return ""
    selector, (pod, epoch) = selector_of(now.content), leads_to(now.content)
    if selector != tuple(sorted({**names.selector_labels(CLUSTER), names.POD_NAME_LABEL: pod or names.NOBODY}.items())):
        return f"the Service selects {dict(selector)}"
    promoted = {(when, pod_name(index)) for when, index, _ in move.after.world.ghost.promoted}
    return "" if pod is None or (epoch, pod) in promoted else f"{pod} was not promoted in the Service's epoch {epoch}"


def scale_down_never_takes_primary(before: Product, move: Move) -> str:
    """No write of the reconcile machine asks for so few pods that the primary's, or the candidate's, would go."""
    was, now = before.objects.at(WORKLOAD), move.after.objects.at(WORKLOAD)
    if move.part != OBJECTS or now is None or was == now:
        return ""
    record, replicas = move.after.world.api.record, replicas_of(now.content)
    candidate = None if record.intent is None else record.intent.candidate
    held = [pod.pod for pod in (record.primary, candidate) if pod is not None]
    if was is not None and replicas_of(was.content) <= replicas:
        return ""
    gone = [pod for pod in held if pod_index(pod) >= replicas]
    return f"{replicas} pods are to be left without {gone}" if gone else ""


def acts_only_while_leading(before: Product, move: Move) -> str:
    """A round begins, and sends its next request, only while the stored Lease names its operator."""
    if move.who < 0 or not _asks(before, move):
        return ""
    holder, stored = before.lease.holders[move.who], before.lease.lease
    if stored is not None and stored.holder == holder.identity:
        return ""
    return f"operator {move.who} sends a request, and the Lease names {stored.holder if stored else 'nobody'}"


def _asks(before: Product, move: Move) -> bool:
    was, now = before.world.operators[move.who], move.after.world.operators[move.who]
    if now.state is not None and (now.state, now.request) != (was.state, was.request):
        return True
    worked, works = before.sides[move.who].worker, move.after.sides[move.who].worker
    return works.request is not None and works != worked
