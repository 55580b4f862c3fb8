"""What must hold of every state and of every step, by name. Each returns an empty text, or what is wrong.

Those that speak about what an operator sees are the operator's own, from ``gungnir.machines.safety``.
"""

from typing import Final

from gungnir.machines import safety
from gungnir.machines.kernel import Step
from gungnir.machines.record import Kind, Record, Stage
from gungnir.machines.requests import PodCommand, Verb
from gungnir.machines.scale_down import primary_goes
from gungnir.machines.selection import votes_needed
from gungnir.machines.switchover import ANY
from gungnir.resources.fence import voting
from spec.environment.commands import position
from spec.environment.observation import view
from spec.explorer import Always, OnStep
from spec.footprint import unchanged
from spec.world import Label, Link, Setup, World, pod_index, pod_name, run_of


def at_most_one_master(setup: Setup) -> Always:
    """At most one pod can collect acknowledgements, one was promoted in each epoch, and the Service leads to one."""

    def holds(world: World) -> str:
        pods, peers = world.pods, world.cuts.peers
        able = [
            pod_name(p)
            for p, pod in enumerate(pods)
            if pod.up and pod.primary and _attached(world, p, peers) >= max(1, setup.facts.acks)
        ]
        if len(able) > 1:
            return f"{' and '.join(able)} both collect acknowledgements"
        promoted = [(epoch, pod) for epoch, pod, _ in world.ghost.promoted]
        epochs = [epoch for epoch, _ in dict.fromkeys(promoted)]
        return "" if len(epochs) == len(set(epochs)) else f"two pods were promoted in one epoch: {promoted}"

    return holds


def _attached(world: World, host: int, peers: int) -> int:
    if peers & 1 << host:
        return 0
    return sum(
        1 for q, pod in enumerate(world.pods) if pod.follows == host and pod.link is Link.UP and not peers & 1 << q
    )


def no_acked_write_lost(setup: Setup) -> Always:
    """The primary of the current epoch holds every write that WAIT confirmed and that is left anywhere.

    A write that no pod and no volume holds any more counts as long as no more volumes failed than copies were promised.
    """

    def holds(world: World) -> str:
        epoch = world.api.record.epoch
        for index, pod in enumerate(world.pods):
            if not (pod.up and pod.primary and (epoch, index, pod.run) in world.ghost.promoted):
                continue
            missing = world.ghost.acked - frozenset(pod.log)
            if world.ghost.lost > setup.facts.acks:
                missing &= frozenset(write for other in world.pods for write in other.log)
            if missing:
                return f"{pod_name(index)} is primary of epoch {epoch} without acknowledged writes {sorted(missing)}"
        return ""

    return holds


def service_consistency(world: World) -> str:
    """The Service leads to the recorded primary, the frozen candidate, or nobody; to nobody before the promotion.

    Once a candidate is frozen, the Service and the template are of its epoch: no request of an older one can route
    clients any more, and no new volume starts in an older one.
    """
    api, record = world.api, world.api.record
    voted = record.intent is not None and record.intent.stage != Stage.FENCING
    if voted and min(api.service_epoch, api.template) < record.epoch:
        return f"Service and template are of {api.service_epoch} and {api.template}, the vote of epoch {record.epoch}"
    if api.service_epoch > record.epoch:
        return f"the Service is of epoch {api.service_epoch}, the record of {record.epoch}"
    if api.service_pod is None or api.service_epoch < record.epoch:
        return ""
    if record.intent is not None and record.intent.stage is not Stage.RECONFIGURING:
        return f"the Service leads to {api.service_pod} in stage {record.intent.stage}"
    allowed = record.primary is not None and record.primary.pod == api.service_pod
    return "" if allowed else f"the Service leads to {api.service_pod}"


