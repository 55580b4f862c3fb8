"""Volumes only grow, and only to what is asked for."""

from gungnir.machines.facts import Facts
from gungnir.machines.storage import claim_to_grow
from gungnir.machines.view import ClaimView, GrowthRefusal, View


def _chosen(wanted: int, requested: int, *, bound: bool = True, refused: int = -1, due: bool = False) -> bool:
    refusal = None if refused < 0 else GrowthRefusal(refused, "no", due)
    claim = ClaimView("data-vc-0", "uid", "v", requested, requested, bound=bound, refusal=refusal)
    facts = Facts("vc", "uid", 1, 0, persistent=True, volume_bytes=wanted)
    return claim_to_grow(facts, View((), claims=(claim,))) is not None


def a_claim_grows_exactly_if_it_asks_for_less(wanted: int, requested: int, bound: bool) -> bool:
    """A bound claim whose size is known is to grow exactly if it asks for less than the spec: it never shrinks.

    pre: wanted >= 0
    post: _
    """
    return _chosen(wanted, requested, bound=bound) == (bound and 0 <= requested < wanted)


def what_was_refused_waits_until_it_is_due(wanted: int, requested: int, refused: int, due: bool) -> bool:
    """A size that was refused is asked for again when it is due, and another size at once.

    pre: 0 <= requested < wanted
    pre: 0 <= refused
    post: _
    """
    return _chosen(wanted, requested, refused=refused, due=due) == (refused != wanted or due)
