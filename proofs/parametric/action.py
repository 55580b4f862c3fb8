"""What an action is: parameters, guards with names, an effect, and a sentence."""

from collections.abc import Callable
from typing import NamedTuple

from proofs.parametric.sorts import Logic, Sort, Term
from proofs.parametric.state import State


class Parameter(NamedTuple):
    """A parameter of an action: any element of its sort."""

    name: str
    sort: Sort


class Action(NamedTuple):
    """An action: whoever takes it, it happens only if all ``guards`` hold, and then the state is as ``effect`` says."""

    name: str
    sentence: str
    parameters: tuple[Parameter, ...]
    guards: Callable[..., dict[str, Term]]
    effect: Callable[..., State]


def untied(logic: Logic, state: State, pod: Term, epoch: Term, *, acts: bool) -> State:
    """Return the state with a pod at a position of an epoch, without role and link, its data kept."""
    del logic
    state = state.put("fence", (pod,), epoch).put("acts", (pod,), acts).put("cut", (pod,), epoch)
    for name in ("primary", "linked", "open", "copying"):
        state = state.put(name, (pod,), False)
    return state


def free(logic: Logic, state: State, pod: Term) -> Term:
    """Tell whether a pod has neither the role nor a link."""
    return logic.all(logic.no(state.primary(pod)), logic.no(state.linked(pod)))
