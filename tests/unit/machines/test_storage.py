"""Volumes grow to the size that is asked for, never shrink, and say what keeps them from it."""

import pytest

from gungnir.machines import repair
from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from gungnir.machines.requests import GrowClaim, Request, Seen
from gungnir.machines.sign import Sign
from gungnir.machines.storage import claim_to_grow, storage_state
from gungnir.machines.summary import Notes, summarize
from gungnir.machines.view import ClaimView, GrowthRefusal, Resize, View
from tests.unit.machines.worlds import FACTS, claimed, dead, pod, record, serving, view, walk

GI = 2**30
WANTED = FACTS._replace(volume_bytes=2 * GI)
SMALL = ClaimView("data-vc-0", "claim0", "7", GI, GI)
LARGE = ClaimView("data-vc-1", "claim1", "8", 2 * GI, 2 * GI)
NO = "may not patch persistentvolumeclaims: only dynamically provisioned pvc can be resized"


def of(*claims: ClaimView) -> View:
    return view(claims=claims)


def first_request(facts: Facts, seen: Seen) -> Request | None:
    return walk(repair.step, repair.start(), (seen,), facts).steps[-1].request


def test_a_claim_that_asks_for_too_little_is_grown_as_the_object_that_was_seen() -> None:
    request = first_request(WANTED, Seen(record(), of(LARGE, SMALL)))
    assert request == GrowClaim("data-vc-0", "claim0", "7", 2 * GI)


@pytest.mark.parametrize(
    "claim",
    [
        SMALL._replace(requested_bytes=2 * GI),
        SMALL._replace(requested_bytes=3 * GI),
        SMALL._replace(requested_bytes=-1),
        SMALL._replace(bound=False),
        SMALL._replace(deleting=True),
        SMALL._replace(name="data-vc-3"),
        SMALL._replace(name="other-vc-0"),
        SMALL._replace(refusal=GrowthRefusal(2 * GI, NO)),
    ],
    ids=["asked", "larger", "unreadable", "unbound", "deleting", "scaled-down", "not-ours", "refused-lately"],
)
def test_which_claims_are_left_alone(claim: ClaimView) -> None:
    assert claim_to_grow(WANTED, of(claim)) is None


@pytest.mark.parametrize("refusal", [GrowthRefusal(3 * GI, NO), GrowthRefusal(2 * GI, NO, due=True)])
def test_a_refusal_of_another_size_or_long_ago_is_tried_again(refusal: GrowthRefusal) -> None:
    assert claim_to_grow(WANTED, of(SMALL._replace(refusal=refusal))) is not None


def test_a_byte_too_few_is_grown_and_just_enough_is_not() -> None:
    assert claim_to_grow(WANTED, of(SMALL._replace(requested_bytes=2 * GI - 1))) is not None
    assert claim_to_grow(WANTED, of(SMALL._replace(requested_bytes=2 * GI))) is None


def test_a_cluster_without_volumes_grows_none() -> None:
    none = FACTS._replace(volume_bytes=0)
    assert claim_to_grow(none, of(SMALL)) is None
    assert storage_state(none, of(SMALL)) == (True, "NoVolumes", "")


@pytest.mark.parametrize("known", [record(primary=None), claimed()])
def test_volumes_grow_also_without_a_primary(known: Record) -> None:
    assert isinstance(first_request(WANTED, Seen(known, dead(claims=(SMALL,)))), GrowClaim)


def test_a_stalled_operator_grows_nothing() -> None:
    assert first_request(WANTED, Seen(record(), view(claims=(SMALL,), stalled=True))) is None


def test_a_pod_whose_claim_may_not_grow_is_still_labelled() -> None:
    refused = SMALL._replace(refusal=GrowthRefusal(2 * GI, NO))
    seen = view(pod(0, serving(), role_label=""), claims=(refused,))
    taken = walk(repair.step, repair.start(), (Seen(record(), seen),), WANTED)
    assert taken.triggers == "label"


@pytest.mark.parametrize(
    ("claims", "resized", "reason", "part"),
    [
        ((LARGE,), True, "AsAsked", ""),
        ((SMALL._replace(requested_bytes=3 * GI, capacity_bytes=3 * GI),), True, "AsAsked", ""),
        ((SMALL,), False, "Resizing", "data-vc-0 asks for 1Gi of 2Gi"),
        ((SMALL._replace(bound=False),), False, "Resizing", "waits to be bound"),
        ((LARGE._replace(bound=False, capacity_bytes=0),), True, "AsAsked", ""),
        ((LARGE._replace(capacity_bytes=GI),), False, "Resizing", "data-vc-1 has 1Gi of 2Gi"),
        (
            (LARGE._replace(capacity_bytes=GI, resize=Resize.FILE_SYSTEM),),
            False,
            "FileSystemResizePending",
            "data-vc-1: the volume has grown",
        ),
        (
            (LARGE._replace(capacity_bytes=GI, resize=Resize.FAILED, note="out of space"),),
            False,
            "ResizeFailed",
            "data-vc-1: out of space",
        ),
        ((SMALL._replace(refusal=GrowthRefusal(2 * GI, NO)), LARGE), False, "ResizeRefused", f"data-vc-0: {NO}"),
        ((SMALL._replace(refusal=GrowthRefusal(3 * GI, NO)),), False, "Resizing", "1Gi of 2Gi"),
        ((SMALL._replace(deleting=True),), True, "AsAsked", ""),
    ],
)
def test_the_state_of_the_volumes_is_shown(
    claims: tuple[ClaimView, ...], resized: bool, reason: str, part: str
) -> None:
    state = storage_state(WANTED, of(*claims))
    assert (state.resized, state.reason) == (resized, reason)
    assert part in state.message
    assert bool(state.message) is not resized


def test_the_worst_state_is_shown_for_all_claims_that_are_in_it() -> None:
    refused = [
        SMALL._replace(name=f"data-vc-{n}", refusal=GrowthRefusal(2 * GI, f"no {n}", due=n == 2)) for n in (0, 2)
    ]
    state = storage_state(WANTED, of(refused[0], LARGE._replace(capacity_bytes=GI), refused[1]))
    assert state.reason == "ResizeRefused"
    assert state.message.startswith("data-vc-0: no 0; data-vc-2: no 2; the StorageClass needs allowVolumeExpansion")


def test_the_condition_says_what_the_state_says() -> None:
    shown = summarize(WANTED, record(), of(LARGE), Notes()).signs
    assert Sign("StorageResized", True, "AsAsked", "") in shown


def test_pods_of_an_older_template_are_named_with_what_to_do() -> None:
    signs = {sign.type: sign for sign in summarize(FACTS, record(), view(), Notes(outdated=("vc-0", "vc-2"))).signs}
    pending = signs["RolloutPending"]
    assert pending.holds
    assert pending.message.startswith("vc-0, vc-2: ")
    assert "delete one pod at a time, replicas first" in pending.message
