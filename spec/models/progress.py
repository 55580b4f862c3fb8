"""What must happen in the failover world sooner or later, for every weakly fair run of a model that runs to its end.

Classes of fairness: one for each machine of an operator and for what it waits for, one for each pair of operator and
pod that a command goes to, one for each pod and for its kubelet, one for each thing that is cut and heals. A pod is one
class, for of its own steps at most one is possible at a time. A watch is strongly fair: it does not wait for rounds to
end, the world only shows it then, because it is only looked at then.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from gungnir.machines.requests import PodCommand
from gungnir.resources.fence import acting
from spec.environment import sources
from spec.explorer import Result, Search
from spec.graph import Graph
from spec.liveness import Lasso, eventually_always, leads_to
from spec.models.failover import Model, first_of
from spec.story import told
from spec.world import Label, Link, World, pod_name, run_of, uid_of

Predicate = Callable[[World], bool]


def fairness(label: Label) -> str:
    """Return the class of an action that may not be put off for ever."""
    what = label.what[0] if isinstance(label.what, tuple) and label.what else label.what
    match label.name:
        case "command" if isinstance(what, PodCommand):
            return f"{label.who} to {what.pod}"
        case "heal":
            return f"{label.who} heals: {what}"
        case "watch" | "failover" | "repair" | "switchover" | "scale-down":
            return f"{label.who}: {label.name}"
        case "api" | "nobody" | "elapsed":
            return f"{label.who} goes on"
        case _:
            return label.who


def served(world: World) -> bool:
    """Clients reach a primary: the recorded one runs, in its epoch, and the Service leads to it."""
    record, api = world.api.record, world.api
    primary = record.primary
    if primary is None or record.intent is not None:
        return False
    if (api.service_pod, api.service_epoch) != (primary.pod, record.epoch):
        return False
    return any(
        pod.up and pod.primary and run_of(index, pod.run) == primary.run_id and pod.fence == acting(record.epoch)
        for index, pod in enumerate(world.pods)
    )


def whole(world: World) -> bool:
    """Everyone serves or follows: each pod is attached to the recorded primary and holds what it holds."""
    record = world.api.record
    if not served(world) or record.primary is None:
        return False
    host = next(index for index, pod in enumerate(world.pods) if pod_name(index) == record.primary.pod)
    primary = world.pods[host]
    return all(
        index == host or (pod.link is Link.UP and pod.follows == host and pod.log == primary.log)
        for index, pod in enumerate(world.pods)
    )


def counted(world: World) -> bool:
    """The record says of every pod that it is whole, and the template has the recorded epoch."""
    record = world.api.record
    members = {(member.pod, member.uid, member.run_id) for member in record.members}
    running = {(pod_name(i), uid_of(i, pod.uid), run_of(i, pod.run)) for i, pod in enumerate(world.pods)}
    return members == running and world.api.template == record.epoch


def idle(world: World) -> bool:
    """No operator is in a round."""
    return all(operator.state is None for operator in world.operators)


def current(world: World) -> bool:
    """Every operator's cache shows the record."""
    return all(operator.cached.value == world.api.record for operator in world.operators)


def suspected(world: World) -> bool:
    """A failover is recorded, or the recorded primary is what it was: nobody has to notice anything."""
    return world.api.record.intent is not None or served(world)


class Property(NamedTuple):
    """``start`` leads to ``goal``; or, without a start, from some time on ``goal`` holds for ever."""

    name: str
    meaning: str
    goal: str
    start: str = ""


MARKS: Final[tuple[tuple[str, Predicate], ...]] = (
    ("served", served),
    ("not served", lambda world: not served(world)),
    ("whole", whole),
    ("counted", counted),
    ("idle", idle),
    ("in a round", lambda world: not idle(world)),
    ("current", current),
    ("not current", lambda world: not current(world)),
    ("suspected", suspected),
    ("not suspected", lambda world: not suspected(world)),
    ("all", lambda _world: True),
)

PROPERTIES: Final = (
    Property("roundsEnd", "Every round that was begun ends (L3).", "idle", "in a round"),
    Property("failedNodeDetected", "That nobody is served is noticed (L5).", "suspected", "not suspected"),
    Property("failedMasterReplaced", "Whenever nobody is served, somebody is again (L4).", "served", "not served"),
    Property("noFlap", "Once faults have stopped, the cluster is served and stays so (L11).", "served"),
    Property("cachesCurrent", "A cache that is behind catches up (L9).", "current", "not current"),
    Property("oldMasterRejoins", "In the end every pod follows the primary, whoever was it before (L10).", "whole"),
    Property("recordMatches", "In the end the record and the template say what is (L2).", "counted"),
)


class Failed(NamedTuple):
    """A property that does not hold, and a fair run against it."""

    name: str
    lasso: Lasso


class Progress(NamedTuple):
    """What a model's graph says: the search, the graph, and the properties that fail."""

    result: Result[World]
    graph: Graph
    failed: tuple[Failed, ...]
    search: Search[World]


def check(
    model: Model,
    properties: tuple[Property, ...] = PROPERTIES,
    max_seconds: float = 1e9,
    marks: tuple[tuple[str, Predicate], ...] = MARKS,
) -> Progress:
    """Explore a model to its end and check what must happen. ``marks``: what the properties speak of.

    Raises:
        ValueError: the search did not come to its end: a part of a graph proves nothing.
    """
    setup = model.configured()
    graph = Graph()
    # Of two operators that are taken for each other, one could wait for ever in the other's place.
    moves = sources(setup)._replace(alike=None)
    search = Search(moves, max_seconds=max_seconds, marks=marks, fairness=fairness, graph=graph)
    result = search.run(first_of(model))
    if not result.complete:
        raise ValueError(f"{model.name}: the graph is not complete: {result.line()}")
    graph.strong = sum(1 << number for number, name in enumerate(graph.classes) if name.endswith(": watch"))
    failed = []
    for wanted in properties:
        lasso = _counterexample(graph, wanted, marks)
        if lasso is not None:
            failed.append(Failed(wanted.name, lasso))
    return Progress(result, graph, tuple(failed), search)


def _counterexample(graph: Graph, wanted: Property, marks: tuple[tuple[str, Predicate], ...]) -> Lasso | None:
    bits = {name: 1 << number for number, (name, _) in enumerate(marks)}
    goal = bits[wanted.goal]
    if not wanted.start:
        return eventually_always(graph, lambda marks: bool(marks & goal))
    start = bits[wanted.start]
    return leads_to(graph, lambda marks: bool(marks & start), lambda marks: bool(marks & goal))


def story(model: Model, progress: Progress, failed: Failed) -> str:
    """Return the run against a property: how it begins, and what goes round for ever."""
    first, choices = first_of(model), progress.graph.choices
    prefix, cycle = failed.lasso.prefix, failed.lasso.cycle
    steps = progress.search.story(first, [choices[edge] for edge in (*prefix, *cycle)])
    text = told(first, steps[: len(prefix)])
    if not cycle:
        return f"{text}\nand there it ends: nothing more must happen"
    return f"{text}\nand then, for ever:\n{told(steps[len(prefix) - 1][1] if prefix else first, steps[len(prefix) :])}"
