from typing import Any

import pytest

from gungnir.local.errors import (
    AlreadyExistsError,
    ApiError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from gungnir.local.registry import Registry

Obj = dict[str, Any]
MERGE = "application/merge-patch+json"


def config(name: str = "c", **data: str) -> Obj:
    return {"metadata": {"name": name}, "data": data}


def test_create_fills_in_what_the_server_owns(registry: Registry) -> None:
    made = registry.create("configmaps", config(a="1"), namespace="default")
    assert made["apiVersion"] == "v1"
    assert made["kind"] == "ConfigMap"
    assert made["metadata"]["namespace"] == "default"
    assert made["metadata"]["uid"]
    assert made["metadata"]["creationTimestamp"].endswith("Z")
    assert made["metadata"]["resourceVersion"] == registry.list("configmaps").resource_version


def test_create_ignores_what_a_client_may_not_choose(registry: Registry) -> None:
    body = config()
    body["metadata"] |= {"uid": "mine", "generation": 7, "creationTimestamp": "2001-01-01T00:00:00Z"}
    made = registry.create("configmaps", body, namespace="default")["metadata"]
    assert made["uid"] != "mine"
    assert "generation" not in made
    assert not made["creationTimestamp"].startswith("2001")


def test_what_comes_out_is_the_callers_own(registry: Registry) -> None:
    made = registry.create("configmaps", config(a="1"), namespace="default")
    made["data"]["a"] = "changed"
    assert registry.get("configmaps", "default", "c")["data"] == {"a": "1"}


def test_create_of_a_taken_name_is_refused(registry: Registry) -> None:
    registry.create("configmaps", config(), namespace="default")
    with pytest.raises(AlreadyExistsError, match='configmaps "c" already exists'):
        registry.create("configmaps", config(), namespace="default")


def test_create_in_a_missing_namespace_is_not_found(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match='namespaces "nowhere" not found'):
        registry.create("configmaps", config(), namespace="nowhere")


def test_create_in_another_namespace_than_the_object_names_is_refused(registry: Registry) -> None:
    body = config()
    body["metadata"]["namespace"] = "other"
    with pytest.raises(BadRequestError, match="does not match the namespace"):
        registry.create("configmaps", body, namespace="default")


def test_create_with_a_resource_version_is_refused(registry: Registry) -> None:
    body = config()
    body["metadata"]["resourceVersion"] = "5"
    with pytest.raises(ApiError, match="resourceVersion should not be set"):
        registry.create("configmaps", body, namespace="default")


def test_create_of_another_kind_is_refused(registry: Registry) -> None:
    with pytest.raises(BadRequestError, match="do not match the expected"):
        registry.create(
            "configmaps", {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "c"}}, namespace="default"
        )


def test_generate_name_gives_names_that_differ(registry: Registry) -> None:
    body: Obj = {"metadata": {"generateName": "c-"}}
    names = {registry.create("configmaps", body, namespace="default")["metadata"]["name"] for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("c-") for name in names)


@pytest.mark.parametrize(
    ("resource", "name", "says"),
    [
        ("configmaps", "Upper", "lowercase RFC 1123 subdomain"),
        ("services", "1a", "DNS-1035 label"),
        ("configmaps", "a" * 254, "must be no more than 253 characters"),
        ("configmaps", "", "metadata.name: Required value"),
    ],
)
def test_a_bad_name_is_refused_with_the_rule(registry: Registry, resource: str, name: str, says: str) -> None:
    with pytest.raises(InvalidError, match=says):
        registry.create(resource, {"metadata": {"name": name}, "spec": {"ports": [{"port": 1}]}}, namespace="default")


def test_a_bad_label_is_refused(registry: Registry) -> None:
    body = config()
    body["metadata"]["labels"] = {"a/b/c": "x", "ok": "no spaces"}
    with pytest.raises(InvalidError) as caught:
        registry.create("configmaps", body, namespace="default")
    assert len((caught.value.details or {})["causes"]) == 2


def test_an_update_of_an_old_version_is_a_conflict(registry: Registry) -> None:
    first = registry.create("configmaps", config(a="1"), namespace="default")
    registry.update("configmaps", {**first, "data": {"a": "2"}})
    with pytest.raises(ConflictError, match="the object has been modified"):
        registry.update("configmaps", {**first, "data": {"a": "3"}})
    assert registry.get("configmaps", "default", "c")["data"] == {"a": "2"}


def test_an_update_of_another_uid_is_a_conflict(registry: Registry) -> None:
    first = registry.create("configmaps", config(), namespace="default")
    first["metadata"] |= {"uid": "another", "resourceVersion": ""}
    with pytest.raises(ConflictError, match="Precondition failed: UID"):
        registry.update("configmaps", first)


def test_an_update_without_a_version_is_unconditional(registry: Registry) -> None:
    registry.create("configmaps", config(a="1"), namespace="default")
    assert registry.update("configmaps", config(a="2"), namespace="default")["data"] == {"a": "2"}


def test_a_write_that_changes_nothing_keeps_the_resource_version(registry: Registry) -> None:
    first = registry.create(
        "services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}, namespace="default"
    )
    plain = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}
    assert registry.update("services", plain, namespace="default") == first
    assert registry.patch("services", "default", "s", {"spec": {"type": "ClusterIP"}}, MERGE) == first


def test_dry_run_answers_and_stores_nothing(registry: Registry) -> None:
    assert registry.create("configmaps", config(), namespace="default", dry_run=True)["metadata"]["uid"]
    with pytest.raises(NotFoundError):
        registry.get("configmaps", "default", "c")
    registry.create("configmaps", config(a="1"), namespace="default")
    registry.update("configmaps", config(a="2"), namespace="default", dry_run=True)
    registry.delete("configmaps", "default", "c", dry_run=True)
    assert registry.get("configmaps", "default", "c")["data"] == {"a": "1"}