def status_truthful(world: World) -> str:
    """The recorded primary was really promoted, in the epoch that the record says."""
    record = world.api.record
    if record.primary is None:
        return ""
    primary = record.primary
    known = {(epoch, pod_name(pod), run_of(pod, run)) for epoch, pod, run in world.ghost.promoted}
    found = (primary.epoch, primary.pod, primary.run_id) in known
    return "" if found else f"{primary.pod} ({primary.run_id}) was never promoted in epoch {primary.epoch}"


def boot_never_self_promotes(world: World) -> str:
    """A pod is a primary only because its very process was promoted."""
    processes = {(pod, run) for _, pod, run in world.ghost.promoted}
    for index, pod in enumerate(world.pods):
        if pod.up and pod.primary and (index, pod.run) not in processes:
            return f"{pod_name(index)} made itself primary"
    return ""


def followers_counted(world: World) -> str:
    """Who was told, or may still be told, to follow in the recorded epoch is counted and not left out."""
    record = world.api.record
    if record.electorate.size < len(record.counted) or record.electorate.acks >= max(1, record.electorate.size):
        return f"the electorate is {tuple(record.electorate)}, and {len(record.counted)} pods count"
    told = {
        pod_name(index) for index, pod in enumerate(world.pods) if 0 < pod.creds == record.epoch and not pod.primary
    }
    told.update(
        stray.value.pod
        for stray in world.strays
        if isinstance(stray.value, PodCommand) and (stray.value.verb, stray.value.epoch) == (Verb.FOLLOW, record.epoch)
    )
    others = sorted(told - record.counted.difference(record.left_out))
    return f"{', '.join(others)} may follow in epoch {record.epoch} and does not count" if others else ""


def observed(setup: Setup) -> Always:
    """Nothing that an operator with fresh caches sees contradicts the operator's own safety predicates."""
    counted = setup._replace(counters_in_view=True)  # "linked" is what tells two serving primaries

    def holds(world: World) -> str:
        record = world.api.record
        found = safety.violations(record, view(counted, world, 0, record))
        return "; ".join(f"{name}: {text}" for name, text in found)

    return holds


# --- steps ----------------------------------------------------------------------------------------------------------


def epoch_monotone(before: World, label: Label, after: World) -> str:
    """The recorded epoch, the template and the fence of a volume never fall. A cluster made anew begins from 0."""
    if label.name == "recreate":
        return ""
    api, pods = unchanged(before, after, "api"), unchanged(before, after, "pods")
    if not api and after.api.record.epoch < before.api.record.epoch:
        return f"the record went from epoch {before.api.record.epoch} to {after.api.record.epoch}"
    if not api and (after.api.template < before.api.template or after.api.service_epoch < before.api.service_epoch):
        return "the template or the Service went back to an older epoch"
    if pods:
        return ""
    for index, (was, now) in enumerate(zip(before.pods, after.pods, strict=True)):
        if was.uid == now.uid and now.saved < was.saved:
            return f"the fence of {pod_name(index)} went from {was.saved} to {now.saved}"
    return ""


def candidate_frozen(before: World, _label: Label, after: World) -> str:
    """Within an epoch the candidate changes only from none to one."""
    if unchanged(before, after, "api"):
        return ""
    was, now = _candidate(before.api.record), _candidate(after.api.record)
    same_epoch = before.api.record.epoch == after.api.record.epoch
    changed = same_epoch and after.api.record.intent is not None and was is not None and now != was
    return f"the candidate of epoch {after.api.record.epoch} became {now}" if changed else ""


def _candidate(record: Record) -> object:
    return None if record.intent is None else record.intent.candidate


def no_empty_master_promoted(before: World, _label: Label, after: World) -> str:
    """An empty pod is never promoted once a write was acknowledged, unless all are empty."""
    if unchanged(before, after, "ghost") or after.ghost.promoted == before.ghost.promoted or not before.ghost.acked:
        return ""
    new = next((entry for entry in after.ghost.promoted if entry not in before.ghost.promoted), None)
    if new is None:
        return ""
    epoch, index, _ = new
    others = any(pod.log for pod in before.pods)
    if not after.pods[index].log and others:
        return f"{pod_name(index)} was promoted empty in epoch {epoch}"
    return ""


