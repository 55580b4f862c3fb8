"""The positions of the fence: two for each epoch, and the users that belong to each."""

import pytest

from gungnir.errors import BugError
from gungnir.resources import fence


def test_acting_comes_after_voting_and_before_the_next_vote() -> None:
    positions = [at(epoch) for epoch in range(4) for at in (fence.voting, fence.acting)]
    assert positions == sorted(set(positions))


@pytest.mark.parametrize("epoch", [0, 1, 7, 10**17])
def test_a_position_tells_its_epoch_and_whether_it_votes(epoch: int) -> None:
    assert [fence.epoch_at(at(epoch)) for at in (fence.voting, fence.acting)] == [epoch, epoch]
    assert [fence.is_voting(at(epoch)) for at in (fence.voting, fence.acting)] == [True, False]


def test_a_voting_pod_accepts_no_user_as_which_it_could_be_followed_or_promoted() -> None:
    assert fence.users(fence.voting(7)) == ("vote-7",)
    assert fence.users(fence.acting(7)) == ("op-7", "repl-7")


@pytest.mark.parametrize("position", [*range(6), 2 * 10**17 + 1])
def test_every_user_of_a_position_leads_back_to_it(position: int) -> None:
    assert {fence.position_of(user) for user in fence.users(position)} == {position}
    assert fence.commander(position) in fence.users(position)


@pytest.mark.parametrize(
    "user", ["default", "probe", "op-", "op-x", "op--1", "op-٣", "operator-9", "vote", "repl-1 ", "op-1\n", "OP-1", ""]
)
def test_users_of_others_belong_to_no_position(user: str) -> None:
    assert fence.position_of(user) is None


def test_there_is_no_position_before_epoch_0() -> None:
    with pytest.raises(BugError, match="-1"):
        fence.commander(fence.voting(-1))


def test_a_mark_belongs_to_the_acting_position_of_its_epoch_and_is_no_user_of_it() -> None:
    """Whoever acts in another epoch drops it with the users of its position; nobody logs in as it."""
    assert fence.position_of(fence.mark(7)) == fence.acting(7)
    assert fence.mark(7) not in fence.users(fence.acting(7))
    assert fence.is_mark(fence.mark(7))
    assert not any(fence.is_mark(user) for user in ("op-7", "lead-", "lead-x", "was/0b6fe2a0/lead-7"))


def test_marks_of_earlier_clusters_tell_the_newest_epoch_and_promotion_of_each_the_latest_first() -> None:
    """What was carried over twice is of the cluster before the one that was carried over once."""
    users = ("default", "op-9", "was/bbbb/vote-2", "was/bbbb/was/aaaa/op-5", "was/bbbb/was/aaaa/lead-4")
    assert fence.formers(users) == (fence.Former("bbbb", 2, 0), fence.Former("aaaa", 5, 4))


def test_a_mark_of_a_pod_whose_process_did_not_end_in_order_does_not_count() -> None:
    """Nor do those of clusters before; what its volume knows of epochs does, and so does what came later."""
    users = (
        "was/bbbb/lead-2",
        "was/bbbb/was/aaaa/lead-5",
        "was/bbbb/was/aaaa/torn",
        "was/bbbb/was/aaaa/was/cccc/lead-3",
    )
    assert fence.formers(users) == (fence.Former("bbbb", 2, 2), fence.Former("aaaa", 5, 0), fence.Former("cccc", 3, 0))
    assert fence.formers(("torn", "was/bbbb/lead-2")) == (fence.Former("bbbb", 2, 0),)


@pytest.mark.parametrize(
    "users", [(), ("op-5", "lead-5"), ("was/",), ("was/aaaa",), ("was/aaaa/default",), ("was//op-3",)]
)
def test_what_is_no_mark_of_an_earlier_cluster_tells_nothing(users: tuple[str, ...]) -> None:
    """Users of the cluster itself, and names that nobody writes."""
    assert fence.formers(users) == ()
