"""Each guard dropped: the step leads out of the invariant, or z3 proves that it cannot.

First from states of walks through models of ``spec/``, so that a counterexample begins in a state that the machines
brought about; then from any state of a small cluster that is within the invariant (``bounded``). A guard for which
neither is found is proved redundant, for any number of everything; else it is ``open``, and that fails.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, NamedTuple

from proofs.parametric import bounded
from proofs.parametric.action import Action
from proofs.parametric.checks import Proof
from proofs.parametric.concrete import Finite, Values
from proofs.parametric.invariant import INVARIANT
from proofs.parametric.relation import ACTIONS
from proofs.parametric.walk import finite, walk
from spec.models import failover, release

TRIES: Final = 60
"""How many steps without a guard are tried before the guard is given to z3."""
Key = tuple[str, str]


MODELS: Final = {
    "lost for good, then another one": 6000,
    "crash and lost answer": 4000,
    "back at any step, answers are lost": 5000,
    "scale-up": 2500,
}
"""The models whose walks give the states, and how many worlds are walked."""
SAMPLE: Final = 100
"""How many states of each walk are tried."""
BEYOND: Final[frozenset[Key]] = frozenset(
    {
        ("raise", "stored"),
        ("detach", "stored"),
        ("vote", "unfrozen"),
        ("freeze by quorum", "claimed"),
        ("freeze by quorum", "candidate voted"),
        ("freeze by quorum", "history first"),
        ("freeze by primary", "claimed"),
        ("freeze by primary", "candidate voted"),
        ("freeze by primary", "primary voted"),
        ("freeze by primary", "of its history"),
        ("freeze by primary", "same history"),
        ("promote", "fence"),
        ("follow", "loaded"),
        ("attach", "loaded"),
        ("attach", "prefix"),
        ("copy", "primary"),
        ("stream", "known"),
        ("stream", "carried"),
        ("stream", "prefix"),
        ("record", "counted"),
        ("forget", "recorded"),
    }
)
"""Guards that the proof needs, in states of the invariant that no walk was seen to reach (``bounded``)."""
IMPLIED: Final[dict[Key, str]] = {
    ("vote", "loaded"): "a pod that loads has a link, and whoever is detached has none",
    ("promote", "loaded"): "a pod that loads has a link, and a candidate that may still be promoted has none",
    ("attach", "primary"): "a host that acts in the epoch was promoted in it, and keeps its history when it ends",
    ("attach", "whole"): "who is not whole receives nothing over a link but a copy of all",
    ("copy", "loaded"): "a copy that begins anew takes the place of the one that is loaded",
}
"""Guards that the others and the invariant imply, proved for any number of everything, and why they are there."""


class Verdict(NamedTuple):
    """What became of a step without one guard: ``needed``, ``needed beyond`` or ``redundant``; ``open`` if nothing did.

    ``conjunct`` is one that breaks.
    """

    action: str
    guard: str
    verdict: str
    conjunct: str = ""


def guards(proof: Proof, action: Action) -> tuple[str, ...]:
    """Return the names of an action's guards."""
    return tuple(action.guards(proof.logic, proof.state, *proof.arguments(action)))


def judged(proof: Proof) -> Iterator[Verdict]:
    """Yield the verdict on each guard, with the states that walks reach."""
    found: dict[Key, str] = {}
    known = {model.name: model for model in (*failover.MODELS, *release.MODELS)}
    for name, most in MODELS.items():
        states = sorted(walk(known[name], max_states=most).reached, key=lambda state: state.tables)
        _search(states[:: max(1, len(states) // SAMPLE)], found)
    beyond = bounded.Search()
    for action in ACTIONS:
        for guard in guards(proof, action):
            broken = found.get((action.name, guard), "")
            if broken:
                yield Verdict(action.name, guard, "needed", broken)
            elif conjunct := beyond.broken(action, guard):
                yield Verdict(action.name, guard, "needed beyond", conjunct)
            else:
                yield Verdict(action.name, guard, "redundant" if implied(proof, action, guard) else "open")


def differences(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return what the verdicts say otherwise than ``BEYOND`` and ``IMPLIED``; a guard that is open always is one."""
    told = []
    for each in verdicts:
        key = (each.action, each.guard)
        wanted = "needed beyond" if key in BEYOND else "redundant" if key in IMPLIED else "needed"
        if each.verdict != wanted:
            told.append(f"{each.action}: {each.guard} is {each.verdict}, and is listed as {wanted}")
    return tuple(told)


def implied(proof: Proof, action: Action, guard: str) -> bool:
    """Tell whether z3 proves that the step keeps the invariant without this guard."""
    return all(proof.decide(each) == "proved" for each in proof.steps(action, guard))


def _search(states: list[Values], found: dict[Key, str]) -> None:
    """Find counterexamples: steps that lack one guard alone, and lead out of the invariant."""
    tries: dict[Key, int] = {}
    for state in states:
        logic = finite(state, more=1)
        for action in ACTIONS:
            for arguments in product(*(logic.elements(each.sort) for each in action.parameters)):
                failing = [name for name, holds in action.guards(logic, state, *arguments).items() if not holds]
                if len(failing) != 1:
                    continue
                key = (action.name, failing[0])
                if key in found or tries.get(key, 0) >= TRIES:
                    continue
                tries[key] = tries.get(key, 0) + 1
                after = action.effect(logic, state, *arguments)
                broken = _broken(logic, after) if isinstance(after, Values) else ""
                if broken:
                    found[key] = broken


def _broken(logic: Finite, after: Values) -> str:
    return next((each.name for each in INVARIANT if not each.formula(logic, after)), "")
