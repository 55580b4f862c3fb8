"""Every operator that a live test starts writes a trace, and each trace is replayed when its world ends.

So each step of the live suite was one of the machines, on observations that the models have: see ``spec/replay.py``. A
trace that differs fails the last test of the world that it is of, and is kept in ``build/traces``.
"""

import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from gungnir.demo.api import Api
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.world import World
from gungnir.resp.commands import Command
from spec.replay import DivergenceError, replay
from spec.trace import TraceError

KEPT: Final = Path(__file__).resolve().parents[2] / "build" / "traces"


ORDERS: Final = frozenset({b"REPLICAOF", b"SLAVEOF"})
"""Commands to pods that operators alone give; no model has a person who gives them."""
EDITED: Final[list[tuple[Api, str]]] = []
"""Worlds, by their API clients, and clusters of theirs whose status or pods a test changed by hand."""


def replayed(operator: OperatorProcess, edited: Collection[str]) -> None:
    """Replay all that an operator wrote, if it wrote a trace.

    Raises:
        AssertionError: a line is none that the machines write.
    """
    path = operator.trace.path
    if not operator.options.traced or not path.exists():
        return
    try:
        with path.open(encoding="utf-8") as file:
            done = replay(file, edited)
    except (DivergenceError, TraceError) as error:
        KEPT.mkdir(parents=True, exist_ok=True)
        kept = KEPT / f"{path.parent.name}-{path.name}"
        shutil.copy(path, kept)
        raise AssertionError(f"{kept}: {error}") from error
    assert not done.skipped, f"{path.name}: {done.skipped} lines belong to no round"


@pytest.fixture(scope="session")
def edited_by_hand() -> Callable[[ManagedCluster], None]:
    """Says that a test edits a cluster's status, which operators alone do: no model has that."""
    return lambda cluster: EDITED.append((cluster.api, cluster.key))


@pytest.fixture(scope="session", autouse=True)
def _traces_are_replayed() -> Iterator[None]:
    stop, call = World._stop_operators, ManagedCluster.call_as_operator

    async def stopped(world: World) -> None:
        await stop(world)
        for operator in world.operators:
            replayed(operator, {cluster for api, cluster in EDITED if api is world.api})

    async def called(cluster: ManagedCluster, pod: str, *commands: Command) -> list[Any]:
        if any(command[0].upper() in ORDERS for command in commands):
            EDITED.append((cluster.api, cluster.key))
        return await call(cluster, pod, *commands)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "_stop_operators", stopped)
        patch.setattr(ManagedCluster, "call_as_operator", called)
        yield
