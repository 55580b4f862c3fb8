"""Leases, Events, Services, claims and evictions, as the operator uses them."""

from tests.kube.api import MERGE, Api, Obj, until


def test_a_lease_keeps_microseconds_and_is_a_compare_and_swap(api: Api, namespace: str) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    spec = {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "leaseTransitions": 0,
        "acquireTime": "2026-01-01T00:00:00.123456Z",
        "renewTime": "2026-01-01T00:00:01.000001Z",
    }
    made = api("POST", leases, {"metadata": {"name": "l"}, "spec": spec}).taken()
    assert made["spec"] == spec
    taken = api("PUT", f"{leases}/l", {**made, "spec": {**spec, "holderIdentity": "b"}})
    assert taken.taken()["spec"]["holderIdentity"] == "b"
    late = api("PUT", f"{leases}/l", {**made, "spec": {**spec, "holderIdentity": "c"}})
    assert (late.code, late.reason) == (409, "Conflict")
    given_back = api("PUT", f"{leases}/l", {**taken.taken(), "spec": {"leaseDurationSeconds": 1, "holderIdentity": ""}})
    assert not given_back.taken()["spec"].get("holderIdentity")


def test_a_lease_has_its_rules(api: Api, namespace: str) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    answer = api("POST", leases, {"metadata": {"name": "l"}, "spec": {"leaseDurationSeconds": 0}})
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0" in answer.message
    answer = api("POST", leases, {"metadata": {"name": "l"}, "spec": {"renewTime": "yesterday"}})
    assert answer.code == 400


def event(namespace: str, **others: object) -> Obj:
    return {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": namespace, "uid": "u"},
        "reason": "Promoted",
        "message": "it is the primary",
        "type": "Normal",
        "source": {"component": "test"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
        "reportingComponent": "test",
        "reportingInstance": "test-1",
        **others,
    }


def test_an_event_is_counted_up_by_a_patch(api: Api, namespace: str) -> None:
    events = f"/api/v1/namespaces/{namespace}/events"
    made = api("POST", events, event(namespace)).taken()
    assert made["involvedObject"]["uid"] == "u"
    body = {"count": 2, "lastTimestamp": "2026-01-01T00:01:00Z"}
    assert api("PATCH", f"{events}/e", body, content_type=MERGE).taken()["count"] == 2
    for selector in ("involvedObject.name=p", "reason=Promoted", "type=Normal", "involvedObject.uid=u"):
        listed = api("GET", events, fieldSelector=selector).taken()
        assert [item["metadata"]["name"] for item in listed["items"]] == ["e"]


def test_an_event_is_the_same_in_both_groups(api: Api, namespace: str) -> None:
    api("POST", f"/api/v1/namespaces/{namespace}/events", event(namespace)).taken()
    seen = api("GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events/e").taken()
    assert (seen["note"], seen["regarding"]["name"], seen["deprecatedCount"]) == ("it is the primary", "p", 1)


def test_an_event_is_in_the_namespace_of_what_it_is_about(api: Api, namespace: str) -> None:
    about = {"kind": "Pod", "name": "p", "namespace": "elsewhere"}
    answer = api("POST", f"/api/v1/namespaces/{namespace}/events", event(namespace, involvedObject=about))
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "does not match event.namespace" in answer.message


def test_a_service_gets_its_defaults_and_an_address_that_stays(api: Api, namespace: str) -> None:
    services = f"/api/v1/namespaces/{namespace}/services"
    spec = {"selector": {"app": "x"}, "ports": [{"name": "valkey", "port": 6379}]}
    made = api("POST", services, {"metadata": {"name": "s"}, "spec": spec}).taken()
    address = made["spec"]["clusterIP"]
    assert made["spec"]["clusterIPs"] == [address]
    assert made["spec"]["ports"] == [{"name": "valkey", "port": 6379, "protocol": "TCP", "targetPort": 6379}]
    assert (made["spec"]["type"], made["spec"]["sessionAffinity"]) == ("ClusterIP", "None")
    assert made["status"] == {"loadBalancer": {}}
    moved = api("PATCH", f"{services}/s", {"spec": {"clusterIP": "10.96.77.77"}}, content_type=MERGE)
    assert (moved.code, moved.reason) == (422, "Invalid")
    assert "field is immutable" in moved.message or "may not change once set" in moved.message
    put = api("PUT", f"{services}/s", {**made, "spec": {**spec, "selector": {"app": "y"}}}).taken()
    assert put["spec"]["clusterIP"] == address
    headless = api("POST", services, {"metadata": {"name": "h"}, "spec": {**spec, "clusterIP": "None"}}).taken()
    assert headless["spec"]["clusterIP"] == "None"


def test_most_of_a_stateful_set_is_fixed(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"serviceName": "web", "selector": {"matchLabels": labels}, "template": template}
    made = api("POST", path, {"metadata": {"name": "web"}, "spec": spec}).taken()["spec"]
    assert (made["replicas"], made["podManagementPolicy"]) == (1, "OrderedReady")
    assert made["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    assert made["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always"
    answer = api("PATCH", f"{path}/web", {"spec": {"podManagementPolicy": "Parallel"}}, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'" in answer.message
    wrong = {**spec, "selector": {"matchLabels": {"app": "other"}}}
    answer = api("POST", path, {"metadata": {"name": "bad"}, "spec": wrong})
    assert (answer.code, "`selector` does not match template `labels`" in answer.message) == (422, True)


def test_a_claim_that_is_not_bound_does_not_grow(api: Api, namespace: str) -> None:
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made = api("POST", claims, {"metadata": {"name": "c"}, "spec": spec}).taken()
    assert (made["status"]["phase"], made["spec"]["volumeMode"]) == ("Pending", "Filesystem")
    for size in ("2Gi", "512Mi"):
        body = {"spec": {"resources": {"requests": {"storage": size}}}}
        answer = api("PATCH", f"{claims}/c", body, content_type=MERGE)
        assert (answer.code, answer.reason) in {(403, "Forbidden"), (422, "Invalid")}


def test_an_eviction_asks_the_budget(api: Api, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    spec = {"nodeName": "n1", "terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "i"}]}
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    for name in ("a", "b"):
        api("POST", pods, {"metadata": {"name": name, "labels": {"app": "x"}}, "spec": spec}).taken()
        api("PATCH", f"{pods}/{name}/status", {"status": ready}, content_type=MERGE).taken()
    budget = {"metadata": {"name": "keep"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}}
    api("POST", budgets, budget).taken()

    def allowed() -> bool:
        status = api("GET", f"{budgets}/keep").taken().get("status") or {}
        return status.get("disruptionsAllowed") == 1

    until(allowed, "the budget allows one disruption")

    def evict(name: str) -> tuple[int, str]:
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
        answer = api("POST", f"{pods}/{name}/eviction", body)
        return answer.code, answer.reason

    assert evict("a") == (201, "")
    assert evict("b") == (429, "TooManyRequests")
    assert api("GET", f"{pods}/b").ok
    assert evict("none") == (404, "NotFound")
