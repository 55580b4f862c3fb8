"""What some run of each model must show: a search in which one of these never happens has shown nothing."""

from collections.abc import Callable
from typing import Final

from gungnir.machines.record import Kind, Stage
from gungnir.machines.requests import AnswerKind
from spec.explorer import Sometimes
from spec.footprint import unchanged
from spec.world import Label, Link, World, pod_name


def _now(predicate: Callable[[World], bool], *fields: str) -> Sometimes:
    """It holds from now on. ``fields`` are those that it is about: a step that changes none of them does not count."""

    def witness(before: World, _label: Label, after: World) -> bool:
        if all(unchanged(before, after, field) for field in fields):
            return False
        return predicate(after) and not predicate(before)

    return witness


def failed_over(world: World) -> bool:
    """A failover is over: another epoch serves."""
    record = world.api.record
    return record.intent is None and record.epoch > 1


def _kind(kind: Kind) -> Callable[[World], bool]:
    return lambda world: world.api.record.intent is not None and world.api.record.intent.kind is kind


def candidate_lost(before: World, _label: Label, after: World) -> bool:
    """An epoch ended without its candidate being recorded: the next one began."""
    if unchanged(before, after, "api"):
        return False
    intent = before.api.record.intent
    return intent is not None and intent.stage is Stage.PROMOTING and after.api.record.epoch > before.api.record.epoch


def _answered(kind: AnswerKind) -> Sometimes:
    def witness(_before: World, label: Label, _after: World) -> bool:
        return label.name == "command" and isinstance(label.what, tuple) and label.what[1].kind is kind

    return witness


def old_primary_rejoined(world: World) -> bool:
    """The pod that was primary first follows a later one, with its link up."""
    return world.pods[0].link is Link.UP and world.api.record.epoch > 1


def confirmed_later(before: World, _label: Label, after: World) -> bool:
    """A write is confirmed after a failover."""
    if unchanged(before, after, "ghost"):
        return False
    return len(after.ghost.acked) > len(before.ghost.acked) and failed_over(after)


def stray_took_effect(before: World, label: Label, after: World) -> bool:
    """A request that nobody waited for any more changed a pod."""
    return label.name == "stray" and not unchanged(before, after, "pods") and before.pods != after.pods


def _replied(name: str) -> Sometimes:
    def witness(_before: World, label: Label, _after: World) -> bool:
        return label.name == "api" and isinstance(label.what, tuple) and type(label.what[1]).__name__ == name

    return witness


def _left_out(world: World) -> bool:
    return bool(world.api.record.left_out)


def forgotten(before: World, _label: Label, after: World) -> bool:
    """The electorate goes on without a pod."""
    if unchanged(before, after, "api"):
        return False
    return after.api.record.electorate.size < before.api.record.electorate.size


def admitted_again(before: World, _label: Label, after: World) -> bool:
    """A pod that was left out may follow again, in the same epoch."""
    if unchanged(before, after, "api"):
        return False
    was, now = before.api.record, after.api.record
    return now.epoch == was.epoch and bool(now.told.intersection(was.left_out))


def failed_over_by_the_rest(before: World, _label: Label, after: World) -> bool:
    """A primary was lost after a pod was forgotten, and the rest, though one fewer, went on with another."""
    if unchanged(before, after, "api"):
        return False
    was, now = before.api.record, after.api.record
    if was.primary is None or now.primary is None or now.primary.pod == was.primary.pod:
        return False
    return now.electorate.size < len(after.pods)


def seen_whole(before: World, _label: Label, after: World) -> bool:
    """It is recorded that the primary's file holds all of its data, which it did not when it was promoted."""
    if unchanged(before, after, "api"):
        return False
    was, now = before.api.record.primary, after.api.record.primary
    return was is not None and now is not None and now.epoch == was.epoch and now.written and not was.written


def _refused(before: World, _label: Label, after: World) -> bool:
    """A person's request is answered by a refusal."""
    if unchanged(before, after, "api"):
        return False
    return before.api.asked.answered != after.api.asked.answered


def _handed_over(before: World, _label: Label, after: World) -> bool:
    """A handover is over, and another pod has the role than before."""
    if unchanged(before, after, "api"):
        return False
    intent, primary = before.api.record.intent, after.api.record.primary
    ended = intent is not None and intent.kind is Kind.SWITCHOVER and after.api.record.intent is None
    return ended and intent is not None and primary is not None and primary.pod != intent.previous


def _begun_by(verdict: str) -> Callable[[World], bool]:
    """A cluster that was made anew began with a pod that this rule chose, and that is recorded."""

    def witness(world: World) -> bool:
        record = world.api.record
        recorded = record.intent is not None and record.primary is not None and record.intent.verdict == verdict
        return recorded and world.api.life > 0

    return witness


def _held_by_others(world: World) -> bool:
    """The pod that a cluster made anew began with is not the first one, and others hold data too."""
    if not _begun_by("LastPrimaryKept")(world) or world.api.record.primary is None:
        return False
    return world.api.record.primary.pod != pod_name(0) and sum(bool(pod.log) for pod in world.pods) > 1


SOMETIMES: Final[tuple[tuple[str, Sometimes], ...]] = (
    ("failed over", _now(failed_over, "api")),
    ("old primary rejoined", _now(old_primary_rejoined, "pods")),
    ("candidate lost", candidate_lost),
    ("left out", _now(_left_out, "api")),
    ("forgotten", forgotten),
    ("admitted again", admitted_again),
    ("failed over by the rest", failed_over_by_the_rest),
    ("release", _now(_kind(Kind.RELEASE), "api")),
    ("recovery", _now(_kind(Kind.RECOVERY), "api")),
    ("conflict", _replied("Conflict")),
    ("handed over", _handed_over),
    ("refused", _refused),
    ("seen whole later", seen_whole),
    ("fenced", _answered(AnswerKind.FENCED)),
    ("other process", _answered(AnswerKind.OTHER_PROCESS)),
    ("stray took effect", stray_took_effect),
    ("write confirmed in a later epoch", confirmed_later),
    ("began with the last primary", _now(_begun_by("LastPrimaryKept"), "api")),
    ("began with the only one with data", _now(_begun_by("OnePodHoldsData"), "api")),
    ("began with another pod than the first", _now(_held_by_others, "api")),
)
