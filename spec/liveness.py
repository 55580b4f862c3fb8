"""What must happen sooner or later: checked on the whole explored graph, for every run that is weakly fair.

Rules
- An action that need happen has a fairness class. A run is fair if it does not go on for ever with a class that could
  move all the time and never does. Faults have no class: they may happen, within their budget, and need not.
- An endless run ends in a component (a set of states that can all reach each other) which it goes round. If every
  class is disabled somewhere in it, or moves on an edge inside, there is a fair run that stays; else there is none, in
  no part of it either. So ``P leads to Q`` fails exactly if, from a state of P, a fair component without Q can be
  reached without passing through Q.
- A class may be strongly fair: then it moves if it can again and again, even if not all the time. Of a component in
  which it could and never does, only the states in which it cannot are looked at again.
- A state in which nothing fair can move is a component, too: a run may end there.

A graph that was cut short proves nothing, nor does one in which states were taken for each other by symmetry: both are
refused. What a finite model leaves out (how often a fault may happen, how long a thing takes) is left out here too.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from spec.graph import Graph

UNSEEN: Final = -1
Holds = Callable[[int], bool]
"""What is asked of a state, given the bit mask of the marked predicates that hold in it."""


class Lasso(NamedTuple):
    """A fair run against a property: the edges that lead into a component, and those that go round it (none: it ends).

    ``from_step``: after how many edges what should have led to something held.
    """

    prefix: tuple[int, ...]
    cycle: tuple[int, ...]
    from_step: int = 0


def leads_to(graph: Graph, start: Holds, goal: Holds) -> Lasso | None:
    """Return a fair run in which ``start`` holds at some time and ``goal`` never from then on, or None.

    Raises:
        ValueError: the graph is not complete.
    """
    _require_complete(graph)
    allowed = bytearray(not goal(marks) for marks in graph.marks)
    starts = [state for state, marks in enumerate(graph.marks) if allowed[state] and start(marks)]
    reached = _reachable(graph, starts, allowed)
    for component in _fair_components(graph, reached):
        return _lasso(graph, starts, allowed, component)
    return None


def eventually_always(graph: Graph, stays: Holds) -> Lasso | None:
    """Return a fair run in which ``stays`` fails again and again, or for ever, or None.

    Raises:
        ValueError: the graph is not complete.
    """
    _require_complete(graph)
    everything = bytearray(b"\1") * graph.states
    for component in _fair_components(graph, everything):
        outside = [state for state in component if not stays(graph.marks[state])]
        if outside:
            return _lasso(graph, [0], everything, component, outside[0])
    return None


def _require_complete(graph: Graph) -> None:
    if len(graph.first) != graph.states + 1:
        raise ValueError(f"of {graph.states} states, {len(graph.first) - 1} were expanded: that proves nothing")


# --- components -----------------------------------------------------------------------------------------------------


def components(graph: Graph, allowed: bytearray) -> Iterator[list[int]]:
    """Yield the strongly connected components of the allowed states (Tarjan, without recursion)."""
    order = array("l", [UNSEEN]) * graph.states
    low = array("l", [0]) * graph.states
    on_stack = bytearray(graph.states)
    stack: list[int] = []
    count = 0
    for root in range(graph.states):
        if not allowed[root] or order[root] != UNSEEN:
            continue
        work: list[tuple[int, int]] = [(root, graph.first[root])]
        while work:
            state, edge = work.pop()
            if order[state] == UNSEEN:
                order[state] = low[state] = count
                count += 1
                stack.append(state)
                on_stack[state] = 1
            last = graph.first[state + 1]
            descended = False
            while edge < last:
                target = graph.targets[edge]
                if allowed[target]:
                    if order[target] == UNSEEN:
                        work.append((state, edge))
                        work.append((target, graph.first[target]))
                        descended = True
                        break
                    if on_stack[target]:
                        low[state] = min(low[state], low[target])
                edge += 1
            if not descended and low[state] == order[state]:
                yield _popped(stack, on_stack, state)


def _popped(stack: list[int], on_stack: bytearray, root: int) -> list[int]:
    component: list[int] = []
    while True:
        state = stack.pop()
        on_stack[state] = 0
        component.append(state)
        if state == root:
            return component


def _fair_components(graph: Graph, allowed: bytearray) -> Iterator[list[int]]:
    """Yield the components in which a fair run can stay for ever, going round all of each."""
    todo = [allowed]
    while todo:
        for component in components(graph, todo.pop()):
            could, always = 0, -1
            for state in component:
                could |= graph.enabled[state]
                always &= graph.enabled[state]
            moves = _moving(graph, component)
            refused = could & graph.strong & ~moves
            if refused:
                rest = bytearray(graph.states)
                for state in component:
                    rest[state] = not graph.enabled[state] & refused
                todo.append(rest)
            elif not always & ~moves:
                yield component


def _moving(graph: Graph, component: Sequence[int]) -> int:
    """Return the classes that move inside a component, as a bit mask."""
    inside = set(component)
    moving = 0
    for edge in _edges(graph, component):
        if graph.targets[edge] in inside and graph.fair[edge] >= 0:
            moving |= 1 << graph.fair[edge]
    return moving


def _edges(graph: Graph, component: Sequence[int]) -> Iterator[int]:
    for state in component:
        yield from range(graph.first[state], graph.first[state + 1])


# --- counterexamples ------------------------------------------------------------------------------------------------


def _reachable(graph: Graph, starts: Sequence[int], allowed: bytearray) -> bytearray:
    reached = bytearray(graph.states)
    todo = list(starts)
    for state in starts:
        reached[state] = 1
    while todo:
        state = todo.pop()
        for edge in range(graph.first[state], graph.first[state + 1]):
            target = graph.targets[edge]
            if allowed[target] and not reached[target]:
                reached[target] = 1
                todo.append(target)
    return reached


def _path(graph: Graph, starts: Sequence[int], allowed: bytearray | None, ends: Callable[[int], bool]) -> list[int]:
    """Return the edges of a shortest way from one of the states to an edge that ``ends`` it; [] if it ends at once."""
    came: dict[int, int] = dict.fromkeys(starts, UNSEEN)
    source: dict[int, int] = {}
    queue = deque(starts)
    while queue:
        state = queue.popleft()
        for edge in range(graph.first[state], graph.first[state + 1]):
            target = graph.targets[edge]
            if allowed is not None and not allowed[target]:
                continue
            source[edge] = state
            if ends(edge):
                return _walked_back(came, source, edge)
            if target not in came:
                came[target] = edge
                queue.append(target)
    raise ValueError("there is no such way, although there should be")


def _walked_back(came: dict[int, int], source: dict[int, int], edge: int) -> list[int]:
    path = []
    while edge != UNSEEN:
        path.append(edge)
        edge = came[source[edge]]
    return path[::-1]


def _lasso(
    graph: Graph, starts: Sequence[int], allowed: bytearray, component: Sequence[int], through: int = UNSEEN
) -> Lasso:
    """Return a run to the component and round it, through ``through`` and through whatever makes the round fair."""
    inside = bytearray(graph.states)
    for state in component:
        inside[state] = 1
    entry: list[int] = []
    if not any(inside[state] for state in starts):
        entry = _path(graph, starts, allowed, lambda edge: bool(inside[graph.targets[edge]]))
    begun = _source(graph, entry[0]) if entry else next(state for state in starts if inside[state])
    lead = [] if begun == 0 else _path(graph, [0], None, lambda edge: graph.targets[edge] == begun)
    first = graph.targets[entry[-1]] if entry else begun
    return Lasso((*lead, *entry), tuple(_round(graph, component, inside, first, through)), len(lead))


def _source(graph: Graph, edge: int) -> int:
    low, high = 0, graph.states
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if graph.first[middle] <= edge else (low, middle)
    return low


def _round(graph: Graph, component: Sequence[int], inside: bytearray, first: int, through: int) -> list[int]:
    internal = [edge for edge in _edges(graph, component) if inside[graph.targets[edge]]]
    if not internal:
        return []  # The run ends here: nothing fair can move.
    here, walked, visited = first, [], {first}

    def walk(ends: Callable[[int], bool]) -> None:
        nonlocal here
        for edge in _path(graph, [here], inside, ends):
            walked.append(edge)
            here = graph.targets[edge]
            visited.add(here)

    if through not in (UNSEEN, first):
        walk(lambda edge: graph.targets[edge] == through)
    moved = {graph.fair[edge] for edge in internal}
    for number in range(len(graph.classes)):
        idle = any(not graph.enabled[state] >> number & 1 for state in visited)
        if idle or any(graph.fair[edge] == number for edge in walked):
            continue
        if number in moved:
            walk(lambda edge, number=number: graph.fair[edge] == number)  # type: ignore[misc]
        else:
            walk(lambda edge, number=number: not graph.enabled[graph.targets[edge]] >> number & 1)  # type: ignore[misc]
    if here != first or not walked:
        walk(lambda edge: graph.targets[edge] == first)
    return walked
