import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gungnir.api import names
from gungnir.errors import BugError
from gungnir.resources.drift import frozen_drift, merge_owned, owned_drift
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build
from gungnir.resources.manifest import Manifest

Inputs = Callable[..., BuildInputs]
GOLDEN = Path(__file__).parents[2] / "golden"
STORED = sorted(path.stem for path in (GOLDEN / "stored").glob("*.yaml"))


def documents(path: Path) -> dict[str, Manifest]:
    return {f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in yaml.safe_load_all(path.read_text())}


@pytest.fixture
def desired(inputs: Inputs) -> Manifest:
    return build(OwnedKind.STATEFUL_SET, inputs())


@pytest.fixture
def live() -> Manifest:
    """The StatefulSet of the default cluster as a real API server stored it."""
    return documents(GOLDEN / "stored" / "default.yaml")["StatefulSet/demo"]


def server(obj: Manifest) -> Manifest:
    container: Manifest = obj["spec"]["template"]["spec"]["containers"][0]
    return container


@pytest.mark.parametrize("feature", STORED)
def test_what_kubernetes_stored_is_no_drift(feature: str) -> None:
    built, stored = (documents(GOLDEN / part / f"{feature}.yaml") for part in ("manifests", "stored"))
    assert built.keys() == stored.keys()
    for name, obj in built.items():
        assert owned_drift(obj, stored[name]) == []
        assert frozen_drift(obj, stored[name]) == []
        assert merge_owned(obj, stored[name]) == stored[name]


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        (lambda obj: obj["spec"].update(replicas=5), ["spec.replicas"]),
        (lambda obj: server(obj).update(image="other:1"), ["spec.template.spec.containers[0].image"]),
        (lambda obj: server(obj)["args"].append("--x"), ["spec.template.spec.containers[0].args"]),
        (lambda obj: server(obj).pop("livenessProbe"), ["spec.template.spec.containers[0].livenessProbe"]),
        (
            lambda obj: server(obj)["livenessProbe"].update(failureThreshold=1),
            ["spec.template.spec.containers[0].livenessProbe.failureThreshold"],
        ),
        (
            lambda obj: server(obj).update(lifecycle={"preStop": {"exec": {"command": ["sh"]}}}),
            ["spec.template.spec.containers[0].lifecycle"],
        ),
        (
            lambda obj: obj["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "x"}),
            ["spec.template.spec.containers"],
        ),
        (lambda obj: obj["spec"]["template"]["spec"].update(hostNetwork=True), ["spec.template.spec.hostNetwork"]),
        (
            lambda obj: obj["spec"]["template"]["spec"].update(nodeSelector={"disk": "ssd"}),
            ["spec.template.spec.nodeSelector"],
        ),
        (
            lambda obj: obj["spec"]["template"]["spec"].update(priorityClassName="low"),
            ["spec.template.spec.priorityClassName"],
        ),
        (
            lambda obj: obj["spec"].update(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
            ["spec.updateStrategy.rollingUpdate", "spec.updateStrategy.type"],
        ),
        (
            lambda obj: obj["metadata"]["labels"].pop("app.kubernetes.io/name"),
            ["metadata.labels.app.kubernetes.io/name"],
        ),
        (lambda obj: obj["metadata"].pop("ownerReferences"), ["metadata.ownerReferences"]),
        (
            lambda obj: obj["metadata"]["ownerReferences"][0].update(controller=False),
            ["metadata.ownerReferences[0].controller"],
        ),
    ],
)
def test_a_change_of_our_fields_is_found_and_undone(
    change: Callable[[Manifest], object], paths: list[str], desired: Manifest, live: Manifest
) -> None:
    original = copy.deepcopy(live)
    change(live)
    assert owned_drift(desired, live) == paths
    merged = merge_owned(desired, live)
    assert owned_drift(desired, merged) == []
    assert merged == original or paths == ["spec.template.spec.containers[0].livenessProbe"]


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["metadata"]["labels"].update(team="cache"),
        lambda obj: obj["metadata"]["annotations"].update({"kubectl.kubernetes.io/last-applied": "{}"}),
        lambda obj: obj["spec"]["template"]["metadata"]["annotations"].update(
            {"kubectl.kubernetes.io/restartedAt": "now"}
        ),
        lambda obj: obj["metadata"]["ownerReferences"].insert(0, {"uid": "other", "kind": "App", "name": "a"}),
        lambda obj: obj["metadata"].update(finalizers=["example.com/hold"]),
        lambda obj: obj.update(status={"replicas": 1}),
        lambda obj: obj["spec"].update(minReadySeconds=3),
        lambda obj: obj["spec"].update(someFieldOfALaterKubernetes={"on": True}),
        lambda obj: obj["spec"]["template"]["spec"].update(schedulerName="mine"),
        lambda obj: [obj.pop(field) for field in ("apiVersion", "kind")],
    ],
)
def test_fields_of_others_are_no_drift_and_stay(
    change: Callable[[Manifest], object], desired: Manifest, live: Manifest
) -> None:
    change(live)
    assert owned_drift(desired, live) == []
    merged = merge_owned({**desired, "spec": {**desired["spec"], "replicas": 2}}, live)
    assert merged["spec"].pop("replicas") == 2
    live["spec"].pop("replicas")
    assert {**merged, "apiVersion": "", "kind": ""} == {**live, "apiVersion": "", "kind": ""}