def failover_intent_durable(before: World, label: Label, _after: World) -> str:
    """A command that changes a pod is of a stored epoch; a promotion is of the stored candidate."""
    what = label.what[0] if isinstance(label.what, tuple) and label.what else label.what
    if not isinstance(what, PodCommand) or what.verb is Verb.READ:
        return ""
    if what.epoch > before.api.record.epoch:
        return f"{what.verb} of epoch {what.epoch}, but only {before.api.record.epoch} is stored"
    frozen = (what.epoch, what.pod, what.run_id) in before.ghost.frozen
    return f"{what.pod} was never frozen for {what.epoch}" if what.verb is Verb.PROMOTE and not frozen else ""


def fence_before_select(before: World, _label: Label, after: World) -> str:
    """When a candidate of a known history is stored, a quorum of those who count, or the primary before, is fenced."""
    if unchanged(before, after, "api"):
        return ""
    was, now = before.api.record, after.api.record
    if now == was or now.intent is None or now.intent.stage is not Stage.PROMOTING:
        return ""
    if was.intent is not None and was.intent.stage is Stage.PROMOTING and was.epoch == now.epoch:
        return ""
    candidate = now.intent.candidate
    if candidate is None or candidate.history == 0:
        return ""
    fenced = {pod_name(index) for index, pod in enumerate(after.pods) if pod.saved >= voting(now.epoch)}
    if was.primary is not None and was.primary.pod in fenced:
        return ""
    raised, needed = len(fenced & now.counted), votes_needed(now.electorate)
    return "" if raised >= needed else f"only {raised} pods are fenced at epoch {now.epoch}, {needed} are needed"


def no_double_failover(before: World, _label: Label, after: World) -> str:
    """An epoch for a failure is begun only if something befell the primary, or a failover lost its candidate."""
    if unchanged(before, after, "api"):
        return ""
    was, now = before.api.record, after.api.record
    if now.epoch == was.epoch or now.intent is None:
        return ""
    if now.epoch != was.epoch + 1:
        return f"epoch {was.epoch} was followed by {now.epoch}"
    if was.intent is not None:
        return ""
    caused = now.intent.kind is not Kind.FAILOVER or after.ghost.cause
    return "" if caused else f"epoch {now.epoch} was begun although nothing befell the primary ({now.intent.reason})"


def no_zombie_effect(before: World, label: Label, after: World) -> str:
    """A command of an older epoch than the pod's fence changes nothing."""
    what = label.what[0] if isinstance(label.what, tuple) and label.what else label.what
    if not isinstance(what, PodCommand) or label.name == "lost":
        return ""
    if unchanged(before, after, "pods"):
        return ""
    index = pod_index(what.pod)
    older = before.pods[index].fence > position(what)
    return f"{what.verb} of epoch {what.epoch} took effect" if older and before.pods[index] != after.pods[index] else ""


def promotion_stands(before: World, label: Label, after: World) -> str:
    """A command of the very epoch in which a pod was promoted does not take the role from it."""
    what = label.what[0] if isinstance(label.what, tuple) and label.what else label.what
    if not isinstance(what, PodCommand):
        return ""
    if unchanged(before, after, "pods"):
        return ""
    index = pod_index(what.pod)
    was, now = before.pods[index], after.pods[index]
    if not was.primary or now.primary:
        return ""
    own = (what.epoch, index, was.run) in before.ghost.promoted
    return f"{what.verb} of epoch {what.epoch} undid its promotion" if own else ""


def unknown_is_not_success(_before: World, label: Label, _after: World) -> str:
    """A write whose answer did not come ends the round."""
    if label.name != "lost" or not isinstance(label.what, tuple) or not isinstance(label.what[-1], Step):
        return ""
    step = label.what[-1]
    return "" if step.request is None else f"the round went on to {step.state.phase} after an unknown answer"


