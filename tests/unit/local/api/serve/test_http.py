import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gungnir.local.serve.subresources import LogRequest

Served = Callable[[Callable[[Any], Any]], None]
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
BOXES = "/apis/test.example/v1/namespaces/default/boxes"
MERGE = "application/merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


def test_errors_are_status_objects(served: Served) -> None:
    async def scenario(client: Any) -> None:
        status, body = await client.ask("GET", f"{CONFIG_MAPS}/gone")
        assert status == 404
        assert body["kind"] == "Status"
        assert body["reason"] == "NotFound"
        assert body["details"] == {"name": "gone", "kind": "configmaps"}
        for method, path, wanted in (
            ("GET", "/api/v1/nothings", 404),
            ("GET", "/nowhere", 404),
            ("POST", f"{CONFIG_MAPS}/x", 405),
            ("PUT", CONFIG_MAPS, 405),
        ):
            assert (await client.ask(method, path))[0] == wanted, path
        status, body = await client.ask("POST", CONFIG_MAPS, Content_Type="text/plain", body={"a": 1})
        assert (status, body["reason"]) == (415, "UnsupportedMediaType")
        async with client.session.post(
            client.server.url + CONFIG_MAPS, data=b"{", headers={"Content-Type": "application/json"}
        ) as a:
            assert a.status == 400

    served(scenario)


def test_a_list_comes_in_pages(served: Served) -> None:
    async def scenario(client: Any) -> None:
        for i in range(5):
            await client.make(f"c{i}")
        names, token = [], ""
        for _ in range(3):
            _, page = await client.ask("GET", f"{CONFIG_MAPS}?limit=2&continue={token}")
            names += [item["metadata"]["name"] for item in page["items"]]
            token = page["metadata"].get("continue", "")
        assert names == [f"c{i}" for i in range(5)]
        assert token == ""
        status, body = await client.ask("GET", f"{CONFIG_MAPS}?continue=nonsense")
        assert (status, body["reason"]) == (400, "BadRequest")

    served(scenario)


def test_a_page_of_a_list_that_is_no_longer_kept_is_expired(served: Served) -> None:
    async def scenario(client: Any) -> None:
        for i in range(3):
            await client.make(f"c{i}")
        _, page = await client.ask("GET", f"{CONFIG_MAPS}?limit=1")
        for _ in range(130):  # more lists under way than are kept
            await client.ask("GET", f"{CONFIG_MAPS}?limit=1")
        status, body = await client.ask("GET", f"{CONFIG_MAPS}?limit=1&continue={page['metadata']['continue']}")
        assert (status, body["reason"]) == (410, "Expired")

    served(scenario)


