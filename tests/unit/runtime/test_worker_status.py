"""When a worker writes the status: whenever what people see is not what is so, however it came to that."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gungnir.machines import reconcile
from gungnir.machines.summary import Summary
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.operator import Operator
from gungnir.runtime.settings import Settings
from gungnir.runtime.worker import ClusterWorker

pytestmark = pytest.mark.anyio

HEALTHY = Summary("Ready", "", 3, 3, (), ())
IN_DOUBT = HEALTHY._replace(phase="Degraded", ready=0)


class Stage:
    """A worker whose writes of the status find another truth than the one that led to them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = HEALTHY
        self.at_the_write = HEALTHY
        self.writes: list[Summary] = []
        self.executor = SimpleNamespace(shown=None)
        operator = Operator(Settings(leader_elect=False), cast("Any", None), Metrics())
        self.worker = operator._worker(("ns", "vc"))
        self.worker._executor = cast("Any", self.executor)
        monkeypatch.setattr(ClusterWorker, "_summary", lambda _worker, _record: self.now)
        monkeypatch.setattr(self.worker._driver, "run", self._run)

    async def _run(self, *_machine: object) -> reconcile.State:
        self.executor.shown = self.at_the_write
        self.writes.append(self.at_the_write)
        return reconcile.start((), 0).state._replace(phase=reconcile.Phase.DONE)


async def test_a_status_that_an_outdated_truth_was_written_into_is_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The primary gave one answer that was not understood, just as the status was written; the next one was fine."""
    stage = Stage(monkeypatch)
    stage.at_the_write = IN_DOUBT
    await stage.worker._show(None)
    stage.at_the_write = HEALTHY
    await stage.worker._show(None)
    await stage.worker._show(None)
    assert stage.writes == [IN_DOUBT, HEALTHY]


async def test_a_leader_that_comes_back_does_not_trust_what_it_wrote_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one may have written since."""
    stage = Stage(monkeypatch)
    await stage.worker._show(None)
    await stage.worker._show(None)
    stage.worker.rest()
    await stage.worker._show(None)
    assert len(stage.writes) == 2
