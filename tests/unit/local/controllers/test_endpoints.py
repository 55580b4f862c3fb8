from typing import Any

import pytest

from gungnir.local.controllers.endpoints import EndpointsController
from gungnir.local.controllers.service_proxy import ServiceProxy, _endpoints
from gungnir.local.controllers.stateful_sets import StatefulSetController


def controllers(world: Any) -> list[Any]:
    return [StatefulSetController(world.registry, world.events), EndpointsController(world.registry)]


def service(name: str = "demo", **spec: Any) -> dict[str, Any]:
    ports = [{"name": "valkey", "port": 6379, "targetPort": "valkey"}]
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": "demo"}, "ports": ports, **spec},
    }


def endpoints(world: Any, name: str = "demo") -> dict[str, dict[str, bool]]:
    slices = world.registry.list("endpointslices", "default", label_selector=f"kubernetes.io/service-name={name}").items
    return {e["targetRef"]["name"]: e["conditions"] for part in slices for e in part["endpoints"]}


def test_a_pod_is_an_endpoint_from_its_address_on_and_ready_with_its_condition(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.registry.create("services", service())
        world.apply()
        await settle()
        assert endpoints(world) == {}
        world.run("demo-0", ready=False)
        world.run("demo-1")
        await settle()
        assert endpoints(world) == {
            "demo-0": {"ready": False, "serving": False, "terminating": False},
            "demo-1": {"ready": True, "serving": True, "terminating": False},
        }
        legacy = world.get("demo", "endpoints")["subsets"][0]
        assert [a["ip"] for a in legacy["addresses"]] == ["127.64.1.2"]
        assert [a["ip"] for a in legacy["notReadyAddresses"]] == ["127.64.1.1"]
        assert legacy["ports"] == [{"name": "valkey", "port": 6379, "protocol": "TCP"}]

    play(controllers, scenario)


def test_a_terminating_pod_still_serves_but_is_not_ready_unless_published(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.registry.create("services", service())
        world.registry.create("services", service("all", clusterIP="None", publishNotReadyAddresses=True))
        world.apply()
        await settle()
        world.run("demo-0")
        world.registry.delete("pods", "default", "demo-0")
        await settle()
        assert endpoints(world)["demo-0"] == {"ready": False, "serving": True, "terminating": True}
        assert endpoints(world, "all")["demo-0"] == {"ready": True, "serving": True, "terminating": True}
        assert not world.get("demo", "endpoints").get("subsets")

    play(controllers, scenario)


def test_endpoints_follow_selector_labels_and_deletion(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.registry.create("services", service())
        world.apply()
        await settle()
        for i in range(3):
            world.run(f"demo-{i}")
        name = "statefulset.kubernetes.io/pod-name"
        world.change("services", "demo", lambda obj: obj["spec"].update(selector={name: "demo-1"}))
        await settle()
        assert list(endpoints(world)) == ["demo-1"]
        world.change("services", "demo", lambda obj: obj["spec"].update(selector={name: "none"}))
        await settle()
        assert endpoints(world) == {}
        world.change("services", "demo", lambda obj: obj["spec"].update(selector={"role": "replica"}))
        world.change("pods", "demo-2", lambda obj: obj["metadata"]["labels"].update(role="replica"))
        await settle()
        assert list(endpoints(world)) == ["demo-2"]
        world.registry.delete("services", "default", "demo")
        await settle()
        assert endpoints(world) == {}
        assert world.names("endpoints") == []

    play(controllers, scenario)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([(True, True, False), (False, False, False)], ["127.0.0.1"]),
        ([(False, True, True), (False, False, True)], ["127.0.0.1"]),
        ([(True, True, True), (False, True, True)], ["127.0.0.1"]),
        ([(False, False, False)], []),
    ],
)
def test_new_connections_go_to_ready_endpoints_else_to_terminating_ones_that_serve(
    conditions: list[tuple[bool, bool, bool]], expected: list[str]
) -> None:
    part = {
        "ports": [{"name": "valkey", "port": 6379}],
        "endpoints": [
            {
                "addresses": [f"127.0.0.{i}"],
                "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
            }
            for i, (ready, serving, terminating) in enumerate(conditions, 1)
        ],
    }
    assert _endpoints([part], "valkey") == [(address, 6379) for address in expected]
    assert _endpoints([part], "other") == []


class FakePlane:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def route(self, address: Any, targets: Any) -> None:
        self.calls.append(("route", address, list(targets)))

    def unroute(self, address: Any) -> None:
        self.calls.append(("unroute", address))


class FakePool:
    def __init__(self) -> None:
        self.given_back: list[str] = []

    def take(self) -> str:
        return "127.64.100.1"

    def give_back(self, address: str) -> None:
        self.given_back.append(address)


def test_the_plane_hears_of_a_route_once_per_change_and_of_its_end(world: Any, play: Any) -> None:
    plane, pool = FakePlane(), FakePool()

    def with_proxy(world: Any) -> list[Any]:
        return [*controllers(world), ServiceProxy(world.registry, plane, pool)]  # type: ignore[arg-type] # fakes

    async def scenario(settle: Any) -> None:
        address = ("127.64.100.1", 6379)
        world.registry.create("services", service())
        world.registry.create("services", service("headless", clusterIP="None"))
        await settle()
        assert plane.calls == [("route", address, [])]
        world.apply()
        await settle()
        world.run("demo-0")
        await settle()
        assert plane.calls[1:] == [("route", address, [("127.64.1.1", 6379)])]
        world.change("pods", "demo-0", lambda obj: obj["metadata"]["labels"].update(x="y"))
        await settle()
        assert len(plane.calls) == 2
        world.registry.delete("services", "default", "demo")
        await settle()
        assert plane.calls[2:] == [("unroute", address)]
        assert pool.given_back == ["127.64.100.1"]

    play(with_proxy, scenario)
