"""Claims as the informer shows them, in bytes, with what was refused remembered for exactly the claim that it was."""

from typing import Any

import pytest

from gungnir.machines.requests import GrowClaim
from gungnir.machines.view import ClaimView, GrowthRefusal, Resize
from gungnir.runtime.claim_cache import ClaimCache

GI = 2**30
GROW = GrowClaim("data-vc-0", "u1", "7", 2 * GI)


def claim(uid: str = "u1", storage: str = "1Gi", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "data-vc-0", "uid": uid, "resourceVersion": "7"},
        "spec": {"resources": {"requests": {"storage": storage}}},
        "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, **status},
    }


def seen(obj: dict[str, Any]) -> ClaimCache:
    cache = ClaimCache()
    cache.saw(obj)
    return cache


def only(cache: ClaimCache, now_s: float = 0.0) -> ClaimView:
    (view,) = cache.views(now_s)
    return view


def test_a_claim_is_shown_with_its_sizes_in_bytes() -> None:
    assert only(seen(claim(storage="1.5Gi"))) == ClaimView("data-vc-0", "u1", "7", 3 * GI // 2, GI)


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({"metadata": {"name": "data-vc-0", "uid": "u1"}}, ClaimView("data-vc-0", "u1", "", 0, 0, bound=False)),
        (claim(phase="Pending", capacity=None), ClaimView("data-vc-0", "u1", "7", GI, 0, bound=False)),
        (claim(storage="a lot"), ClaimView("data-vc-0", "u1", "7", -1, GI)),
        (claim(storage="1500m"), ClaimView("data-vc-0", "u1", "7", 2, GI)),
    ],
    ids=["bare", "pending", "no-quantity", "fraction"],
)
def test_an_incomplete_or_odd_claim_is_shown_for_what_is_known_of_it(obj: dict[str, Any], expected: ClaimView) -> None:
    assert only(seen(obj)) == expected


def test_a_claim_that_is_being_deleted_says_so() -> None:
    obj = claim()
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert only(seen(obj)).deleting


@pytest.mark.parametrize(
    ("status", "resize", "note"),
    [
        ({"conditions": [{"type": "Resizing", "status": "True"}]}, Resize.RUNNING, "Resizing"),
        ({"conditions": [{"type": "Resizing", "status": "False"}]}, Resize.NONE, ""),
        (
            {"conditions": [{"type": "FileSystemResizePending", "status": "True", "message": "waiting"}]},
            Resize.FILE_SYSTEM,
            "waiting",
        ),
        (
            {
                "conditions": [
                    {"type": "Resizing", "status": "True"},
                    {"type": "NodeResizeError", "status": "True", "message": "out of space"},
                ]
            },
            Resize.FAILED,
            "out of space",
        ),
        (
            {"allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}},
            Resize.FAILED,
            "ControllerResizeInfeasible",
        ),
        ({"allocatedResourceStatuses": {"storage": "NodeResizePending"}}, Resize.NONE, ""),
    ],
)
def test_how_far_a_growth_is_comes_from_the_claims_own_status(
    status: dict[str, Any], resize: Resize, note: str
) -> None:
    view = only(seen(claim(**status)))
    assert (view.resize, view.note) == (resize, note)


def test_a_refusal_is_shown_until_it_falls_due_and_then_as_due() -> None:
    cache = seen(claim())
    cache.refused(GROW, "no", due_s=300.0)
    assert only(cache, 299.9).refusal == GrowthRefusal(2 * GI, "no")
    assert only(cache, 300.0).refusal == GrowthRefusal(2 * GI, "no", due=True)


def test_a_refusal_is_not_held_against_another_claim_of_the_same_name() -> None:
    cache = seen(claim())
    cache.refused(GROW, "no", due_s=300.0)
    cache.saw(claim(uid="u2"))
    assert only(cache).refusal is None


def test_success_and_deletion_end_a_refusal() -> None:
    cache = seen(claim())
    cache.refused(GROW, "no", due_s=300.0)
    cache.grew(claim(storage="2Gi"), cache.objects["data-vc-0"])
    assert only(cache).refusal is None
    assert only(cache).requested_bytes == 2 * GI
    cache.refused(GROW, "no", due_s=300.0)
    cache.gone("data-vc-0")
    assert cache.views(0.0) == ()
    assert cache.retry_ms(0.0) is None


def test_an_event_that_came_before_the_answer_to_our_write_is_kept() -> None:
    cache = seen(claim())
    before = cache.objects["data-vc-0"]
    cache.saw(claim(storage="2Gi", capacity={"storage": "2Gi"}))
    cache.grew(claim(storage="2Gi"), before)
    assert only(cache).capacity_bytes == 2 * GI
    cache.gone("data-vc-0")
    cache.grew(claim(storage="2Gi"), before)
    assert cache.views(0.0) == ()


def test_the_next_try_is_when_the_first_refusal_falls_due_and_never_for_one_that_is() -> None:
    cache = seen(claim())
    assert cache.retry_ms(0.0) is None
    cache.refused(GROW, "no", due_s=300.0)
    cache.refused(GROW._replace(claim="data-vc-1"), "no", due_s=10.0)
    assert cache.retry_ms(0.0) == 10_000
    assert cache.retry_ms(9.9999) == 1
    assert cache.retry_ms(10.0) == 290_000
    assert cache.retry_ms(300.0) is None