def test_a_list_of_the_future_is_a_timeout(served: Served) -> None:
    async def scenario(client: Any) -> None:
        status, body = await client.ask("GET", f"{CONFIG_MAPS}?resourceVersion=999999")
        assert (status, body["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")

    served(scenario)


def test_every_verb_works_over_http(served: Served) -> None:
    async def scenario(client: Any) -> None:
        made = await client.make("c", a="1")
        status, changed = await client.ask("PUT", f"{CONFIG_MAPS}/c", {**made, "data": {"a": "2"}})
        assert (status, changed["data"]) == (200, {"a": "2"})
        status, body = await client.ask("PUT", f"{CONFIG_MAPS}/c", made)
        assert (status, body["reason"]) == (409, "Conflict")
        status, changed = await client.ask("PATCH", f"{CONFIG_MAPS}/c", {"data": {"b": "3"}}, Content_Type=MERGE)
        assert changed["data"] == {"a": "2", "b": "3"}
        status, body = await client.ask("PATCH", f"{CONFIG_MAPS}/c", {}, Content_Type="application/apply-patch+yaml")
        assert (status, "server-side apply is not served" in body["message"]) == (415, True)
        assert (await client.ask("DELETE", f"{CONFIG_MAPS}/c", {"preconditions": {"uid": "x"}}))[0] == 409
        status, body = await client.ask("DELETE", f"{CONFIG_MAPS}/c")
        assert (body["status"], body["details"]["name"]) == ("Success", "c")
        await client.make("d")
        assert (await client.ask("DELETE", CONFIG_MAPS))[0] == 200
        assert (await client.ask("GET", CONFIG_MAPS))[1]["items"] == []

    served(scenario)


@pytest.mark.parametrize(
    ("method", "way"), [("GET", "exec"), ("POST", "portforward"), ("PATCH", "ephemeralcontainers")]
)
def test_the_ways_into_a_pod_are_refused_and_the_pod_must_exist(served: Served, method: str, way: str) -> None:
    async def scenario(client: Any) -> None:
        pods = "/api/v1/namespaces/default/pods"
        assert (await client.ask(method, f"{pods}/p/{way}", {}))[1]["message"] == 'pods "p" not found'
        pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        assert (await client.ask("POST", pods, pod))[0] == 201
        status, body = await client.ask(method, f"{pods}/p/{way}", {})
        assert (status, f"pods/{way} is not served by the local cluster" in body["message"]) == (405, True)
        assert "connect to the pod's address" in body["message"]

    served(scenario)


def test_dry_run_and_field_validation_are_query_parameters(served: Served) -> None:
    async def scenario(client: Any) -> None:
        body = {"metadata": {"name": "c"}, "dta": {}}
        assert (await client.ask("POST", f"{CONFIG_MAPS}?dryRun=All", body))[0] == 201
        assert client.headers["Warning"] == '299 - "unknown field \\"dta\\""'
        assert (await client.ask("GET", f"{CONFIG_MAPS}/c"))[0] == 404
        status, answer = await client.ask("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", body)
        assert (status, "strict decoding error" in answer["message"]) == (400, True)
        assert (await client.ask("POST", f"{CONFIG_MAPS}?dryRun=Some", body))[0] == 400
        assert (await client.ask("POST", f"{CONFIG_MAPS}?fieldValidation=Often", body))[0] == 400

    served(scenario)


def test_custom_resources_have_status_and_scale(served: Served) -> None:
    async def scenario(client: Any) -> None:
        change = {"status": {"phase": "Up"}, "spec": {"size": 9}}
        _, box = await client.ask("PATCH", f"{BOXES}/b/status", change, Content_Type=MERGE)
        assert (box["status"], box["spec"]["size"]) == ({"phase": "Up"}, 3)
        _, scale = await client.ask("PATCH", f"{BOXES}/b/scale", {"spec": {"replicas": 4}}, Content_Type=MERGE)
        assert scale["spec"] == {"replicas": 4}
        assert (await client.ask("GET", f"{BOXES}/b/other"))[0] == 404
        assert (await client.ask("GET", f"{CONFIG_MAPS}/b/status"))[0] == 404

    served(scenario)


def test_tables_and_metadata_are_given_when_asked_for(served: Served) -> None:
    async def scenario(client: Any) -> None:
        await client.ask("PATCH", f"{BOXES}/b/status", {"status": {"phase": "Up"}}, Content_Type=MERGE)
        _, table = await client.ask("GET", BOXES, Accept=TABLE)
        assert table["kind"] == "Table"
        assert [(c["name"], c["priority"]) for c in table["columnDefinitions"]] == [
            ("Name", 0),
            ("Phase", 0),
            ("Size", 1),
        ]
        assert table["rows"][0]["cells"] == ["b", "Up", 3]
        assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
        _, table = await client.ask("GET", f"{BOXES}/b?includeObject=Object", Accept=TABLE)
        assert table["rows"][0]["object"]["spec"]["size"] == 3
        _, listed = await client.ask("GET", BOXES, Accept=PARTIAL)
        assert listed["kind"] == "PartialObjectMetadataList"
        assert set(listed["items"][0]) == {"kind", "apiVersion", "metadata"}

    served(scenario)


def test_discovery_names_every_kind_in_both_forms(served: Served) -> None:
    async def scenario(client: Any) -> None:
        _, groups = await client.ask("GET", "/apis")
        names = [group["name"] for group in groups["groups"]]
        assert {"apps", "test.example", "policy", "coordination.k8s.io"} <= set(names)
        _, listed = await client.ask("GET", "/apis/test.example/v1")
        assert [r["name"] for r in listed["resources"]] == ["boxes", "boxes/scale", "boxes/status"]
        assert listed["resources"][0]["shortNames"] == ["bx"]
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
        _, found = await client.ask("GET", "/apis", Accept=accept)
        assert found["kind"] == "APIGroupDiscoveryList"
        assert [item["metadata"]["name"] for item in found["items"]] == names
        _, core = await client.ask("GET", "/api", Accept=accept)
        pods = next(r for r in core["items"][0]["versions"][0]["resources"] if r["resource"] == "pods")
        assert {s["subresource"] for s in pods["subresources"]} == {"eviction", "log", "status"}
        assert (await client.ask("GET", "/apis/none.example"))[0] == 404

    served(scenario)


def test_health_version_and_schemas_are_served(served: Served) -> None:
    async def scenario(client: Any) -> None:
        for path in ("/healthz", "/livez", "/readyz", "/readyz/ping"):
            assert await client.ask("GET", path) == (200, "ok")
        assert (await client.ask("GET", "/version"))[1]["gitVersion"].startswith("v1.")
        _, index = await client.ask("GET", "/openapi/v3")
        assert "apis/test.example/v1" in index["paths"]
        _, document = await client.ask("GET", index["paths"]["apis/test.example/v1"]["serverRelativeURL"])
        schema = document["components"]["schemas"]["example.test.v1.Box"]
        assert schema["properties"]["spec"]["properties"]["size"]["maximum"] == 9
        assert "x-kubernetes-validations" not in schema["properties"]["spec"]
        patch = document["paths"]["/apis/test.example/v1/namespaces/{namespace}/boxes/{name}"]["patch"]
        assert "fieldValidation" in {p["name"] for p in patch["parameters"]}
        assert (await client.ask("GET", "/openapi/v2"))[1]["swagger"] == "2.0"
        protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
        assert await client.ask("GET", "/openapi/v2", Accept=protobuf) == (200, "\n\x032.0")

    served(scenario)


def test_the_log_of_a_container_comes_from_the_hook(served: Served) -> None:
    async def scenario(client: Any) -> None:
        spec = {"containers": [{"name": "c", "image": "i:1"}]}
        await client.ask("POST", "/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": spec})
        path = "/api/v1/namespaces/default/pods/p/log"
        assert (await client.ask("GET", path))[0] == 400

        async def log(wanted: LogRequest) -> AsyncIterator[bytes]:
            yield f"{wanted.container} {wanted.tail_lines} {wanted.follow}\n".encode()
            await asyncio.sleep(0)
            yield b"end\n"

        client.server.pod_log = log
        assert await client.ask("GET", f"{path}?tailLines=5&follow=true") == (200, "c 5 True\nend\n")
        assert (await client.ask("GET", f"{path}?container=other"))[0] == 400

    served(scenario)


def test_an_eviction_is_refused_with_429(served: Served) -> None:
    async def scenario(client: Any) -> None:
        root = "/api/v1/namespaces/default/pods"
        metadata = {"name": "p", "labels": {"a": "b"}}
        spec = {"containers": [{"name": "c", "image": "i:1"}]}
        await client.ask("POST", root, {"metadata": metadata, "spec": spec})
        await client.ask("PATCH", f"{root}/p/status", {"status": {"phase": "Running"}}, Content_Type=MERGE)
        budget = {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
        await client.ask("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget)
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
        status, body = await client.ask("POST", f"{root}/p/eviction", eviction)
        assert (status, body["details"]["causes"][0]["reason"]) == (429, "DisruptionBudget")

    served(scenario)


def test_everything_is_allowed(served: Served) -> None:
    async def scenario(client: Any) -> None:
        review = {"kind": "SelfSubjectAccessReview", "spec": {}}
        status, body = await client.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        assert (status, body["status"]["allowed"]) == (201, True)

    served(scenario)
