"""What people do meanwhile: ask for the role to be handed over, change their minds, and take the request back."""

from collections.abc import Iterator

from gungnir.machines.switchover import ANY
from spec.world import Asked, Label, Setup, World, pod_name

NO_POD = "no-such-pod"


def moves(setup: Setup, world: World) -> Iterator[tuple[Label, World]]:
    """Yield every request that a person may make now: for each pod, for any, for one that does not exist, for none."""
    if not world.budget.ask:
        return
    budget, asked = world.budget._replace(ask=world.budget.ask - 1), world.api.asked
    for wanted in (*(pod_name(index) for index in range(setup.facts.size)), ANY, NO_POD, ""):
        if wanted != asked.wanted:
            # Taking a request back is no request: nobody waits for its answer.
            number = asked.number + bool(wanted)
            api = world.api._replace(asked=Asked(number, wanted, asked.answered))
            label = Label("ask" if wanted else "withdraw", "somebody", wanted, fair=False)
            yield label, world._replace(api=api, budget=budget)
