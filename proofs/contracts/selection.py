"""Who is better: a strict total order, in which history comes before offset and nothing else before both."""

from gungnir.machines.selection import Vote, best, better

RUNS = ("a", "b", "c")
PODS = ("vc-0", "vc-1", "vc-2")


def _vote(pod: int, history: int, offset: int, priority: int) -> Vote:
    return Vote(PODS[pod], "uid", RUNS[pod], history, offset, priority)


def of_two_pods_one_is_better(h1: int, o1: int, p1: int, h2: int, o2: int, p2: int) -> bool:
    """Of two different pods exactly one is better.

    post: _
    """
    left, right = _vote(0, h1, o1, p1), _vote(1, h2, o2, p2)
    return better(left, right) != better(right, left)


def nobody_is_better_than_itself(history: int, offset: int, priority: int) -> bool:
    """No vote is better than itself.

    post: _
    """
    vote = _vote(0, history, offset, priority)
    return not better(vote, vote)


def better_is_transitive(h1: int, o1: int, h2: int, o2: int, h3: int, o3: int) -> bool:
    """Who is better than a better one is better.

    post: _
    """
    one, two, three = _vote(0, h1, o1, 100), _vote(1, h2, o2, 100), _vote(2, h3, o3, 100)
    return not (better(one, two) and better(two, three)) or better(one, three)


def history_comes_first(h1: int, o1: int, p1: int, h2: int, o2: int, p2: int, wanted: int) -> bool:
    """A later history is better, whatever the offsets, the priorities and the wish of a person are.

    pre: h1 > h2
    pre: 0 <= wanted <= 1
    post: _
    """
    return better(_vote(0, h1, o1, p1), _vote(1, h2, o2, p2), PODS[wanted])


def offset_comes_second(history: int, o1: int, p1: int, o2: int, p2: int, wanted: int) -> bool:
    """Of one history the larger offset is better, whatever the priorities and the wish of a person are.

    pre: o1 > o2
    pre: 0 <= wanted <= 1
    post: _
    """
    return better(_vote(0, history, o1, p1), _vote(1, history, o2, p2), PODS[wanted])


def the_target_wins_among_equals(history: int, offset: int, p1: int, p2: int) -> bool:
    """Of two pods with the same data the one that a person asked for is better, whatever the priorities are.

    post: _
    """
    return better(_vote(0, history, offset, p1), _vote(1, history, offset, p2), PODS[0])


def who_leaves_loses_among_equals(history: int, offset: int, p1: int, p2: int) -> bool:
    """Of two pods with the same data the one that does not leave is better, whatever the priorities are.

    post: _
    """
    return better(_vote(0, history, offset, p1), _vote(1, history, offset, p2), "", PODS[1])


def priority_0_loses_among_equals(history: int, offset: int, priority: int) -> bool:
    """Of two pods with the same data the one with priority 0 (never, for Sentinel) loses.

    pre: priority > 0
    post: _
    """
    return better(_vote(0, history, offset, priority), _vote(1, history, offset, 0))


def the_lower_priority_wins_among_equals(history: int, offset: int, p1: int, p2: int) -> bool:
    """Of two pods with the same data the lower priority is better, as in Sentinel.

    pre: 0 < p1 < p2
    post: _
    """
    return better(_vote(0, history, offset, p1), _vote(1, history, offset, p2))


def nobody_is_better_than_the_best(h1: int, o1: int, h2: int, o2: int, h3: int, o3: int) -> bool:
    """Of three votes none is better than the one that is chosen.

    post: _
    """
    votes = (_vote(0, h1, o1, 100), _vote(1, h2, o2, 100), _vote(2, h3, o3, 100))
    chosen = best(votes)
    return chosen is not None and not any(better(vote, chosen) for vote in votes)
