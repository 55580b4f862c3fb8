"""Faults at a named step: the step is seen where it is committed, and the pod is the one with that part."""

import asyncio
import random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.faults.contestants import Contestant
from bench.faults.nemeses.steps import CANDIDATE, FORMER, OTHER, _reaching, _victim
from bench.faults.scene import Scene
from gungnir.local.store import Key, Store
from gungnir.machines.record import Stage

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def scene(store: Store | None = None) -> Scene:
    local = SimpleNamespace(registry=SimpleNamespace(store=store))
    pods = dict.fromkeys(("vc-0", "vc-1", "vc-2"), ("127.0.0.1", 1))
    contestant = SimpleNamespace(local=local, addresses=lambda: pods)
    return Scene(cast("Contestant", contestant), "vc-0", random.Random(1))  # noqa: S311 - repeatable, no secret


def cluster(phase: str | None, candidate: str = "") -> dict[str, Any]:
    failover = None if phase is None else {"phase": phase, "candidate": {"pod": candidate} if candidate else None}
    return {"kind": "ValkeyCluster", "metadata": {"name": "vc", "namespace": "ns"}, "status": {"failover": failover}}


async def test_the_first_commit_at_a_stage_is_seen_and_no_other() -> None:
    """Other stages, other kinds and later commits of the same stage do not count."""
    store = Store()
    key = Key("valkeyclusters", "ns", "vc")
    async with _reaching(scene(store), Stage.PROMOTING) as reached:
        store.put(key, cluster(None))
        store.put(key, cluster("Fencing"))
        store.put(Key("pods", "ns", "vc-0"), cluster("Promoting", "vc-9") | {"kind": "Pod"})
        await asyncio.sleep(0)
        assert not reached.done()
        store.put(key, cluster("Promoting", "vc-2"))
        store.put(key, cluster("Promoting", "vc-1"))
        assert (await reached)["candidate"] == {"pod": "vc-2"}
    assert store._listeners == []


@pytest.mark.parametrize(
    ("who", "candidate", "pod"),
    [
        (FORMER, "vc-2", "vc-0"),
        (CANDIDATE, "vc-2", "vc-2"),
        (OTHER, "vc-2", "vc-1"),
        (CANDIDATE, "", "vc-1"),
        (OTHER, "", "vc-2"),
    ],
)
def test_the_victim_is_the_pod_with_that_part(who: str, candidate: str, pod: str) -> None:
    """While there is no candidate, a replica stands for it."""
    failover = {"candidate": {"pod": candidate} if candidate else None}
    assert _victim(scene(), failover, who) == pod
