"""The checker of liveness, on graphs whose answers are known; and the failover world, where things must get well."""

from types import ModuleType
from typing import NamedTuple

import pytest

from gungnir.machines import failover, repair
from gungnir.machines.facts import Facts
from gungnir.machines.failover_table import Phase
from gungnir.machines.kernel import Step
from gungnir.machines.requests import Reply, Seen
from gungnir.machines.view import PodView
from spec.graph import Graph
from spec.liveness import Lasso, components, eventually_always, leads_to
from spec.models import progress
from spec.models.failover import MODELS, Model, explore
from spec.models.progress import check, story
from spec.models.scenes import deposed, serving
from spec.world import Budget, Label

P, Q = 1, 2
Edge = tuple[int, int, str]
"""From, to, and the fairness class ("" if it need not happen)."""


def _graph(marks: list[int], *edges: Edge) -> Graph:
    graph = Graph(classes=sorted({name for _, _, name in edges if name}))
    for state, mark in enumerate(marks):
        graph.add_state(mark)
        for choice, (_, target, name) in enumerate(edge for edge in edges if edge[0] == state):
            graph.add_edge(target, choice, graph.classes.index(name) if name else -1)
        graph.end_state()
    return graph


def _leads(graph: Graph) -> Lasso | None:
    return leads_to(graph, lambda marks: bool(marks & P), lambda marks: bool(marks & Q))


def _stays(graph: Graph) -> Lasso | None:
    return eventually_always(graph, lambda marks: bool(marks & Q))


def test_a_fair_action_happens() -> None:
    """What may move for ever, and is fair, moves."""
    assert _leads(_graph([P, Q], (0, 1, "a"))) is None


def test_an_action_that_need_not_happen_may_never_happen() -> None:
    """Nobody can rely on it."""
    lasso = _leads(_graph([P, Q], (0, 1, "")))
    assert lasso == Lasso((), (), 0)


def test_a_run_may_end_where_nothing_fair_can_move() -> None:
    """There is no round then, only an end."""
    lasso = _leads(_graph([0, P, Q], (0, 1, "a"), (0, 2, "b")))
    assert lasso is not None
    assert len(lasso.prefix) == 1
    assert lasso.cycle == ()


def test_a_loop_that_keeps_a_fair_action_waiting_for_ever_is_not_fair() -> None:
    """An action that could move in every state of a round has to move."""
    graph = _graph([P, 0, Q], (0, 1, "a"), (1, 0, "a"), (0, 2, "b"), (1, 2, "b"))
    assert _leads(graph) is None


def test_a_loop_that_disables_it_again_and_again_is_fair() -> None:
    """Weak fairness asks for nothing that is not enabled all the time."""
    graph = _graph([P, 0, Q], (0, 1, "a"), (1, 0, "a"), (0, 2, "b"))
    lasso = _leads(graph)
    assert lasso is not None
    assert sorted(graph.targets[edge] for edge in lasso.cycle) == [0, 1]


def test_a_loop_that_takes_it_without_getting_anywhere_is_fair() -> None:
    """Whoever moves has had its turn, wherever that led."""
    graph = _graph([P, 0, Q], (0, 1, "a"), (1, 0, "b"), (1, 2, "b"), (0, 2, "c"))
    lasso = _leads(graph)
    assert lasso is not None
    taken = {graph.fair[edge] for edge in lasso.cycle}
    assert taken == {graph.classes.index("a"), graph.classes.index("b")}


def test_a_self_loop_counts_as_going_on() -> None:
    """A move that changes nothing is a move, and one that keeps another waiting."""
    assert _leads(_graph([P, Q], (0, 0, "a"), (0, 1, "b"))) is None
    assert _leads(_graph([P, Q], (0, 0, "a"), (0, 1, ""))) == Lasso((), (0,), 0)


def test_what_happens_before_it_is_asked_for_does_not_count() -> None:
    """Q on the way to P is of no use; a way through Q afterwards is."""
    assert _leads(_graph([Q, P], (0, 1, "a"))) is not None
    assert _leads(_graph([P, Q, 0], (0, 1, "a"), (1, 2, "a"))) is None


