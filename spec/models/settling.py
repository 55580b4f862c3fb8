"""What must happen sooner or later in the world of owned objects, for every weakly fair run.

A watch is strongly fair, as in ``spec.models.progress``; the operator, the garbage collector and the API server have a
class each. Whoever interferes does so within a budget, and need not.
"""

from typing import NamedTuple

from spec.environment.owned import OwnedWorld, successors
from spec.explorer import Search
from spec.graph import Graph
from spec.liveness import eventually_always
from spec.models.reconcile import OwnedModel, as_asked, first_world
from spec.story import told_of
from spec.world import Label


class Settled(NamedTuple):
    """How many states there are, and the story of a fair run in which it never becomes so for good; empty if none."""

    states: int
    against: str


def _fairness(label: Label) -> str:
    return f"{label.who}: watch" if label.name == "watch" else label.who


def becomes_as_asked(model: OwnedModel) -> Settled:
    """Once nobody interferes any more, objects become as the spec says, or gone with their cluster, for good (L2, L12).

    Raises:
        ValueError: the model is larger than what is searched.
    """
    graph, first = Graph(), first_world(model)
    search: Search[OwnedWorld] = Search(successors, marks=(("as asked", as_asked),), fairness=_fairness, graph=graph)
    result = search.run(first)
    if not result.complete:
        raise ValueError(f"the graph is not complete: {result.line()}")
    graph.strong = sum(1 << number for number, name in enumerate(graph.classes) if name.endswith(": watch"))
    lasso = eventually_always(graph, bool)
    if lasso is None:
        return Settled(graph.states, "")
    steps = search.story(first, [graph.choices[edge] for edge in (*lasso.prefix, *lasso.cycle)])
    return Settled(graph.states, f"{told_of(first, steps)}\n(the last {len(lasso.cycle)} steps for ever)")
