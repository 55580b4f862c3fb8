"""A server that took a full copy writes a new append-only file, and starts from its former data if it is killed before.

The copy is of ``KEYS`` keys, and the file is written as slowly as a test asks for, on the pod that is promoted.
"""

from typing import Any, Final

import pytest

from gungnir.api import names
from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.resp.commands import config_set, info
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

pytestmark = [pytest.mark.anyio, pytest.mark.live]

REWRITES: Final = {"aof-use-rdb-preamble": "no"}
"""As the releases before 9.1 do. Later ones make the copy that they received the beginning of their file, else."""
KEYS: Final = 40
SLOW_US, QUICK_US = 1_500_000, 100_000
"""Microseconds for each key of the new file: it takes a minute, and 4 s."""
BACK_MS: Final = 30_000


async def run_ids(cluster: ManagedCluster) -> dict[str, bytes]:
    """Return the process of each pod that answers."""
    found = {}
    for pod in await cluster.pods():
        try:
            (text,) = await cluster.call(pod, info("server"))
        except (ConnectError, LostError):
            continue
        found[pod] = bytes(text).partition(b"run_id:")[2][:40]
    return found


async def restarted(world: World, cluster: ManagedCluster, *pods: str) -> None:
    """Kill the processes of these pods, and wait until the next ones answer."""
    before = await run_ids(cluster)
    for pod in pods:
        await world.local.kill(pod)

    async def back() -> bool:
        now = await run_ids(cluster)
        return all(now.get(pod, before[pod]) != before[pod] for pod in pods)

    await wait_for(f"{', '.join(pods)} to be back", back, timeout_ms=BACK_MS)


async def confirmed(cluster: ManagedCluster, key: str, copies: int) -> None:
    """Write a key, and have so many replicas confirm it."""
    primary = (await cluster.view()).primary
    answer, held = await cluster.call(primary, (b"SET", key.encode(), b"yes"), (b"WAIT", b"%d" % copies, b"5000"))
    assert answer == b"OK"
    assert held >= copies


async def promoted_with_a_copy(
    world: World, operator: OperatorProcess, cluster: ManagedCluster, key_us: int
) -> ClusterView:
    """Promote a replica that was killed, missed a write, and took a full copy, while it still writes its file."""
    primary = (await cluster.view()).primary
    heir = next(pod for pod in sorted(await cluster.pods()) if pod != primary)
    pairs = [part for number in range(KEYS) for part in (b"bulk:%d" % number, b"x")]
    assert await cluster.call(primary, (b"MSET", *pairs), (b"WAIT", b"2", b"5000")) == [b"OK", 2]
    # Without an operator it stays as it started, so the new file can be made slow before there is a copy.
    await operator.stop()
    await restarted(world, cluster, heir)
    await confirmed(cluster, "missed", 1)
    slow = config_set({"rdb-key-save-delay": key_us})
    assert await cluster.call_as_operator(heir, slow) == [b"OK"]
    await operator.start()
    process = (await run_ids(cluster))[heir].decode()

    def whole(view: ClusterView) -> bool:
        return any(member["runId"] == process for member in view.status["members"])

    await cluster.wait_view("the pod that was killed to be recorded as whole", whole)
    await cluster.wait_ready()
    await cluster.switch_over(heir)
    await cluster.wait_view("the role to move", lambda view: view.primary == heir and not view.failing_over)
    await confirmed(cluster, "since", 1)
    return await cluster.wait_ready()


async def all_killed(world: World, operator: OperatorProcess, cluster: ManagedCluster) -> None:
    """Kill every server; nobody decides anything before all are back."""
    await operator.stop()
    await restarted(world, cluster, *await cluster.pods())
    await operator.start()


async def test_a_primary_that_is_killed_before_its_disk_holds_its_copy_is_not_taken_unasked(
    world: World, deploy: Any, operator: OperatorProcess
) -> None:
    """It comes back with data of before; the others hold what was confirmed since, and a person says so."""
    cluster: ManagedCluster = await deploy(config=REWRITES)
    before = await promoted_with_a_copy(world, operator, cluster, SLOW_US)
    assert before.status["primary"]["written"] is False
    await all_killed(world, operator, cluster)
    blocked = await cluster.wait_view(
        "the operator to ask a person",
        lambda view: view.condition("Blocked").get("reason") == "PrimaryMayHoldOldData",
        timeout_ms=BACK_MS,
    )
    keys = (b"bulk:0", b"missed", b"since")
    assert await cluster.call(before.primary, *((b"EXISTS", key) for key in keys)) == [1, 0, 0]
    whole = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
    assert await cluster.call(whole, *((b"EXISTS", key) for key in keys)) == [1, 1, 1]
    chosen = {names.RECOVER_FROM_ANNOTATION: f"{whole}@{blocked.epoch}"}
    await cluster.api.annotate(VALKEYCLUSTERS, cluster.namespace, cluster.name, **chosen)
    after = await cluster.wait_ready()
    assert after.primary == whole
    assert await cluster.call(whole, *((b"EXISTS", key) for key in keys)) == [1, 1, 1]


async def test_a_primary_comes_first_again_once_its_disk_holds_its_copy(
    world: World, deploy: Any, operator: OperatorProcess
) -> None:
    """That it does is recorded once, without another epoch."""
    cluster: ManagedCluster = await deploy(config=REWRITES)
    before = await promoted_with_a_copy(world, operator, cluster, QUICK_US)
    seen = await cluster.wait_view("its file to be seen whole", lambda view: view.status["primary"]["written"])
    assert (seen.epoch, seen.primary) == (before.epoch, before.primary)
    await all_killed(world, operator, cluster)
    await cluster.wait_view("another epoch", lambda view: view.epoch > seen.epoch)
    after = await cluster.wait_ready()
    assert (after.primary, after.status["lastFailover"]["verdict"]) == (before.primary, "AllPodsRestarted")
    keys = (b"bulk:0", b"missed", b"since")
    assert await cluster.call(after.primary, *((b"EXISTS", key) for key in keys)) == [1, 1, 1]