def no_write_after_conflict(_before: World, label: Label, _after: World) -> str:
    """After a conflict the same round sends nothing more."""
    if label.name != "api" or not isinstance(label.what, tuple):
        return ""
    _, reply, step = label.what
    conflicted = type(reply).__name__ == "Conflict" and step.request is not None
    return f"the round went on to {step.state.phase} after a conflict" if conflicted else ""


def handed_over_as_asked(before: World, _label: Label, after: World) -> str:
    """An epoch for a handover is begun only for what is asked for at that moment, and once for each request."""
    was, now = before.api.record, after.api.record
    if now.epoch == was.epoch or now.intent is None or now.intent.kind is not Kind.SWITCHOVER:
        return ""
    asked = before.api.asked
    if (now.intent.target or ANY) != asked.wanted:
        return f"the role is handed to {now.intent.target or ANY}; asked for is {asked.wanted or 'nothing'}"
    return f"request {asked.number} was begun twice" if asked.number in before.ghost.handed else ""


def answer_never_lost(before: World, label: Label, after: World) -> str:
    """A request is taken off only when it was refused in the status, or when a handover as asked for is stored.

    That is also why an operator never asks over a person's request.
    """
    was, now = before.api.asked, after.api.asked
    if label.name in ("ask", "withdraw") or not was.wanted or was.wanted == now.wanted:
        return ""
    intent = before.api.record.intent
    under_way = intent is not None and intent.kind is Kind.SWITCHOVER and (intent.target or ANY) == was.wanted
    answered = was.answered == was.number or was.number in before.ghost.handed
    return "" if answered or under_way else f"request {was.number} for {was.wanted} was taken off without an answer"


def goes_only_if_too_many(setup: Setup) -> Always:
    """By a request of an operator only a pod that is too many gives the role, and to one that the spec asks for."""

    def predicate(world: World) -> str:
        asked, record = world.api.asked, world.api.record
        if not asked.wanted or not asked.epoch:
            return ""
        intent = record.intent
        if intent is None:
            # It is for one epoch alone: in a later one it is void.
            stands = asked.epoch == record.epoch
            fits = primary_goes(setup.facts, record) and asked.wanted in setup.facts.staying
            return f"{asked.wanted} is asked for, and the primary is {record.primary}" if stands and not fits else ""
        if intent.kind is not Kind.SWITCHOVER or intent.target != asked.wanted or intent.stage is not Stage.FENCING:
            return ""
        fits = intent.previous not in setup.facts.staying and intent.target in setup.facts.staying
        return "" if fits else f"{intent.previous} gives the role to {intent.target} for a scale-down"

    return predicate


def always(setup: Setup) -> tuple[tuple[str, Always], ...]:
    """Return the predicates of every state."""
    return (
        ("atMostOneMaster", at_most_one_master(setup)),
        ("noAckedWriteLost", no_acked_write_lost(setup)),
        ("serviceConsistency", service_consistency),
        ("statusTruthful", status_truthful),
        ("bootNeverSelfPromotes", boot_never_self_promotes),
        ("observed", observed(setup)),
        ("followersCounted", followers_counted),
        ("goesOnlyIfTooMany", goes_only_if_too_many(setup)),
    )


ON_STEP: Final[tuple[tuple[str, OnStep], ...]] = (
    ("epochMonotone", epoch_monotone),
    ("candidateFrozen", candidate_frozen),
    ("noEmptyMasterPromoted", no_empty_master_promoted),
    ("failoverIntentDurable", failover_intent_durable),
    ("fenceBeforeSelect", fence_before_select),
    ("noDoubleFailover", no_double_failover),
    ("noZombieEffect", no_zombie_effect),
    ("promotionStands", promotion_stands),
    ("unknownIsNotSuccess", unknown_is_not_success),
    ("noConcurrentUpdates", no_write_after_conflict),
    ("handedOverAsAsked", handed_over_as_asked),
    ("answerNeverLost", answer_never_lost),
)
