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