def test_neither_argument_is_changed(desired: Manifest, live: Manifest) -> None:
    live["spec"]["replicas"] = 9
    before = copy.deepcopy((desired, live))
    merged = merge_owned(desired, live)
    merged["spec"]["template"]["spec"]["volumes"].clear()
    merged["metadata"]["labels"].clear()
    assert (desired, live) == before


def test_quantities_are_compared_by_value(inputs: Inputs) -> None:
    one = build(OwnedKind.STATEFUL_SET, inputs({"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}))
    same = build(OwnedKind.STATEFUL_SET, inputs({"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}))
    other = build(OwnedKind.STATEFUL_SET, inputs({"resources": {"limits": {"cpu": 1, "memory": "1G"}}}))
    unwanted = names.TEMPLATE_HASH_ANNOTATION
    assert [path for path in owned_drift(one, same) if unwanted not in path] == []
    assert any("resources" in path for path in owned_drift(one, other))


def test_a_removed_setting_disappears(inputs: Inputs) -> None:
    spec = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "high",
        "imagePullSecrets": [{"name": "registry"}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        "resources": {"limits": {"cpu": 1}},
        "labels": {"team": "cache"},
        "annotations": {"a": "b"},
    }
    plain = build(OwnedKind.STATEFUL_SET, inputs())
    assert merge_owned(plain, build(OwnedKind.STATEFUL_SET, inputs(spec))) == plain


def test_a_label_of_somebody_else_outlives_the_users(inputs: Inputs) -> None:
    stored = build(OwnedKind.STATEFUL_SET, inputs({"labels": {"team": "cache"}}))
    stored["spec"]["template"]["metadata"]["labels"]["theirs"] = "x"
    merged = merge_owned(build(OwnedKind.STATEFUL_SET, inputs()), stored)
    assert merged["spec"]["template"]["metadata"]["labels"] == {**names.base_labels("demo"), "theirs": "x"}


def test_what_the_failover_machine_wrote_into_the_template_stays(inputs: Inputs) -> None:
    stored = build(OwnedKind.STATEFUL_SET, inputs(epoch=7))
    for epoch in (1, 7, 8):
        assert owned_drift(build(OwnedKind.STATEFUL_SET, inputs(epoch=epoch)), stored) == []


def test_epoch_parts_that_do_not_belong_together_are_replaced(inputs: Inputs) -> None:
    wanted = build(OwnedKind.STATEFUL_SET, inputs(epoch=7))
    broken = copy.deepcopy(wanted)
    broken["spec"]["template"]["metadata"]["annotations"][names.EPOCH_ANNOTATION] = "6"
    assert owned_drift(wanted, broken) == [f"spec.template.metadata.annotations.{names.EPOCH_ANNOTATION}"]
    broken = copy.deepcopy(wanted)
    broken["spec"]["template"]["spec"]["initContainers"][0]["env"].pop()
    assert owned_drift(wanted, broken) == ["spec.template.spec.initContainers[0].env"]


@pytest.mark.parametrize("pod", ["demo-2", names.NOBODY])
def test_whom_the_client_service_selects_stays(pod: str, inputs: Inputs) -> None:
    live = build(OwnedKind.CLIENT_SERVICE, inputs(primary=pod, epoch=4))
    assert owned_drift(build(OwnedKind.CLIENT_SERVICE, inputs(primary="demo-0", epoch=3)), live) == []


def test_a_client_service_that_selects_every_pod_is_put_right(inputs: Inputs) -> None:
    wanted = build(OwnedKind.CLIENT_SERVICE, inputs(primary="demo-0", epoch=3))
    live = copy.deepcopy(wanted)
    del live["spec"]["selector"][names.POD_NAME_LABEL]
    assert owned_drift(wanted, live) == [f"spec.selector.{names.POD_NAME_LABEL}"]
    assert merge_owned(wanted, live) == wanted


def test_an_added_selector_label_is_removed(inputs: Inputs) -> None:
    for kind in (OwnedKind.CLIENT_SERVICE, OwnedKind.READ_SERVICE, OwnedKind.HEADLESS_SERVICE):
        wanted = build(kind, inputs(primary="demo-1"))
        live = copy.deepcopy(wanted)
        live["spec"]["selector"]["extra"] = "x"
        assert owned_drift(wanted, live) == ["spec.selector.extra"]
        assert merge_owned(wanted, live) == wanted


def test_a_read_service_never_publishes_pods_that_are_not_ready(inputs: Inputs) -> None:
    wanted = build(OwnedKind.READ_SERVICE, inputs())
    live = copy.deepcopy(wanted)
    live["spec"]["publishNotReadyAddresses"] = True
    assert owned_drift(wanted, live) == ["spec.publishNotReadyAddresses"]
    assert merge_owned(wanted, live) == wanted


def test_secret_drift_names_keys_and_shows_no_value(inputs: Inputs) -> None:
    wanted = build(OwnedKind.SECRET, inputs())
    live = copy.deepcopy(wanted)
    live["data"].update({"default.acl": "AAAA", "mine": "BBBB"})
    assert owned_drift(wanted, live) == ["data.default.acl", "data.mine"]


def test_what_can_never_change_is_reported_apart_and_left(inputs: Inputs) -> None:
    live = build(OwnedKind.STATEFUL_SET, inputs({"persistence": {"size": "1Gi"}}))
    wanted = build(OwnedKind.STATEFUL_SET, inputs({"persistence": {"size": "2Gi"}}))
    assert owned_drift(wanted, live) == []
    assert frozen_drift(wanted, live) == ["spec.volumeClaimTemplates[0].spec.resources.requests.storage"]
    same = build(OwnedKind.STATEFUL_SET, inputs({"persistence": {"size": "1024Mi"}}))
    assert frozen_drift(same, live) == []
    in_memory = build(OwnedKind.STATEFUL_SET, inputs({"persistence": {"enabled": False}}))
    assert frozen_drift(in_memory, live) == ["spec.volumeClaimTemplates"]
    assert frozen_drift(live, in_memory) == ["spec.volumeClaimTemplates"]


def test_two_objects_are_never_mixed_up(desired: Manifest, live: Manifest) -> None:
    live["metadata"]["name"] = "other"
    with pytest.raises(BugError, match=r"metadata\.name"):
        merge_owned(desired, live)
