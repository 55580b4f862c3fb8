"""The reconcile machine: what is ours becomes as the spec says, what is not stays, and the models can fail."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from gungnir.machines import reconcile
from gungnir.resources import client_service, stateful_set
from spec.environment import contents
from spec.environment.owned import OwnedBudget, successors
from spec.judging import rewritten
from spec.models.reconcile import MODELS, OwnedModel, explore, first_world, matches
from spec.models.settling import becomes_as_asked
from spec.reach import always_a_way
from spec.story import abridged, told_of

BY_NAME = {model.name: model for model in MODELS}
CONVERGING = (
    OwnedBudget(remove=1, edit=1),
    OwnedBudget(message=1, restart=1),
    OwnedBudget(delete=1, recreate=1),
    OwnedBudget(foreign=1, remove=1),
    OwnedBudget(forbid=1, respec=1),
)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """What was computed of unmodified functions is not used for modified ones, and the other way round."""
    caches = (contents.drifted, contents.merged, contents.desired, contents.owner, contents.failed_over)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "budget", CONVERGING, ids=lambda budget: ", ".join(k for k, n in budget._asdict().items() if n)
)
def test_there_is_always_a_way_to_what_the_spec_says(budget: OwnedBudget) -> None:
    """Whatever happened: once it stops, everything can become as it should be."""
    model = OwnedModel("", budget)
    found = always_a_way(successors, first_world(model), matches)
    assert found.holds, told_of(first_world(model), found.story)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "budget", CONVERGING, ids=lambda budget: ", ".join(k for k, n in budget._asdict().items() if n)
)
def test_everything_becomes_as_the_spec_says_for_good(budget: OwnedBudget) -> None:
    """Not only can it: every fair run ends there, whatever was interfered with before."""
    against = becomes_as_asked(OwnedModel("", budget)).against
    assert not against, abridged(against)


# --- the models can fail --------------------------------------------------------------------------------------------


_ADOPTS = 'case OwnedSeen(ours=False):\n            return _to(state, "drifted", UpdateOwned(kind, reply.version))'
WRONG = [
    (
        "a foreign object is adopted",
        "somebody else's object",
        "GET",
        "case OwnedSeen(ours=False):",
        f"{_ADOPTS}\n        case None:",
        "noForeignAdoption",
    ),
    (
        "a conflict does not end the round",
        "edits and removals",
        "UPDATE",
        "case Stored():",
        "case Stored() | Conflict():",
        "noConcurrentUpdates",
    ),
    (
        "what does not drift is written",
        "all objects",
        "GET",
        "OwnedSeen(drifted=True)",
        "OwnedSeen(ours=True)",
        "noIdleWrite",
    ),
    (
        "a deleted cluster is reconciled",
        "deleted and created again",
        "INIT",
        " and not reply.deleting",
        "",
        "ownerRefConsistency",
    ),
    (
        "the round does not move on",
        "all objects",
        "GET",
        "return _next(state)",
        "return _to(state, 'next', GetOwned(kind))",
        "reconcileStepValid",
    ),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("wrong", WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_version_of_the_machine_is_found(
    monkeypatch: pytest.MonkeyPatch, wrong: tuple[str, str, str, str, str, str]
) -> None:
    """Each guard is needed."""
    _, model, phase, before, after, violated = wrong
    mutated = rewritten(reconcile, f"_{phase.lower()}", before, after)
    monkeypatch.setitem(reconcile._HANDLERS, reconcile.Phase[phase], mutated)  # noqa: SLF001 - a mutant replaces what nobody else may call
    result = explore(BY_NAME[model])
    assert result.violated == violated, result.line()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("module", [client_service, stateful_set], ids=["service", "stateful-set"])
def test_a_builder_that_does_not_carry_what_the_failover_wrote_is_found(
    monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    """An update would lead clients back to a former primary, or start new volumes in a former epoch."""

    def forgetful(desired: Mapping[str, Any], _live: Mapping[str, Any]) -> Any:
        return dict(desired)

    monkeypatch.setattr(module, "carried", forgetful)
    assert explore(BY_NAME["beside failovers"]).violated == "fieldsOfFailover"


@pytest.mark.timeout(300)
def test_a_machine_that_overlooks_drift_has_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was edited by hand would stay so for ever."""
    mutated = rewritten(reconcile, "_get", "OwnedSeen(drifted=True)", "OwnedSeen(drifted=None)")
    monkeypatch.setitem(reconcile._HANDLERS, reconcile.Phase.GET, mutated)  # noqa: SLF001 - as above
    model = OwnedModel("", OwnedBudget(edit=1))
    found = always_a_way(successors, first_world(model), matches)
    assert found.story
    assert "edit" in becomes_as_asked(model).against
