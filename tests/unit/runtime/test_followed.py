"""Our own writes and the events about them meet in any order; what is cached is never older than what was known."""

from itertools import pairwise
from typing import Any

import pytest

from gungnir.runtime.cluster_cache import ClusterCache
from gungnir.runtime.followed import KEPT_VERSIONS, PATIENCE_MS, Followed

LATER_S = PATIENCE_MS / 1000


def obj(version: str, uid: str = "u1") -> dict[str, Any]:
    return {"metadata": {"name": "c", "namespace": "n", "uid": uid, "resourceVersion": version}}


def cached(cache: Followed) -> str:
    assert cache.obj is not None
    return str(cache.obj["metadata"]["resourceVersion"])


def test_an_event_that_is_older_than_our_write_does_not_take_it_back() -> None:
    cache = Followed(obj("a"))
    cache.wrote(obj("c"), 0.0)
    assert not cache.saw(obj("b"), 0.1)
    assert cached(cache) == "c"
    assert cache.saw(obj("c"), 0.2)
    assert cache.saw(obj("d"), 0.3)
    assert cached(cache) == "d"


def test_the_event_of_our_write_may_come_before_its_answer() -> None:
    cache = Followed(obj("a"))
    assert cache.saw(obj("b"), 0.0)
    cache.wrote(obj("b"), 0.1)
    assert cache.saw(obj("c"), 0.2), "nothing is awaited any more"
    assert cached(cache) == "c"


def test_somebody_elses_change_may_come_before_the_answer_to_our_write() -> None:
    cache = Followed(obj("a"))
    for version in ("b", "c"):
        cache.saw(obj(version), 0.0)
    cache.wrote(obj("b"), 0.1)
    assert cached(cache) == "c"


def test_two_writes_whose_events_are_late_are_told_apart_from_a_change_behind_them() -> None:
    cache = Followed(obj("a"))
    cache.wrote(obj("b"), 0.0)
    cache.wrote(obj("c"), 0.1)
    for version, taken in (("b", False), ("c", True), ("d", True)):
        assert cache.saw(obj(version), 0.2) is taken
    assert cached(cache) == "d"


def test_what_a_list_shows_instead_of_our_version_is_taken_after_a_while() -> None:
    cache = Followed(obj("a"))
    cache.wrote(obj("b"), 0.0)
    assert not cache.saw(obj("d"), 0.1)
    assert not cache.settle(LATER_S - 0.001)
    assert cached(cache) == "b"
    assert cache.settle(LATER_S)
    assert cached(cache) == "d"
    assert not cache.settle(LATER_S), "there is nothing left to take"
    assert cache.saw(obj("e"), LATER_S)


def test_an_answer_that_comes_after_all_events_takes_what_was_held() -> None:
    cache = Followed(obj("a"))
    cache.wrote(obj("b"), 0.0)
    for version in ("c", "d"):
        assert not cache.saw(obj(version), 0.1)
    cache.wrote(obj("c"), 0.2)
    assert cached(cache) == "d"


def test_an_object_made_anew_is_taken_at_once() -> None:
    cache = Followed(obj("a"))
    cache.wrote(obj("b"), 0.0)
    assert cache.saw(obj("c", uid="u2"), 0.1)
    assert cached(cache) == "c"


@pytest.mark.parametrize("writes", [1, 3, KEPT_VERSIONS])
def test_whatever_comes_first_the_last_version_is_cached_in_the_end(writes: int) -> None:
    versions = [str(number) for number in range(writes + 1)]
    cache = Followed(obj("0"))
    for before, version in pairwise(versions):
        if int(version) % 2:
            cache.saw(obj(version), 0.0)
            cache.wrote(obj(version), 0.0)
        else:
            cache.wrote(obj(version), 0.0)
            cache.saw(obj(before), 0.0)
            cache.saw(obj(version), 0.0)
    assert cached(cache) == versions[-1]
    assert cache.saw(obj("other"), 0.0)


def test_a_pod_that_is_deleted_while_it_is_written_stays_deleted() -> None:
    cache = ClusterCache()
    assert cache.saw_pod(obj("a"), 0.0)
    cache.pod_gone({"metadata": {"name": "c", "uid": "u"}})
    cache.wrote_pod(obj("b"), 0.1)
    assert not cache.pods


def test_a_pod_is_as_our_last_write_made_it_until_an_event_shows_more() -> None:
    cache = ClusterCache()
    cache.saw_pod(obj("a"), 0.0)
    cache.wrote_pod(obj("b"), 0.1)
    cache.wrote_pod(obj("c"), 0.2)
    assert not cache.saw_pod(obj("b"), 0.3)
    assert cache.pods["c"] == obj("c")
    assert not cache.settle(1.0)
    assert cache.saw_pod(obj("c"), 1.0)
    assert cache.saw_pod(obj("d"), 1.0)
    assert cache.pods["c"] == obj("d")
