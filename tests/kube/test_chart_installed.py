"""The chart on a real API server: every object is valid, and no release harms a Valkey."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kube.api import Api
from tests.kube.servers import Server
from tests.kube.tools import need

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart" / "gungnir-operator"
GOLDEN = ROOT / "tests" / "golden" / "chart"
CASES = sorted(path.stem for path in (GOLDEN / "values").glob("*.yaml"))
HOME = "valkey-system"
PLURALS = {"NetworkPolicy": "networkpolicies"}
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def collection(obj: dict[str, Any], namespace: str) -> str:
    """Where an object of a manifest is created."""
    group = f"/apis/{obj['apiVersion']}" if "/" in obj["apiVersion"] else f"/api/{obj['apiVersion']}"
    plural = PLURALS.get(obj["kind"], obj["kind"].lower() + "s")
    if obj["kind"].startswith("Cluster"):
        return f"{group}/{plural}"
    return f"{group}/namespaces/{obj['metadata'].get('namespace', namespace)}/{plural}"


@pytest.fixture(scope="module")
def api(real_server: Server) -> Api:
    """A server with the namespaces that the golden files name, and stand-ins for the Prometheus operator's types."""
    api = real_server.api
    for name in (HOME, "databases", "caches"):
        assert api("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).code in (201, 409)
    for kind in ("ServiceMonitor", "PrometheusRule"):
        plural = kind.lower() + "s"
        names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": OPEN}}
        spec = {"group": "monitoring.coreos.com", "names": names, "scope": "Namespaced", "versions": [version]}
        definition = {"metadata": {"name": f"{plural}.monitoring.coreos.com"}, "spec": spec}
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        assert api("POST", path, definition).code in (201, 409)
    return api


@pytest.mark.parametrize("case", CASES)
def test_every_object_that_is_rendered_is_accepted_without_a_warning(api: Api, case: str) -> None:
    for obj in yaml.safe_load_all((GOLDEN / "rendered" / f"{case}.yaml").read_text()):
        if obj["apiVersion"].startswith("monitoring.coreos.com"):
            continue
        answer = api("POST", collection(obj, HOME), obj, dryRun="All", fieldValidation="Strict")
        assert (answer.code, answer.warnings) == (201, ""), (obj["kind"], answer.message)


@pytest.mark.parametrize("case", CASES)
def test_the_pods_are_admitted_where_the_restricted_standard_is_enforced(api: Api, case: str) -> None:
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    api("POST", "/api/v1/namespaces", {"metadata": {"name": f"strict-{case}", "labels": label}})
    for obj in yaml.safe_load_all((GOLDEN / "rendered" / f"{case}.yaml").read_text()):
        if obj["kind"] == "Deployment":
            template = obj["spec"]["template"]
            pod = {"metadata": {"name": "p", "labels": template["metadata"]["labels"]}, "spec": template["spec"]}
            pod["spec"].pop("priorityClassName", None)  # the critical one is for kube-system
            answer = api("POST", f"/api/v1/namespaces/strict-{case}/pods", pod, dryRun="All")
            assert (answer.code, answer.message) == (201, answer.message)


class Helm:
    """helm against the real API server."""

    def __init__(self, server: Server, home: Path) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HELM_", "KUBE"))},
            "KUBECONFIG": str(server.kubeconfig),
            "HOME": str(home),
            "HELM_NAMESPACE": "helm-test",
        }

    def __call__(self, *arguments: str) -> str:
        command = [str(need("helm")), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50, env=self._environment)
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_a_release_comes_changes_and_goes_and_the_valkeys_stay(api: Api, real_server: Server, tmp_path: Path) -> None:
    helm = Helm(real_server, tmp_path)
    deployment = "/apis/apps/v1/namespaces/helm-test/deployments/r-gungnir-operator"
    told = helm("install", "r", str(CHART), "--create-namespace")
    assert "It serves ValkeyClusters in every namespace." in told
    assert api("GET", deployment).taken()["spec"]["replicas"] == 2
    clusters = "/apis/valkey.verilean.io/v1/namespaces/helm-test/valkeyclusters"
    body = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": "mine"}}
    mine = api("POST", clusters, body).taken()

    helm("upgrade", "r", str(CHART), "--set", "replicaCount=3", "--set", "settings.logLevel=debug")
    changed = api("GET", deployment).taken()
    environment = {e["name"]: e.get("value") for e in changed["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert (changed["spec"]["replicas"], environment["GUNGNIR_LOG_LEVEL"]) == (3, "debug")

    helm("rollback", "r", "1")
    assert api("GET", deployment).taken()["spec"]["replicas"] == 2

    # from all namespaces to one: the ClusterRole goes, a Role comes
    helm("upgrade", "r", str(CHART), "--set", "settings.namespaces={helm-test}")
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    assert api("GET", f"{rbac}/clusterroles/r-gungnir-operator").code == 404
    assert api("GET", f"{rbac}/namespaces/helm-test/roles/r-gungnir-operator").ok

    helm("uninstall", "r")
    assert api("GET", deployment).code == 404
    assert api("GET", f"{clusters}/mine").taken() == mine
    assert api("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/valkeyclusters.valkey.verilean.io").ok
