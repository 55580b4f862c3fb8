"""The running operator takes the steps that the machines take: its trace, replayed, is accepted to the last line."""

import pytest

from gungnir.demo.world import World
from spec.replay import DivergenceError, replay

pytestmark = [pytest.mark.live, pytest.mark.anyio]


@pytest.mark.timeout(120)
async def test_every_step_of_a_start_and_a_failover_is_one_of_the_machines() -> None:
    async with World() as world:
        operator = await world.start_operator()
        cluster = await world.apply(
            [
                {
                    "apiVersion": "valkey.verilean.io/v1",
                    "kind": "ValkeyCluster",
                    "metadata": {"name": "traced", "namespace": "default"},
                    "spec": {"replicas": 3},
                }
            ]
        )
        await cluster.wait_ready()
        before = await cluster.view()
        await world.local.kill(before.primary)
        await cluster.wait_view(
            "another primary", lambda view: view.primary not in ("", before.primary) and not view.failing_over
        )
        await cluster.wait_ready()
        texts = operator.trace.path.read_text().splitlines()
    done = replay(texts)
    assert done.rounds > 0
    assert done.skipped == 0
    promoted = next(number for number, text in enumerate(texts) if '"verb": "promote"' in text)
    texts[promoted] = texts[promoted].replace('"verb": "promote"', '"verb": "follow"')
    with pytest.raises(DivergenceError, match=f"line {promoted + 1}"):
        replay(texts)