def test_a_goal_that_holds_at_once_is_reached() -> None:
    """Sooner or later includes now."""
    assert _leads(_graph([P | Q], (0, 0, "a"))) is None


def test_the_counterexample_leads_from_the_first_state_to_where_it_was_asked_for() -> None:
    """It says where the waiting began, and goes round after that."""
    asked_in = 2
    graph = _graph([0, 0, P, 0], (0, 1, "a"), (1, asked_in, "a"), (asked_in, 3, "a"), (3, 3, "a"))
    lasso = _leads(graph)
    assert lasso is not None
    assert [graph.targets[edge] for edge in lasso.prefix] == [1, 2, 3]
    assert graph.targets[lasso.prefix[lasso.from_step - 1]] == asked_in
    assert [graph.targets[edge] for edge in lasso.cycle] == [3]


def test_to_hold_for_ever_is_more_than_to_hold_again_and_again() -> None:
    """One is about every round, the other about every state of it."""
    graph = _graph([P, Q], (0, 1, "a"), (1, 0, "a"))
    assert _leads(graph) is None
    lasso = _stays(graph)
    assert lasso is not None
    assert 0 in {graph.targets[edge] for edge in lasso.cycle}
    assert _stays(_graph([P, Q], (0, 1, "a"), (1, 1, "a"))) is None


def test_the_round_passes_everything_that_makes_it_fair() -> None:
    """Three classes: one moves, one is idle in one state, one moves elsewhere; and it returns to where it began."""
    graph = _graph([P, 0, 0, Q], (0, 1, "a"), (1, 2, "b"), (2, 0, "a"), (0, 3, "c"), (1, 3, "c"), (1, 0, "a"))
    lasso = _leads(graph)
    assert lasso is not None
    walked = [graph.targets[edge] for edge in lasso.cycle]
    assert {1, 2} <= set(walked)
    assert walked[-1] == 0


def test_what_is_strongly_fair_needs_to_be_possible_again_and_again_only() -> None:
    """The loop that disables it is not fair any more; one that never comes to where it is enabled still is."""
    graph = _graph([P, 0, Q], (0, 1, "a"), (1, 0, "a"), (0, 2, "b"))
    graph.strong = 1 << graph.classes.index("b")
    assert _leads(graph) is None
    graph = _graph([P, 0, Q], (0, 1, "a"), (1, 0, "a"), (0, 2, "b"), (1, 1, "a"))
    graph.strong = 1 << graph.classes.index("b")
    lasso = _leads(graph)
    assert lasso is not None
    assert [graph.targets[edge] for edge in lasso.cycle] == [1]


def test_components_are_those_of_the_definition() -> None:
    """Two states are in one component if each can reach the other."""
    graph = _graph([0] * 6, (0, 1, ""), (1, 2, ""), (2, 0, ""), (2, 3, ""), (3, 4, ""), (4, 3, ""), (4, 5, ""))
    found = sorted(sorted(component) for component in components(graph, bytearray(b"\1" * 6)))
    assert found == [[0, 1, 2], [3, 4], [5]]


def test_a_graph_that_was_cut_short_proves_nothing() -> None:
    """A state that was not expanded may lead anywhere."""
    graph = _graph([P, Q], (0, 1, "a"))
    graph.add_state(0)
    with pytest.raises(ValueError, match="proves nothing"):
        _leads(graph)


# --- the failover world ---------------------------------------------------------------------------------------------

NAMES = ("replication id adopted early", "old primary with writes of its own returns", "scale-up")
DEPOSED = Model("deposed", Budget(crash=1), deposed)
CRASH = Model("crash", Budget(crash=1), serving)
UNREACHABLE = Model("a pod is out of reach", Budget(crash=1, cut_operator=1), serving)
LAGGARD = Model("lost answer", Budget(message=1), deposed)


