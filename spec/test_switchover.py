"""A person's request is answered or carried out, and nothing is carried out that nobody asks for any more."""

from types import ModuleType

import pytest

from gungnir.machines import failover, failover_table, switchover
from spec.judging import rewritten
from spec.models.failover import explore
from spec.models.switchover import MODELS

BY_NAME = {model.name: model for model in MODELS}


WRONG = [
    (
        "a request that changed is carried out as it was",
        "two requests",
        (failover, "", "_begin_handover", "requested != state.asked", "not requested"),
        "handedOverAsAsked",
    ),
    (
        "whatever is asked for now is taken off by the handover",
        "two requests and a lost answer",
        (
            failover,
            failover_table.Phase.READ,
            "_read",
            "reply.switchover == (intent.target or ANY)",
            "bool(reply.switchover)",
        ),
        "answerNeverLost",
    ),
    (
        "a refused request is taken off before the answer is stored",
        "a request",
        (
            switchover,
            switchover.Phase.READ,
            "_read",
            "PutRecord(reply.version, reply.record, outcome)",
            "clear_request(reply.version)",
        ),
        "answerNeverLost",
    ),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("model", "change", "violated"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_version_of_the_machines_is_found(
    monkeypatch: pytest.MonkeyPatch, model: str, change: tuple[ModuleType, str, str, str, str], violated: str
) -> None:
    """The first two are what the machine did before this world was explored. Without a phase it is called by name."""
    module, phase, name, before, after = change
    mutated = rewritten(module, name, before, after)
    if phase:
        monkeypatch.setitem(vars(module)["_HANDLERS"], phase, mutated)
    else:
        monkeypatch.setattr(module, name, mutated)
    result = explore(BY_NAME[model])
    assert result.violated == violated, result.line()
