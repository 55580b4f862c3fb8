"""The Helm chart by what it renders: tests/golden/chart/rendered, which tests/kube holds against helm."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import gungnir
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.rights import LEASE, rights
from gungnir.runtime.settings import load_settings, settings_table
from gungnir.runtime.settings_schema import main as print_schema
from tests.unit.roles import granted, needed

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart" / "gungnir-operator"
GOLDEN = ROOT / "tests" / "golden" / "chart"
CASES = sorted(path.stem for path in (GOLDEN / "values").glob("*.yaml"))
METRIC = re.compile(r"\bgungnir_[a-z_]+")
Manifest = dict[str, Any]


@cache
def rendered(case: str) -> tuple[Manifest, ...]:
    text = (GOLDEN / "rendered" / f"{case}.yaml").read_text()
    return tuple(document for document in yaml.safe_load_all(text) if document)


def values(case: str = "default") -> Manifest:
    loaded: Manifest = yaml.safe_load((GOLDEN / "values" / f"{case}.yaml").read_text())
    return loaded


def of_kind(case: str, kind: str) -> list[Manifest]:
    return [manifest for manifest in rendered(case) if manifest["kind"] == kind]


def deployment(case: str) -> Manifest:
    (found,) = of_kind(case, "Deployment")
    return found


def container(case: str) -> Manifest:
    (found,) = deployment(case)["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def environment(case: str) -> dict[str, str]:
    """What the operator gets, with names for what the cluster fills in."""
    return {entry["name"]: entry.get("value", "from-the-pod") for entry in container(case)["env"]}


def schema() -> Manifest:
    loaded: Manifest = json.loads((CHART / "values.schema.json").read_text())
    return loaded


def test_six_sets_of_values_are_rendered() -> None:
    assert len(CASES) == 6
    assert sorted(path.stem for path in (GOLDEN / "rendered").glob("*.yaml")) == CASES


def test_the_chart_has_the_version_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["name"], chart["version"], chart["appVersion"]) == (
        "gungnir-operator",
        gungnir.__version__,
        gungnir.__version__,
    )


def test_the_chart_carries_the_same_crd_as_the_kustomization() -> None:
    name = "crds/valkeyclusters.yaml"
    assert (CHART / name).read_text() == (ROOT / "deploy" / name).read_text()


def test_the_default_values_and_every_set_fit_the_schema() -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema.Draft7Validator.check_schema(schema())
    assert set(schema()["properties"]) == {*defaults, "global"}
    jsonschema.validate(defaults, schema())
    for case in CASES:
        jsonschema.validate(values(case), schema())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"settings": {"logLevl": "debug"}}, "'logLevl' was unexpected"),
        ({"settings": {"logLevel": "loud"}}, "'loud' is not one of"),
        ({"settings": {"leaseDurationMs": 0}}, "0 is less than the minimum of 1"),
        ({"settings": {"namespaces": ["Upper"]}}, "'Upper' does not match"),
        ({"replicas": 2}, "'replicas' was unexpected"),
        ({"image": {"digest": "abc"}}, "'abc' does not match"),
    ],
)
def test_the_schema_refuses_what_the_operator_would_refuse(wrong: Manifest, told: str) -> None:
    with pytest.raises(jsonschema.ValidationError, match=re.escape(told)):
        jsonschema.validate(wrong, schema())


def test_the_schema_has_the_settings_of_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    print_schema([str(CHART / "values.schema.json")])
    assert json.loads(capsys.readouterr().out) == schema()
    assert set(schema()["properties"]["settings"]["properties"]) == {row.helm for row in settings_table()}


def test_every_setting_reaches_the_operator_as_it_was_given() -> None:
    given = values("settings")["settings"]
    assert set(given) == {row.helm for row in settings_table()}
    ours = {name: text for name, text in environment("settings").items() if name.startswith("GUNGNIR_")}
    settings = load_settings({}, ours)
    for row in settings_table():
        value = given[row.helm]
        assert getattr(settings, row.field) == (tuple(value) if isinstance(value, list) else value), row.helm


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_starts_an_operator_that_is_probed_where_it_listens(case: str) -> None:
    settings = load_settings({}, {k: v for k, v in environment(case).items() if k.startswith("GUNGNIR_")})
    (port,) = container(case)["ports"]
    assert settings.http_address.rpartition(":")[2] == str(port["containerPort"])
    probes = {name: container(case)[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert [probe["path"] for probe in probes.values()] == ["/healthz", "/healthz", "/readyz"]
    grace_s = deployment(case)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert settings.shutdown_grace_ms < grace_s * 1000
    assert container(case)["args"][0] == "run"


@pytest.mark.parametrize("case", CASES)
def test_every_operator_runs_under_the_restricted_pod_security_standard(case: str) -> None:
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    pod = deployment(case)["spec"]["template"]["spec"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(case)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {next(iter(set(volume) - {"name"})) for volume in pod["volumes"]} <= {"emptyDir", "secret"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert "cpu" not in container(case)["resources"]["limits"]


@pytest.mark.parametrize("case", CASES)
def test_selectors_select_the_operators_pods_and_nothing_else_of_the_release(case: str) -> None:
    labels = deployment(case)["spec"]["template"]["metadata"]["labels"].items()
    (service,) = of_kind(case, "Service")
    selectors = [service["spec"]["selector"], deployment(case)["spec"]["selector"]["matchLabels"]]
    selectors += [m["spec"]["selector"]["matchLabels"] for m in of_kind(case, "PodDisruptionBudget")]
    selectors += [m["spec"]["podSelector"]["matchLabels"] for m in of_kind(case, "NetworkPolicy")]
    assert all(set(selector) == {"app.kubernetes.io/name", "app.kubernetes.io/instance"} for selector in selectors)
    assert all(selector.items() <= labels for selector in selectors)


def test_for_all_namespaces_there_is_a_cluster_role_of_exactly_the_table() -> None:
    (role,) = (m for m in of_kind("default", "ClusterRole") if m["metadata"]["name"] == "demo-gungnir-operator")
    assert granted(role) == needed(*rights())
    (lease,) = of_kind("default", "Role")
    assert granted(lease) == needed(*LEASE)
    assert lease["metadata"]["namespace"] == "valkey-system"


def test_for_named_namespaces_there_are_roles_only() -> None:
    assert not [m for m in rendered("namespaced") if m["kind"].startswith("Cluster")]
    roles = {m["metadata"]["namespace"]: granted(m) for m in of_kind("namespaced", "Role")}
    everything = needed(*rights())
    assert roles == {"databases": everything, "caches": everything, "valkey-system": needed(*LEASE)}
    assert environment("namespaced")["GUNGNIR_NAMESPACES"] == "databases,caches"


@pytest.mark.parametrize("case", CASES)
def test_each_binding_names_a_role_beside_it_and_the_account_of_the_pods(case: str) -> None:
    roles = {(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in rendered(case)}
    account = deployment(case)["spec"]["template"]["spec"]["serviceAccountName"]
    for binding in of_kind(case, "RoleBinding") + of_kind(case, "ClusterRoleBinding"):
        reference = binding["roleRef"]
        assert (reference["kind"], binding["metadata"].get("namespace"), reference["name"]) in roles
        assert [(s["name"], s["namespace"]) for s in binding["subjects"]] == [(account, "valkey-system")]


def test_rights_and_account_can_be_left_to_somebody_else() -> None:
    assert {m["kind"] for m in rendered("hardened")} == {"Deployment", "PodDisruptionBudget", "Service"}


def test_without_a_lease_two_operators_never_run_at_once() -> None:
    assert deployment("single")["spec"]["strategy"] == {"type": "Recreate"}
    assert deployment("single")["spec"]["replicas"] == 1
    assert of_kind("single", "PodDisruptionBudget") == []
    assert of_kind("single", "Role") == []
    assert deployment("settings")["spec"]["strategy"] == {"type": "Recreate"}  # one identity for old and new
    assert deployment("default")["spec"]["strategy"]["type"] == "RollingUpdate"


def test_the_lease_is_named_after_the_release_and_kept_beside_it() -> None:
    assert environment("default")["GUNGNIR_LEASE_NAME"] == "demo-gungnir-operator"
    assert environment("default")["GUNGNIR_LEASE_NAMESPACE"] == "from-the-pod"


def test_alerts_and_dashboard_ask_only_for_metrics_that_exist() -> None:
    metrics = Metrics()
    exposed = set(METRIC.findall(metrics.render().decode()))
    exposed |= {f"{name}_bucket" for name in exposed if name.endswith("_seconds")}
    for name in ("alerts.yaml", "dashboard.json"):
        assert set(METRIC.findall((CHART / "files" / name).read_text())) <= exposed


def test_the_alerts_are_whole() -> None:
    (found,) = of_kind("monitoring", "PrometheusRule")
    for alert in (rule for group in found["spec"]["groups"] for rule in group["rules"]):
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert alert["annotations"]["summary"].endswith(".")
    (dashboard,) = of_kind("monitoring", "ConfigMap")
    assert json.loads(dashboard["data"]["gungnir.json"])["uid"] == "gungnir"
