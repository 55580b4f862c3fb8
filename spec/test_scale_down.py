"""A primary that goes hands its role over in the end, and then the scale-down may go on."""

from typing import Final

import pytest

from gungnir.machines import scale_down
from gungnir.machines.facts import Facts
from gungnir.machines.scale_down import pods_to_run, primary_goes
from spec.environment.observation import seen
from spec.models.failover import Model
from spec.models.progress import MARKS, Predicate, Property, check, story
from spec.models.scale_down import MODELS
from spec.world import World

BY_NAME: Final = {model.name: model for model in MODELS}
GOES: Final = Property("roleStays", "In the end a pod that the spec asks for has the role.", "stays")
SHRINKS: Final = Property("scaleDownGoesOn", "In the end no more pods are kept than the spec asks for.", "may shrink")
_TIMES: Final = {"too many by one": 1, "too many, and an operator's end": 2, "too many, and a lost answer": 2}
ENOUGH: Final = tuple(
    model._replace(budget=model.budget._replace(file=_TIMES[model.name])) for model in MODELS if model.name in _TIMES
)
"""Where the requests that an operator may make are enough: one that is lost on its way is counted, too."""


def marks(facts: Facts) -> tuple[tuple[str, Predicate], ...]:
    """What of a world the two properties speak of."""

    def stays(world: World) -> bool:
        record = world.api.record
        return record.intent is None and record.primary is not None and not primary_goes(facts, record)

    def may_shrink(world: World) -> bool:
        setup = BY_NAME["too many by one"].configured()
        view = seen(setup, world, 0, world.api.record).view
        asked = facts._replace(size=facts.asked)
        return stays(world) and pods_to_run(asked, world.api.record, view) == facts.asked

    return (*MARKS, ("stays", stays), ("may shrink", may_shrink))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", ENOUGH, ids=[model.name for model in ENOUGH])
def test_the_role_moves_and_the_scale_down_goes_on(model: Model) -> None:
    """For every weakly fair run."""
    found = check(model, (GOES, SHRINKS), marks=marks(model.configured().facts))
    assert not found.failed, story(model, found, found.failed[0])


def test_a_primary_that_nobody_asks_to_go_would_stay_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property can fail: this is what was before operators asked."""
    monkeypatch.setattr(scale_down, "successor", lambda *_: "")
    model = BY_NAME["too many by one"]
    found = check(model, (GOES, SHRINKS), marks=marks(model.configured().facts))
    assert [failed.name for failed in found.failed] == ["roleStays", "scaleDownGoesOn"]
