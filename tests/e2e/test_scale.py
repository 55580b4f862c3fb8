"""More pods and fewer on real nodes, under load."""

import pytest

from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from tests.e2e.conftest import Deploy, UnderLoad
from tests.e2e.installed import READY_MS

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(400)]


async def sized(cluster: ManagedCluster, size: int) -> None:
    """Change the size and wait until so many pods, and no others, serve and count."""
    await cluster.change({"replicas": size})

    async def done() -> bool:
        view = await cluster.view()
        counted = (view.status.get("electorate") or {}).get("size")
        return view.ready == size == counted and len(await cluster.pods()) == size

    await wait_for(f"{size} pods", done, timeout_ms=READY_MS, poll_ms=200)


async def test_three_become_five_and_three_again_and_nothing_is_lost(deploy: Deploy, under_load: UnderLoad) -> None:
    """The role is with a pod that stays: nobody is promoted for a change of size."""
    cluster = await deploy(replicas=3)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await sized(cluster, 5)
        await sized(cluster, 3)
        assert (await cluster.view()).primary == before.primary
        await trial.more_writes(100)
