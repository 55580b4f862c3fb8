"""The local network: relayed addresses, Services that behave as under kube-proxy, and cuts that nobody is told of."""

import time
from typing import Any

import pytest

pytestmark = pytest.mark.live


def test_peers_are_seen_by_their_own_addresses(on_demo: Any, connect: Any) -> None:
    async def scenario(demo: Any) -> None:
        operator = demo.cluster.operator_source_address
        with demo.client("demo-0", source=operator) as client:
            assert f"addr={operator}:" in client.call("CLIENT INFO")
        with connect(demo.cluster.service_address("demo"), source=operator) as client:
            assert f"addr={operator}:" in client.call("CLIENT INFO")

    on_demo(scenario)


def test_replication_runs_between_pod_addresses_and_stops_in_a_cut(on_demo: Any, wait_until: Any) -> None:
    async def scenario(demo: Any) -> None:
        primary = demo.cluster.pod_address("demo-0")
        with demo.client("demo-0") as first, demo.client("demo-1") as second:
            second.call(f"REPLICAOF {primary} 6379")
            await wait_until(lambda: "master_link_status:up" in second.call("INFO replication"), "the link is up")
            assert f"slave0:ip={demo.cluster.pod_address('demo-1')},port=6379" in first.call("INFO replication")
            await demo.cluster.cut("demo-0", "demo-1")
            first.call("SET cut 1")
            assert first.call("WAIT 1 200") == ":0"
            assert second.call("GET cut") == "$-1"
            await demo.cluster.heal("demo-0", "demo-1")
            await wait_until(lambda: second.call("GET cut") == "1", "the write arrives after the heal")

    on_demo(scenario)


def test_a_cut_is_silent_for_both_old_and_new_connections_and_a_heal_drops_them(on_demo: Any) -> None:
    async def scenario(demo: Any) -> None:
        operator = demo.cluster.operator_source_address
        with demo.client("demo-0", source=operator) as old, demo.client("demo-0") as other:
            assert old.call("PING") == "+PONG"
            await demo.cluster.cut("operator", "demo-0")
            assert old.is_silent()
            with demo.client("demo-0", source=operator) as new:
                assert new.is_silent()
                assert other.call("PING") == "+PONG"  # clients are not concerned
                await demo.cluster.heal("operator", "demo-0")
                new.settimeout(2)
                assert new.is_ended()
            old.settimeout(2)
            assert old.is_ended()
        with demo.client("demo-0", source=operator) as again:
            assert again.call("PING") == "+PONG"

    on_demo(scenario)


def test_a_heal_that_resumes_delivers_what_waited_in_the_buffers(on_demo: Any) -> None:
    async def scenario(demo: Any) -> None:
        with demo.client("demo-0") as client:
            client.call("SET late 0")
            await demo.cluster.cut("clients", "demo-0")
            assert client.is_silent("INCR late")
            await demo.cluster.heal(resume=True)
            client.settimeout(2)
            assert client.call("INCR late") == ":1"  # the answer to the first INCR

    on_demo(scenario)


def test_a_one_way_cut_loses_only_that_direction(on_demo: Any) -> None:
    async def scenario(demo: Any) -> None:
        with demo.client("demo-0") as listener, demo.client("demo-0", source=demo.cluster.pod_address("demo-1")) as pod:
            listener.call("SUBSCRIBE news")
            await demo.cluster.cut("clients", "demo-0", one_way=True)
            pod.call("PUBLISH news hello")
            listener.settimeout(2)
            assert listener.receive("hello")
            with demo.client("demo-0") as new:
                assert new.is_silent()

    on_demo(scenario)


def test_who_is_cut_off_does_not_hear_of_a_death_and_everybody_else_does(
    on_demo: Any, refused: Any, wait_until: Any
) -> None:
    async def scenario(demo: Any) -> None:
        demo.cluster.restart_delay_ms = demo.cluster.settings.restart_delay_cap_ms = 600_000
        operator, address = demo.cluster.operator_source_address, demo.cluster.pod_address("demo-0")
        with demo.client("demo-0", source=operator) as old, demo.client("demo-0") as client:
            assert old.call("PING") == "+PONG"
            await demo.cluster.cut("operator", "demo-0")
            await demo.cluster.kill("demo-0")
            assert client.is_ended()
            assert old.is_silent()
            with demo.client("demo-0", source=operator) as new:
                assert new.is_silent()
            await demo.cluster.heal()
            await wait_until(lambda: refused(address), "after the heal the dead address refuses")
            old.settimeout(2)
            assert old.is_ended()

    on_demo(scenario)


def test_a_service_leads_new_connections_elsewhere_and_keeps_the_old_ones(
    on_demo: Any, connect: Any, refused: Any, wait_until: Any
) -> None:
    async def scenario(demo: Any) -> None:
        address = demo.cluster.service_address("demo")

        def leads_to(pod: str) -> bool:
            with connect(address) as client:
                return f"laddr={demo.cluster.pod_address(pod)}:" in client.call("CLIENT INFO")

        name = "statefulset.kubernetes.io/pod-name"
        demo.select({name: "demo-0"})
        await wait_until(lambda: leads_to("demo-0"), "the Service leads to demo-0")
        with connect(address) as old:
            old.call("SET where first")
            demo.select({name: "demo-2"})
            await wait_until(lambda: leads_to("demo-2"), "the Service leads to demo-2")
            assert old.call("GET where") == "first"
            demo.select({name: "none"})
            await wait_until(lambda: refused(address), "a Service without endpoints refuses")
            assert old.call("GET where") == "first"

    on_demo(scenario)


def test_a_service_leaves_a_pod_that_is_not_ready_unless_it_publishes_such(
    on_demo: Any, refused: Any, wait_until: Any
) -> None:
    async def scenario(demo: Any) -> None:
        demo.cluster.restart_delay_ms = demo.cluster.settings.restart_delay_cap_ms = 600_000
        address = demo.cluster.service_address("demo")
        demo.select({"statefulset.kubernetes.io/pod-name": "demo-0"})
        await demo.cluster.kill("demo-0")
        await wait_until(lambda: refused(address), "the only endpoint is not ready")
        slices = demo.cluster.registry.list(
            "endpointslices", "default", label_selector="kubernetes.io/service-name=demo-headless"
        ).items
        conditions = [endpoint["conditions"]["ready"] for endpoint in slices[0]["endpoints"]]
        assert conditions == [True, True, True]

    on_demo(scenario)


def test_a_delay_slows_both_directions_and_keeps_the_order(on_demo: Any) -> None:
    async def scenario(demo: Any) -> None:
        with demo.client("demo-0") as client:
            await demo.cluster.network.delay("clients", "demo-0", 40)
            started = time.monotonic()
            assert [client.call(f"ECHO {i}") for i in range(3)] == ["0", "1", "2"]
            assert time.monotonic() - started >= 3 * 2 * 0.04
            await demo.cluster.heal()
            assert client.call("PING") == "+PONG"

    on_demo(scenario)


def test_large_values_pass_whole_through_a_service(on_demo: Any, connect: Any) -> None:
    async def scenario(demo: Any) -> None:
        demo.select({"statefulset.kubernetes.io/pod-name": "demo-0"})
        value = "x" * 60_000
        with connect(demo.cluster.pod_address("demo-0")) as client:
            for i in range(40):
                client.call(f"APPEND big {value}{i % 10}")
            assert len(client.call("GET big")) == 40 * 60_001

    on_demo(scenario)
