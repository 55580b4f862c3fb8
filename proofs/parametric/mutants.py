"""Each guard dropped: a step from a state that a walk reached leads out of the invariant, or z3 proves that none can.

The states are those of walks through models of ``spec/``, so each counterexample begins in a state that the machines
brought about. A guard for which neither is found is ``open``: the proof may need it, in states that no walk reaches.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

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
OPEN: Final[frozenset[Key]] = frozenset(
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
        ("promote", "loaded"),
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
"""Guards of which neither was shown. The proof uses them; none of the states tried needs them."""


class Verdict(NamedTuple):
    """What became of a step without one guard: ``needed`` (which conjunct breaks), ``redundant`` (proved), ``open``."""

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
    for action in ACTIONS:
        for guard in guards(proof, action):
            broken = found.get((action.name, guard), "")
            yield Verdict(action.name, guard, "needed" if broken else _proved(proof, action, guard), broken)


def _proved(proof: Proof, action: Action, guard: str) -> str:
    proved = all(proof.decide(each, patient=False) == "proved" for each in proof.steps(action, guard))
    return "redundant" if proved else "open"


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