LARGER = (
    "crash and lost answer",
    "crash of pod and operator",
    "two crashes",
    "late order to follow the old primary",
    "four pods, one of them left behind",
)
"""Not those in which power is lost or volumes are: there a person may be asked, and need not answer."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", [model for model in MODELS if model.name in NAMES], ids=lambda model: model.name)
def test_everything_gets_well_in_the_end(model: Model) -> None:
    """Rounds end, whoever is lost is replaced, and in the end everyone follows and the record says so."""
    _gets_well(model)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("model", [model for model in MODELS if model.name in LARGER], ids=lambda model: model.name)
def test_everything_gets_well_in_the_end_of_a_larger_model(model: Model) -> None:
    """As above, where it takes a minute."""
    _gets_well(model)


def _gets_well(model: Model) -> None:
    found = check(model)
    texts = [f"{failed.name}:\n{story(model, found, failed)}" for failed in found.failed]
    assert not texts, "\n\n".join(texts)


def _never_cut_off(_facts: Facts, _pod: PodView, _primary: PodView) -> bool:
    return False


_health = failover._health  # noqa: SLF001 - a mutant replaces what nobody else may call


def _not_resumed(facts: Facts, state: failover.State, reply: Reply) -> Step[failover.State]:
    """Look at the primary alone, and not at a failover that another round left behind."""
    if isinstance(reply, Seen) and reply.record.intent is not None:
        reply = reply._replace(record=reply.record._replace(intent=None))
    return _health(facts, state, reply)


HANDLERS = {**failover._HANDLERS, Phase.HEALTH: _not_resumed}  # noqa: SLF001 - as above


def _seen_healthy(facts: Facts, state: failover.State, reply: Reply) -> Step[failover.State]:
    """Look away once there is a primary."""
    if isinstance(reply, Seen) and reply.record.primary is not None and reply.record.intent is None:
        return failover._to(state, "healthy")  # noqa: SLF001 - as above
    return _health(facts, state, reply)


BLIND = {**failover._HANDLERS, Phase.HEALTH: _seen_healthy}  # noqa: SLF001 - as above
_fairness = progress.fairness


def _unwatched(label: Label) -> str:
    """Let the API server put off what it tells of changes for ever."""
    return "" if label.name == "watch" else _fairness(label)


class Late(NamedTuple):
    """A wrong version of code or world that no state and no step shows, and what it breaks in the long run."""

    name: str
    model: Model
    killed_by: tuple[str, ...]
    patches: tuple[tuple[ModuleType, str, object], ...]


ONLY_LATE = (
    Late(
        "a replica that finds no way to its primary is not told again",
        UNREACHABLE,
        ("oldMasterRejoins", "recordMatches"),
        ((repair, "_cut_off", _never_cut_off),),
    ),
    Late(
        "a failover that was left behind is not resumed",
        CRASH._replace(budget=Budget(crash=1, restart=1)),
        ("failedMasterReplaced", "noFlap", "oldMasterRejoins", "recordMatches"),
        ((failover, "_HANDLERS", HANDLERS),),
    ),
    Late(
        "nobody looks at the primary",
        CRASH,
        ("failedNodeDetected", "failedMasterReplaced", "noFlap", "oldMasterRejoins", "recordMatches"),
        ((failover, "_HANDLERS", BLIND),),
    ),
    Late(
        "a watch may stop for ever",
        LAGGARD,
        ("cachesCurrent", "oldMasterRejoins", "recordMatches"),
        ((progress, "fairness", _unwatched),),
    ),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", ONLY_LATE, ids=[mutant.name for mutant in ONLY_LATE])
def test_what_is_wrong_only_in_the_long_run_is_found(mutant: Late, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every state and every step of these mutants is as it should be, and yet something never gets well."""
    for module, name, replacement in mutant.patches:
        monkeypatch.setattr(module, name, replacement)
    assert not explore(mutant.model).violated
    found = check(mutant.model)
    assert {failed.name for failed in found.failed} == set(mutant.killed_by)
    for failed in found.failed:
        text = story(mutant.model, found, failed)
        assert "for ever" in text or "nothing more must happen" in text
