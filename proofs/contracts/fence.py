"""The positions of the fence: each epoch is above all earlier ones, and acting comes after voting."""

from gungnir.resources.fence import acting, epoch_at, is_voting, voting


def a_position_tells_its_epoch(epoch: int) -> bool:
    """Both positions of an epoch lead back to it, and tell which of the two they are.

    post: _
    """
    both = epoch_at(voting(epoch)) == epoch_at(acting(epoch)) == epoch
    return both and is_voting(voting(epoch)) and not is_voting(acting(epoch))


def acting_comes_after_voting(epoch: int) -> bool:
    """A late order to vote in the very epoch of a promotion is refused.

    post: _
    """
    return voting(epoch) < acting(epoch)


def a_later_epoch_is_above_all_of_an_earlier_one(earlier: int, later: int) -> bool:
    """Whoever votes in a later epoch takes no order of an earlier one.

    pre: earlier < later
    post: _
    """
    return acting(earlier) < voting(later)
