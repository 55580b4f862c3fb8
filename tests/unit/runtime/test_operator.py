"""Which cluster an event is for, and how long a cluster's worker lives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from gungnir.machines.kernel import IllegalTransition
from gungnir.runtime.context import NotLeadingError
from gungnir.runtime.kube_resources import PODS, VALKEYCLUSTERS, Object
from gungnir.runtime.leadership import Leadership
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.operator import Operator
from gungnir.runtime.settings import Settings
from gungnir.runtime.watch import EventKind
from gungnir.runtime.worker import ClusterWorker

pytestmark = pytest.mark.anyio

Work = Callable[[ClusterWorker], Awaitable[int | None]]
KEY = ("ns", "vc")
CLUSTER = {"metadata": {"namespace": "ns", "name": "vc", "uid": "u"}}


@pytest.fixture
def operator() -> Operator:
    return Operator(Settings(leader_elect=False), cast("Any", None), Metrics())


def a_pod(name: str, **labels: str) -> Object:
    return {"metadata": {"namespace": "ns", "name": name, "uid": "p", "labels": labels}}


def deleted_while(work: Work, operator: Operator) -> Work:
    """Return ``work``, during which the ValkeyCluster goes and which asks for another pass."""

    async def pass_(worker: ClusterWorker) -> int | None:
        operator._on_event(VALKEYCLUSTERS, EventKind.DELETED, CLUSTER)
        return await work(worker)

    return pass_


async def test_a_pass_that_was_asked_for_before_its_cluster_was_forgotten_does_nothing(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def again_soon(_worker: ClusterWorker) -> int:
        return 100

    monkeypatch.setattr(ClusterWorker, "work", deleted_while(again_soon, operator))
    operator._worker(KEY)
    await operator._work(KEY)
    assert operator._workers == {}
    assert operator._queue.is_waiting(KEY)
    await operator._work(KEY)


async def test_a_cluster_that_is_made_anew_while_its_worker_closes_keeps_it(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_worker: ClusterWorker) -> int | None:
        return None

    async def close(_worker: ClusterWorker) -> None:
        operator._on_event(VALKEYCLUSTERS, EventKind.ADDED, CLUSTER)

    monkeypatch.setattr(ClusterWorker, "work", deleted_while(nothing, operator))
    monkeypatch.setattr(ClusterWorker, "close", close)
    operator._worker(KEY)
    await operator._work(KEY)
    assert operator._workers[KEY].cache.cluster == CLUSTER


async def test_a_pod_belongs_to_the_cluster_that_its_name_says_whatever_its_labels_became(operator: Operator) -> None:
    operator._on_event(PODS, EventKind.ADDED, a_pod("vc-0", **{"app.kubernetes.io/instance": "another"}))
    operator._on_event(PODS, EventKind.ADDED, a_pod("vc-1"))
    operator._on_event(PODS, EventKind.ADDED, a_pod("a-tool-of-somebody-x7k2p"))
    assert {key: set(worker.cache.pods) for key, worker in operator._workers.items()} == {KEY: {"vc-0", "vc-1"}}


async def test_clusters_of_one_name_have_workers_of_their_own(operator: Operator) -> None:
    """What is heard of the pods of one says nothing of the other's, which have the same names."""
    elsewhere = a_pod("vc-0")
    elsewhere["metadata"] |= {"namespace": "elsewhere", "uid": "q"}
    for pod in (a_pod("vc-0"), elsewhere):
        operator._on_event(PODS, EventKind.ADDED, pod)
    uids = {key: worker.cache.pods["vc-0"]["metadata"]["uid"] for key, worker in operator._workers.items()}
    assert uids == {KEY: "p", ("elsewhere", "vc"): "q"}
    assert len({id(worker._monitors) for worker in operator._workers.values()}) == len(uids)


async def test_who_leads_no_more_watches_nobody(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Monitors end with the lead, and their counts with them: the next lead begins with new ones."""
    followed: list[dict[str, Any]] = []
    monkeypatch.setattr(operator._worker(KEY)._monitors, "follow", followed.append)
    operator._leader_changed(True)
    assert followed == []
    operator._leader_changed(False)
    assert followed == [{}]


async def test_a_step_that_is_in_no_table_is_told_to_those_who_look_at_the_cluster(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(
        operator._context.events, "warning", lambda _obj, reason, text: told.append((str(reason), text))
    )
    operator._failed(KEY, IllegalTransition("failover", "Watching", "leap"))
    operator._on_event(VALKEYCLUSTERS, EventKind.ADDED, CLUSTER)
    operator._failed(KEY, ValueError("another defect"))
    operator._failed(KEY, IllegalTransition("failover", "Watching", "leap"))
    ((reason, text),) = told
    assert reason == "IllegalTransition"
    assert "leap" in text


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> tuple[Operator, list[str]]:
    """An operator with little time to end, and what it gave back."""
    given: list[str] = []

    async def drain(_leadership: Leadership) -> None:
        given.append("lease")

    monkeypatch.setattr(Leadership, "drain", drain)
    return Operator(Settings(shutdown_grace_ms=80), cast("Any", None), Metrics()), given


async def test_the_lease_is_given_back_although_a_round_never_ends(
    hurried: tuple[Operator, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, given = hurried
    begun = anyio.Event()

    async def hangs(_worker: ClusterWorker) -> int | None:
        begun.set()
        await anyio.sleep_forever()
        return None

    monkeypatch.setattr(operator._context, "leads", lambda: True)
    monkeypatch.setattr(ClusterWorker, "work", hangs)
    operator._worker(KEY)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(operator._queue.run)
        operator._queue.add(KEY)
        await begun.wait()
        await operator._shut_down()
        assert operator._queue.running == 1
        assert given == ["lease"]
        tasks.cancel_scope.cancel()


async def test_a_round_that_takes_too_long_sends_nothing_more(
    hurried: tuple[Operator, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has half of the time to end by itself; then the question before every request says no."""
    operator, given = hurried
    begun, ended = anyio.Event(), []

    async def goes_on(_worker: ClusterWorker) -> int | None:
        begun.set()
        while True:
            try:
                operator._context.check()
            except NotLeadingError as error:
                ended.append(str(error))
                raise
            await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(operator._context, "leads", lambda: True)
    monkeypatch.setattr(ClusterWorker, "work", goes_on)
    operator._worker(KEY)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(operator._queue.run)
        operator._queue.add(KEY)
        await begun.wait()
        await operator._shut_down()
        assert ended == ["the operator is shutting down"]
        assert operator._queue.running == 0
        assert given == ["lease"]
        tasks.cancel_scope.cancel()


async def test_a_cluster_that_is_made_anew_is_watched_by_monitors_that_know_nothing_of_the_former(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted and made anew between two passes: a pod that lives on was read with the former cluster's passwords."""
    worker = operator._worker(KEY)
    followed: list[dict[str, Any]] = []
    monkeypatch.setattr(worker._monitors, "follow", followed.append)
    for uid, generation in (("former", 1), ("former", 2), ("anew", 1)):
        metadata = {"namespace": "ns", "name": "vc", "uid": uid, "generation": generation, "resourceVersion": uid}
        worker.cache.saw({"metadata": metadata, "spec": {}}, 0.0)
        followed.clear()
        assert worker._refresh()
        assert followed == ([] if generation == 2 else [{}])
