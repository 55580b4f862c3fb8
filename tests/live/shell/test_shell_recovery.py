"""More pods are lost at once than a quorum allows for: nothing is guessed, and a person can go on."""

from typing import Any, Final

import pytest

from gungnir.api import names
from gungnir.demo.managed import ClusterView
from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

pytestmark = [pytest.mark.anyio, pytest.mark.live]
# Those of conftest: test folders are no packages, so it cannot be imported.
Shell = Any
Deploy = Any
UnderLoad = Any

IN_MEMORY: Final = {"persistence": {"enabled": False}}


def replicas_of(view: ClusterView) -> list[str]:
    return sorted(str(node["pod"]) for node in view.status["nodes"] if node["pod"] != view.primary)


async def test_two_of_three_pods_lost_block_until_a_person_accepts_the_loss(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy(**IN_MEMORY)
    async with under_load(cluster) as trial:
        await trial.more_writes(1)
    before = await cluster.view()
    lost, left = replicas_of(before)
    shell.world.local.wipe(before.primary)
    shell.world.local.wipe(lost)
    view = await shell.condition(cluster, "Blocked", "True", "TooFewWholePods", names.ACCEPT_DATA_LOSS_ANNOTATION)
    assert view.phase == "Blocked"
    assert view.condition("Ready")["status"] == "False"
    await shell.event(cluster, "FailoverBlocked", "TooFewWholePods")
    await shell.metric_above(0, "failovers_total", outcome="Blocked")

    accept = {names.ACCEPT_DATA_LOSS_ANNOTATION: str(view.epoch - 1)}
    await shell.world.api.annotate(VALKEYCLUSTERS, cluster.namespace, cluster.name, **accept)
    trace = len(shell.operator.trace.lines(cluster=cluster.key))

    def looked_again() -> bool:
        lines = shell.operator.trace.lines(cluster=cluster.key)[trace:]
        return bool(sum(line.machine == "failover" and line.phase == "Blocked" for line in lines) >= 2)

    await wait_for("two more rounds", looked_again, timeout_ms=10_000)
    assert (await cluster.view()).phase == "Blocked", "the consent was to another epoch"

    accept = {names.ACCEPT_DATA_LOSS_ANNOTATION: str(view.epoch)}
    await shell.world.api.annotate(VALKEYCLUSTERS, cluster.namespace, cluster.name, **accept)
    view = await cluster.wait_ready()
    assert view.primary == left
    assert view.condition("Blocked")["status"] == "False"
    assert view.condition("DataLoss")["reason"] == "DataLossAccepted"
    await shell.event(cluster, "DataLoss", "DataLossAccepted")


async def test_two_processes_that_die_and_keep_their_disks_lose_nothing(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await shell.world.local.kill(before.primary)
        await shell.world.local.kill(replicas_of(before)[0])
        await trial.next_primary(before)
        await trial.ready()


async def test_all_pods_that_restart_with_their_disks_lose_nothing_and_say_what_is_not_certain(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        for pod in (before.primary, *replicas_of(before)):
            await shell.world.local.kill(pod)
        view = await trial.next_primary(before)
        assert view.primary == before.primary, "its history holds every confirmed write"
        view = await trial.ready()
    assert view.condition("DataLoss")["reason"] == "AllPodsRestarted"
    await shell.event(cluster, "DataLoss", "AllPodsRestarted")