def test_the_generation_counts_changes_of_the_spec_only(boxes: Registry) -> None:
    labelled = boxes.patch("boxes", "default", "b", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert labelled["metadata"]["generation"] == 1
    status = boxes.patch("boxes", "default", "b", {"status": {"phase": "Up"}}, MERGE, subresource="status")
    assert status["metadata"]["generation"] == 1
    assert boxes.patch("boxes", "default", "b", {"spec": {"size": 4}}, MERGE)["metadata"]["generation"] == 2


def test_spec_and_status_are_written_apart(boxes: Registry) -> None:
    both = {"spec": {"size": 5}, "status": {"phase": "Up"}}
    plain = boxes.patch("boxes", "default", "b", both, MERGE)
    assert plain["spec"]["size"] == 5
    assert "status" not in plain
    status = boxes.patch("boxes", "default", "b", {**both, "spec": {"size": 6}}, MERGE, subresource="status")
    assert status["spec"]["size"] == 5
    assert status["status"] == {"phase": "Up"}


def test_a_service_keeps_its_address_and_may_not_change_it(registry: Registry) -> None:
    body = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}
    made = registry.create("services", body, namespace="default")
    assert registry.update("services", body, namespace="default")["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    with pytest.raises(InvalidError, match="may not change once set"):
        registry.patch("services", "default", "s", {"spec": {"clusterIP": "10.1.1.1"}}, MERGE)


def test_the_address_of_a_service_comes_from_the_hook(registry: Registry) -> None:
    registry.cluster_ip = lambda namespace, name: f"127.0.0.{len(namespace) + len(name)}"
    body = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}
    assert registry.create("services", body, namespace="default")["spec"]["clusterIP"] == "127.0.0.8"
    headless = {"metadata": {"name": "h"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}}
    assert registry.create("services", headless, namespace="default")["spec"]["clusterIPs"] == ["None"]


def test_a_mutator_sees_creates_and_updates(registry: Registry) -> None:
    registry.mutators.append(
        lambda kind, new, old: new["metadata"].setdefault("labels", {}).update(k=kind.plural, u=str(bool(old)))
    )
    assert registry.create("configmaps", config(), namespace="default")["metadata"]["labels"] == {
        "k": "configmaps",
        "u": "False",
    }
    assert registry.update("configmaps", config(), namespace="default")["metadata"]["labels"]["u"] == "True"


def test_an_immutable_secret_stays_as_it_is(registry: Registry) -> None:
    registry.create(
        "secrets", {"metadata": {"name": "s"}, "stringData": {"a": "b"}, "immutable": True}, namespace="default"
    )
    with pytest.raises(InvalidError, match="field is immutable when `immutable` is set"):
        registry.patch("secrets", "default", "s", {"data": {"a": "Yw=="}}, MERGE)


def test_a_stateful_set_changes_only_where_it_may(registry: Registry) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    spec = {"serviceName": "s", "selector": {"matchLabels": {"a": "b"}}, "template": template}
    registry.create("statefulsets", {"metadata": {"name": "w"}, "spec": spec}, namespace="default")
    changed = registry.patch("statefulsets", "default", "w", {"spec": {"replicas": 4}}, MERGE)
    assert changed["metadata"]["generation"] == 2
    with pytest.raises(InvalidError, match="fields other than 'replicas', 'ordinals', 'template'"):
        registry.patch("statefulsets", "default", "w", {"spec": {"podManagementPolicy": "Parallel"}}, MERGE)


def test_lists_select_by_namespace_labels_and_fields(registry: Registry) -> None:
    registry.create("namespaces", {"metadata": {"name": "other"}})
    for namespace, name, label in (("default", "a", "x"), ("default", "b", "y"), ("other", "c", "x")):
        body = config(name)
        body["metadata"]["labels"] = {"l": label}
        registry.create("configmaps", body, namespace=namespace)

    def names(**selectors: str) -> list[str]:
        return [o["metadata"]["name"] for o in registry.list("configmaps", **selectors).items]

    assert names() == ["a", "b", "c"]
    assert names(namespace="default") == ["a", "b"]
    assert names(label_selector="l=x") == ["a", "c"]
    assert names(field_selector="metadata.name!=a") == ["b", "c"]


def test_both_event_apis_show_the_same_event(registry: Registry) -> None:
    event = {
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
        "note": "it happened",
        "reason": "Happened",
        "type": "Normal",
        "reportingController": "gungnir",
        "eventTime": "2026-01-01T00:00:00.000000Z",
    }
    made = registry.create("events.events.k8s.io", event, namespace="default")
    assert made["note"] == "it happened"
    core = registry.get("events", "default", "e")
    assert core["message"] == "it happened"
    assert core["involvedObject"]["name"] == "p"
    assert core["apiVersion"] == "v1"


def test_a_namespace_that_goes_takes_nothing_new(registry: Registry, pod: Obj) -> None:
    registry.create("namespaces", {"metadata": {"name": "n"}})
    pod["spec"]["nodeName"] = "node"
    registry.create("pods", pod, namespace="n")
    assert registry.delete("namespaces", None, "n")["status"]["phase"] == "Terminating"
    with pytest.raises(ForbiddenError, match="because it is being terminated"):
        registry.create("configmaps", config(), namespace="n")
    registry.delete("pods", "n", "p", grace_period_seconds=0)
    with pytest.raises(NotFoundError):
        registry.get("namespaces", None, "n")
