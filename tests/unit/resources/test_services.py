import copy
from collections.abc import Callable
from typing import Any

import pytest

from gungnir.api import names
from gungnir.resources.client_service import primary_of, with_primary
from gungnir.resources.epoch import epoch_of
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build

Inputs = Callable[..., BuildInputs]


def test_client_service_leads_to_nobody_until_somebody_is_promoted(inputs: Inputs) -> None:
    built = build(OwnedKind.CLIENT_SERVICE, inputs(epoch=0))
    assert built["spec"]["selector"] == {**names.selector_labels("demo"), names.POD_NAME_LABEL: names.NOBODY}
    assert (primary_of(built), epoch_of(built)) == (None, 0)


def test_client_service_selects_one_pod_whether_ready_or_not(inputs: Inputs) -> None:
    spec = build(OwnedKind.CLIENT_SERVICE, inputs(primary="demo-2"))["spec"]
    assert spec["selector"] == {**names.selector_labels("demo"), names.POD_NAME_LABEL: "demo-2"}
    assert spec["publishNotReadyAddresses"] is True


@pytest.mark.parametrize("pod", ["demo-1", None])
def test_moving_the_client_service_changes_the_pod_and_the_epoch_only(pod: str | None, inputs: Inputs) -> None:
    before = build(OwnedKind.CLIENT_SERVICE, inputs(primary="demo-0", epoch=3))
    kept = copy.deepcopy(before)
    moved = with_primary(before, pod, 4)
    assert before == kept
    assert (primary_of(moved), epoch_of(moved)) == (pod, 4)
    assert with_primary(moved, "demo-0", 3) == before


@pytest.mark.parametrize("selector", [None, {}, {"app": "x"}])
def test_a_service_without_a_pod_name_has_no_primary(selector: Any) -> None:
    assert primary_of({"spec": {"selector": selector}}) is None


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", " 1", "\u00b2", "\u0661", None, 3])
def test_an_unreadable_epoch_is_none(text: Any) -> None:
    assert epoch_of({"metadata": {"annotations": {names.EPOCH_ANNOTATION: text}}}) is None
    assert epoch_of({"metadata": {}}) is None


def test_read_service_selects_replicas_by_role(inputs: Inputs) -> None:
    spec = build(OwnedKind.READ_SERVICE, inputs())["spec"]
    assert spec["selector"] == {**names.selector_labels("demo"), names.ROLE_LABEL: "replica"}
    assert "publishNotReadyAddresses" not in spec


def test_headless_service_names_every_pod(inputs: Inputs) -> None:
    spec = build(OwnedKind.HEADLESS_SERVICE, inputs())["spec"]
    assert (spec["clusterIP"], spec["publishNotReadyAddresses"]) == ("None", True)
    assert spec["selector"] == names.selector_labels("demo")


@pytest.mark.parametrize("kind", [OwnedKind.HEADLESS_SERVICE, OwnedKind.CLIENT_SERVICE, OwnedKind.READ_SERVICE])
def test_services_take_the_port_and_target_the_pods_own(kind: OwnedKind, inputs: Inputs) -> None:
    (port,) = build(kind, inputs({"port": 7000}))["spec"]["ports"]
    (named,) = build(OwnedKind.STATEFUL_SET, inputs({"port": 7000}))["spec"]["template"]["spec"]["containers"][0][
        "ports"
    ]
    assert (port["port"], port["targetPort"]) == (7000, named["name"])
    assert named["containerPort"] == 7000
