import json
from collections.abc import Callable

import pytest

from gungnir.api import names
from gungnir.errors import UserError
from gungnir.resources.credentials import acl_lines, password
from gungnir.resources.drift import merge_owned
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import cluster_uid
from gungnir.resources.manifest import Manifest
from gungnir.resources.rollout import rollout_pending, template_hash
from gungnir.resources.stateful_set import epoch_parts, operator_users_of, stateful_set, with_epoch

Inputs = Callable[..., BuildInputs]


def users(inputs: BuildInputs, epoch: int) -> str:
    return acl_lines(epoch, inputs.operator_key, cluster_uid(inputs.cluster))


def test_pods_start_together_and_are_replaced_by_nobody_else(inputs: Inputs) -> None:
    spec = stateful_set(inputs())["spec"]
    assert spec["podManagementPolicy"] == "Parallel"
    assert spec["updateStrategy"] == {"type": "OnDelete"}


def test_no_password_and_no_key_stands_in_it(inputs: Inputs) -> None:
    given = inputs()
    text = json.dumps(stateful_set(given))
    uid = cluster_uid(given.cluster)
    for secret in (
        given.operator_key,
        "open sesame",
        *(password(given.operator_key, uid, u) for u in ("op-1", "repl-1")),
    ):
        assert secret not in text


def test_pods_see_one_key_of_the_secret(inputs: Inputs) -> None:
    volumes = stateful_set(inputs())["spec"]["template"]["spec"]["volumes"]
    assert [volume["secret"]["items"] for volume in volumes if "secret" in volume] == [
        [{"key": "default.acl", "path": "default.acl"}]
    ]


def test_probes_ask_for_an_open_port_only(inputs: Inputs) -> None:
    container = stateful_set(inputs())["spec"]["template"]["spec"]["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["tcpSocket"] == {"port": "valkey"}
    # Loading may take ten minutes before anything is restarted.
    assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] >= 600


def test_the_server_is_started_without_a_shell(inputs: Inputs) -> None:
    container = stateful_set(inputs({"port": 7000}))["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["valkey-server"]
    assert container["args"] == [
        "/etc/valkey/valkey.conf",
        *("--port", "7000"),
        *("--dir", "/data"),
        *("--pidfile", "/data/valkey.pid"),
        *("--aclfile", "/data/gungnir-0b6fe2a0.acl"),
        *("--bind-source-addr", "$(POD_IP)"),
        *("--replica-announce-ip", "$(POD_IP)"),
        *("--replica-announce-port", "7000"),
    ]


def test_volumes_outlive_a_scale_down_in_any_case(inputs: Inputs) -> None:
    for retain, when_deleted in ((True, "Retain"), (False, "Delete")):
        spec = stateful_set(inputs({"persistence": {"retain": retain}}))["spec"]
        assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": when_deleted, "whenScaled": "Retain"}


def test_a_held_back_scale_down_keeps_the_pods(inputs: Inputs) -> None:
    assert stateful_set(inputs({"replicas": 1}, replicas=3))["spec"]["replicas"] == 3


def test_a_malformed_key_builds_nothing(inputs: Inputs) -> None:
    with pytest.raises(UserError, match="operator-key"):
        stateful_set(inputs(operator_key="short"))


def test_epoch_write_changes_the_epoch_parts_only(inputs: Inputs) -> None:
    given = inputs(epoch=1)
    before = stateful_set(given)
    raised = with_epoch(before, 2, users(given, 2))
    assert raised == stateful_set(inputs(epoch=2))
    assert with_epoch(raised, 1, users(given, 1)) == before
    assert epoch_parts(raised) == (2, users(given, 2))


def test_epoch_parts_must_belong_together(inputs: Inputs) -> None:
    given = inputs(epoch=2)
    assert epoch_parts(with_epoch(stateful_set(given), 3, users(given, 2))) is None
    assert epoch_parts({}) is None
    assert operator_users_of({}) == ""


def test_a_replaced_operator_key_can_be_told_from_the_template(inputs: Inputs) -> None:
    template = stateful_set(inputs())["spec"]["template"]
    other = inputs(operator_key="6d" * 32)
    assert operator_users_of(template) == users(inputs(), 1)
    assert operator_users_of(template) != users(other, 1)


def template_of(inputs: BuildInputs) -> Manifest:
    template: Manifest = stateful_set(inputs)["spec"]["template"]
    return template


def test_template_hash_ignores_the_epoch_and_itself(inputs: Inputs) -> None:
    template = template_of(inputs())
    noted = template["metadata"]["annotations"][names.TEMPLATE_HASH_ANNOTATION]
    assert noted == template_hash(template)
    assert noted == template_of(inputs(epoch=9))["metadata"]["annotations"][names.TEMPLATE_HASH_ANNOTATION]


@pytest.mark.parametrize(
    ("spec", "needs_new_pods"),
    [
        ({"image": "valkey/valkey:9.1"}, True),
        ({"config": {"maxmemory": "1gb"}}, True),
        ({"resources": {"limits": {"cpu": 2}}}, True),
        ({"labels": {"team": "cache"}}, True),
        ({"replicas": 5}, False),
        ({"durability": {"mode": "async"}}, False),
        ({"sentinel": {"downAfterMs": 3000}}, False),
        ({"persistence": {"retain": False}}, False),
        ({"paused": True}, False),
    ],
)
def test_template_hash_says_what_needs_new_pods(spec: Manifest, needs_new_pods: bool, inputs: Inputs) -> None:
    changed = template_hash(template_of(inputs(spec))) != template_hash(template_of(inputs()))
    assert changed is needs_new_pods


def pod(name: str, noted: str | None, **metadata: str) -> Manifest:
    annotations = {names.TEMPLATE_HASH_ANNOTATION: noted} if noted else None
    return {"metadata": {"name": name, "annotations": annotations, **metadata}}


def test_pods_of_an_older_template_await_a_rollout_in_order(inputs: Inputs) -> None:
    wanted = stateful_set(inputs({"replicas": 4}))
    current = template_hash(wanted["spec"]["template"])
    pods = [
        pod("demo-3", "older"),
        pod("demo-0", None),
        pod("demo-1", current),
        pod("demo-2", "older", deletionTimestamp="2026-01-01T00:00:00Z"),
        pod("demo-4", "older"),
        pod("other-0", "older"),
    ]
    assert rollout_pending(pods, wanted) == ["demo-0", "demo-3"]
    assert rollout_pending([], wanted) == []


def test_pods_meet_the_restricted_pod_security_standard(inputs: Inputs) -> None:
    pod = template_of(inputs())["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} <= {
        "configMap",
        "secret",
        "emptyDir",
    }


def test_an_init_container_removed_by_hand_comes_back_by_reconciling(inputs: Inputs) -> None:
    live = stateful_set(inputs())
    del live["spec"]["template"]["spec"]["initContainers"]
    assert epoch_parts(live) is None
    assert merge_owned(stateful_set(inputs()), with_epoch(live, 2, "")) == stateful_set(inputs())
