"""Whose data is the newest on kept volumes: what their marks tell, and each doubt in which nobody is named."""

import pytest

from gungnir.machines.kept import Kept, last_primary
from gungnir.machines.view import Life
from tests.unit.machines.worlds import server

A, B, C = "aaaa", "bbbb", "cccc"


def kept(*volumes: tuple[Life, ...], keys: tuple[int, ...] = (7, 7, 7), promoted: tuple[int, ...] = (0, 0, 0)) -> str:
    """Return who is named, of three pods whose volumes tell this, the latest cluster first."""
    return last_primary(
        tuple(
            Kept(f"vc-{n}", server(n, keys=keys[n], promoted=promoted[n], lives=lives))
            for n, lives in enumerate(volumes)
        )
    )


@pytest.mark.parametrize("position", [0, 1, 2])
def test_the_pod_promoted_in_the_newest_epoch_is_named_whatever_its_ordinal(position: int) -> None:
    """An older mark is that of a former primary that only voted since, or was not told anything."""
    lives = [(Life(A, 5),), (Life(A, 3, 3),)]
    lives.insert(position, (Life(A, 5, 5),))
    assert kept(*lives) == f"vc-{position}"
    assert kept(*lives, keys=(0, 0, 0)) == f"vc-{position}"


def test_a_replica_that_was_left_behind_and_a_new_volume_do_not_matter() -> None:
    """Who knows an older epoch confirmed nothing in the newest one; a new volume has nothing to confirm."""
    assert kept((Life(A, 2),), (Life(A, 5, 5),), (), keys=(9, 1, 0)) == "vc-1"


DOUBTS = {
    "its volume is not here": ((Life(A, 5),), (Life(A, 5),), (Life(A, 4, 4),)),
    "a failover was begun": ((Life(A, 6),), (Life(A, 5, 5),), (Life(A, 5),)),
    "a failover was begun, and it voted": ((Life(A, 6),), (Life(A, 6, 5),), (Life(A, 5),)),
    "its volume was copied": ((Life(A, 5, 5),), (Life(A, 5, 5),), (Life(A, 5),)),
    "nobody is marked": ((Life(A, 5),), (Life(A, 5),), (Life(A, 5),)),
    "nobody was ever told anything": ((Life(A, 0),), (Life(A, 0),), (Life(A, 0),)),
    "no cluster is known": ((), (), ()),
}


@pytest.mark.parametrize("volumes", DOUBTS.values(), ids=DOUBTS.keys())
def test_nobody_is_named_where_the_newest_promotion_is_not_among_them(volumes: tuple[tuple[Life, ...], ...]) -> None:
    """Somebody may have been promoted whose volume is not here, or the mark is of a primary that was in doubt."""
    assert kept(*volumes) == ""


def test_nobody_is_named_where_a_pod_with_data_does_not_know_of_which_cluster() -> None:
    """It may be of a later one, or have been put there by hand."""
    assert kept((Life(A, 5, 5),), (Life(A, 5),), ()) == ""
    assert kept((Life(A, 5, 5),), (Life(A, 5),), (), keys=(7, 7, 0)) == "vc-0"


def test_of_two_clusters_the_later_one_decides_if_a_volume_that_was_part_of_both_tells_which_that_is() -> None:
    """The third pod was about to act in the later cluster, and never did."""
    acted = ((Life(B, 1, 1),), (Life(B, 1),))
    assert kept(*acted, (Life(B, 1), Life(A, 9, 9))) == "vc-0"
    assert kept(*acted, (Life(A, 9, 9),)) == ""
    assert kept((Life(B, 1, 1), Life(A, 1)), (Life(A, 1, 1), Life(B, 1)), ()) == ""


def test_a_cluster_that_nobody_acted_for_is_passed_over() -> None:
    """It was deleted before it had a primary: the data is that of the one before it."""
    never = (Life(C, 1), Life(B, 0))
    assert kept((*never, Life(A, 5)), (*never[1:], Life(A, 5, 5)), (Life(A, 5),)) == "vc-1"
    assert kept((*never, Life(A, 5)), (*never, Life(A, 5, 5)), (Life(C, 0),), keys=(7, 7, 0)) == "vc-1"


def test_a_volume_without_a_key_that_may_have_acted_for_a_later_cluster_is_a_doubt() -> None:
    """That cluster may have had a primary which deleted everything, and whose volume is not here."""
    lives = (Life(C, 1), Life(A, 5, 5))
    assert kept(lives, lives, (Life(C, 1),), keys=(7, 7, 0)) == ""
    assert kept(lives, (Life(C, 1), Life(A, 5)), (Life(C, 1, 1),), keys=(7, 7, 0)) == "vc-2"


def test_a_promotion_in_this_very_cluster_comes_before_all_earlier_ones() -> None:
    """Its candidate was chosen once, and nobody was recorded as primary since; the newest one stands."""
    lives = (Life(A, 5, 5),)
    assert kept(lives, (), (), promoted=(0, 1, 0)) == "vc-1"
    assert kept(lives, (), (), promoted=(0, 1, 2)) == "vc-2"
    assert kept(lives, (), (), promoted=(2, 1, 2)) == ""


def test_of_no_pods_none_is_named() -> None:
    """It is asked only where there are some."""
    assert last_primary(()) == ""
