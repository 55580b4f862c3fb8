"""The pods' volumes against the size that is asked for: which claim is to grow, and what people are told of it.

Rules
- A volume only ever grows (Kubernetes, "Persistent Volumes", section "Expanding Persistent Volumes Claims":
  https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims).
- A StatefulSet's volumeClaimTemplates never change, so the claims are grown one by one, also those that it made later.
- Only a bound claim can grow. Claims of pods that a scale-down took away stay as they are.
- What was refused is not asked for again until it is due, or until another size is wanted.

What this does not decide: how the storage driver grows a volume. Pods keep running all the while.
"""

from typing import NamedTuple

from gungnir.api.names import data_claim
from gungnir.api.quantity import quantity_text
from gungnir.machines.facts import Facts
from gungnir.machines.view import ClaimView, Resize, View


class StorageState(NamedTuple):
    """Whether all volumes are as large as asked for; if not, a stable word and a sentence that says what to do."""

    resized: bool
    reason: str
    message: str


_ADVICE = {
    "ResizeRefused": "; the StorageClass needs allowVolumeExpansion: true, a quota needs room for it, and the operator "
    "the right to patch persistentvolumeclaims; it is asked for again every few minutes",
    "ResizeFailed": "; the storage driver could not do it: look at the events of the claim",
    "FileSystemResizePending": ": the volume has grown, and its file system grows when a node mounts it next; if it "
    "stays like this, delete one pod at a time, replicas first",
    "Resizing": "; nothing to do",
}
"""What to do, by reason, the most urgent first."""


def claim_to_grow(facts: Facts, view: View) -> ClaimView | None:
    """Return the first claim of a pod that stays which asks for less than it should, or None."""
    for claim in _of_staying_pods(facts, view):
        if (
            claim.bound
            and not claim.deleting
            and 0 <= claim.requested_bytes < facts.volume_bytes
            and not _refused(facts, claim)
        ):
            return claim
    return None


def storage_state(facts: Facts, view: View) -> StorageState:
    """Return what is shown of the volumes' size."""
    if not facts.volume_bytes:
        return StorageState(True, "NoVolumes", "")
    found: dict[str, list[str]] = {reason: [] for reason in _ADVICE}
    for claim in _of_staying_pods(facts, view):
        if not claim.deleting:
            reason, text = _claim_state(facts, claim)
            found.get(reason, []).append(text)
    for reason, advice in _ADVICE.items():
        if found[reason]:
            return StorageState(False, reason, "; ".join(found[reason]) + advice)
    return StorageState(True, "AsAsked", "")


def _of_staying_pods(facts: Facts, view: View) -> tuple[ClaimView, ...]:
    names = {data_claim(pod) for pod in facts.pod_names}
    return tuple(claim for claim in view.claims if claim.name in names)


def _refused(facts: Facts, claim: ClaimView) -> bool:
    refusal = claim.refusal
    return refusal is not None and refusal.size_bytes == facts.volume_bytes and not refusal.due


def _claim_state(facts: Facts, claim: ClaimView) -> tuple[str, str]:
    wanted = facts.volume_bytes
    if 0 <= claim.requested_bytes < wanted:
        refusal = claim.refusal
        if refusal is not None and refusal.size_bytes == wanted:
            return "ResizeRefused", f"{claim.name}: {refusal.text}"
        waits = "" if claim.bound else ", and waits to be bound"
        return (
            "Resizing",
            f"{claim.name} asks for {quantity_text(claim.requested_bytes)} of {quantity_text(wanted)}{waits}",
        )
    if not claim.bound or not 0 <= claim.capacity_bytes < wanted:
        return "AsAsked", ""
    match claim.resize:
        case Resize.FAILED:
            return "ResizeFailed", f"{claim.name}: {claim.note}"
        case Resize.FILE_SYSTEM:
            return "FileSystemResizePending", claim.name
        case _:
            return "Resizing", f"{claim.name} has {quantity_text(claim.capacity_bytes)} of {quantity_text(wanted)}"
