"""What a real server does to built-in objects, and an operator must not take for drift."""

import json
from typing import Any

import pytest

from gungnir.local.errors import BadRequestError, InvalidError
from gungnir.local.registry import Registry, WriteOptions
from gungnir.local.schema import generate

Obj = dict[str, Any]


def workload(**container: Any) -> Obj:
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "valkey/valkey:9.1", **container}]},
    }
    spec = {"serviceName": "s", "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"metadata": {"name": "w"}, "spec": spec}


def test_a_stateful_set_gets_the_defaults_of_the_api(registry: Registry) -> None:
    probe = {"tcpSocket": {"port": 6379}}
    made = registry.create(
        "statefulsets",
        workload(
            readinessProbe=probe,
            ports=[{"containerPort": 6379}],
            env=[{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        ),
        namespace="default",
    )["spec"]
    assert made["replicas"] == 1
    assert made["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert made["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    pod = made["template"]["spec"]
    assert pod["restartPolicy"] == "Always"
    assert pod["terminationGracePeriodSeconds"] == 30
    assert pod["securityContext"] == {}
    container = pod["containers"][0]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["readinessProbe"] == {
        **probe,
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert container["ports"] == [{"containerPort": 6379, "protocol": "TCP"}]
    assert container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"


def test_on_delete_gets_no_rolling_update(registry: Registry) -> None:
    body = workload()
    body["spec"]["updateStrategy"] = {"type": "OnDelete"}
    made = registry.create("statefulsets", body, namespace="default")
    assert made["spec"]["updateStrategy"] == {"type": "OnDelete"}


def test_a_service_gets_the_defaults_of_the_api(registry: Registry) -> None:
    body = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 6379}], "publishNotReadyAddresses": False}}
    made = registry.create("services", body, namespace="default")["spec"]
    address = made["clusterIP"]
    assert made == {
        "type": "ClusterIP",
        "clusterIP": address,
        "clusterIPs": [address],
        "sessionAffinity": "None",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
        "ports": [{"port": 6379, "protocol": "TCP", "targetPort": 6379}],
    }


def test_quantities_come_back_in_their_canonical_form(registry: Registry) -> None:
    made = registry.create(
        "statefulsets", workload(resources={"limits": {"cpu": 0.5, "memory": "1024Mi"}}), namespace="default"
    )
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {"limits": {"cpu": "500m", "memory": "1Gi"}}


def test_a_pod_requests_what_it_is_limited_to(registry: Registry, pod: Obj) -> None:
    pod["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1"}}
    made = registry.create("pods", pod, namespace="default")
    assert made["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1"}
    assert made["status"] == {"phase": "Pending", "qosClass": "Burstable"}


def test_empty_maps_lists_and_nulls_are_left_out(registry: Registry) -> None:
    body: Obj = {
        "metadata": {"name": "c", "labels": {}, "annotations": None, "ownerReferences": []},
        "data": {},
        "binaryData": None,
    }
    made = registry.create("configmaps", body, namespace="default")
    assert set(made) == {"apiVersion", "kind", "metadata"}
    assert set(made["metadata"]) == {"name", "namespace", "uid", "creationTimestamp", "resourceVersion"}


def test_string_data_of_a_secret_is_folded_into_its_data(registry: Registry) -> None:
    made = registry.create("secrets", {"metadata": {"name": "s"}, "stringData": {"a": "b"}}, namespace="default")
    assert made["data"] == {"a": "Yg=="}
    assert "stringData" not in made
    assert made["type"] == "Opaque"


def test_times_are_rewritten_and_micro_times_are_strict(registry: Registry) -> None:
    lease = {"metadata": {"name": "l"}, "spec": {"renewTime": "2026-01-01T02:00:00.123456+02:00"}}
    made = registry.create("leases", lease, namespace="default")
    assert made["spec"]["renewTime"] == "2026-01-01T00:00:00.123456Z"
    lease = {"metadata": made["metadata"], "spec": {"renewTime": "2026-01-01T00:00:00Z"}}
    with pytest.raises(BadRequestError, match="six digits of fraction"):
        registry.update("leases", lease, namespace="default")


@pytest.mark.parametrize(
    ("resource", "body", "says"),
    [
        (
            "services",
            {"spec": {"ports": [{"port": "x"}]}},
            "json: cannot unmarshal string into Go struct field ServicePort.spec.ports[0].port of type int32",
        ),
        ("configmaps", {"data": {"a": 1}}, "json: cannot unmarshal number into Go struct field"),
        ("configmaps", {"data": []}, "cannot unmarshal array into Go struct field ConfigMap.data of type map"),
        ("secrets", {"data": {"a": "%%"}}, "illegal base64 data"),
        ("persistentvolumeclaims", {"spec": {"resources": {"requests": {"storage": "big"}}}}, "quantities must match"),
    ],
)
def test_a_wrong_type_is_a_bad_request(registry: Registry, resource: str, body: Obj, says: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        registry.create(resource, {"metadata": {"name": "x"}, **body}, namespace="default")
    assert says in str(caught.value)


def test_unknown_fields_of_built_in_objects_are_dropped_with_a_warning(registry: Registry) -> None:
    options = WriteOptions()
    body = {"metadata": {"name": "c"}, "dta": {"a": "b"}}
    assert "dta" not in registry.create("configmaps", body, namespace="default", options=options)
    assert options.warnings == ['unknown field "dta"']


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"selector": {"matchLabels": {"a": "c"}}}, "`selector` does not match template `labels`"),
        ({"selector": None}, "spec.selector: Required value"),
        ({"replicas": -1}, "must be greater than or equal to 0"),
        ({"podManagementPolicy": "Odd"}, "spec.podManagementPolicy: Unsupported value"),
    ],
)
def test_a_broken_stateful_set_is_refused(registry: Registry, change: Obj, says: str) -> None:
    body = workload()
    body["spec"] |= change
    with pytest.raises(InvalidError, match=says):
        registry.create("statefulsets", body, namespace="default")


def test_a_container_needs_a_name_an_image_and_known_volumes(registry: Registry) -> None:
    spec = {"containers": [{"volumeMounts": [{"name": "gone", "mountPath": "/x"}]}]}
    with pytest.raises(InvalidError) as caught:
        registry.create("pods", {"metadata": {"name": "p"}, "spec": spec}, namespace="default")
    for part in ("containers[0].name: Required", "containers[0].image: Required", 'name: Not found: "gone"'):
        assert part in str(caught.value)


def test_the_schema_file_is_what_the_generator_writes() -> None:
    assert json.loads(generate.TARGET.read_text(encoding="utf-8")) == generate.generate()
