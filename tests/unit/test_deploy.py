"""The manifests under deploy/: least privilege, restricted pods, one version, and no file left out."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import gungnir
from gungnir.api import names
from gungnir.runtime.rights import LEASE, rights
from gungnir.runtime.settings import load_settings
from tests.unit.roles import granted, needed

DEPLOY = Path(__file__).parents[2] / "deploy"
Manifest = dict[str, Any]


def load_all(path: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


@cache
def resources(folder: Path = DEPLOY) -> tuple[Manifest, ...]:
    """What ``kubectl apply -k deploy/`` sends, followed through the kustomizations."""
    found: list[Manifest] = []
    for entry in load_all(folder / "kustomization.yaml")[0]["resources"]:
        path = folder / entry
        found.extend(resources(path) if path.is_dir() else load_all(path))
    return tuple(found)


def only(kind: str, name: str | None = None) -> Manifest:
    (manifest,) = (m for m in resources() if m["kind"] == kind and name in {None, m["metadata"]["name"]})
    return manifest


def operator_pod() -> Manifest:
    pod: Manifest = only("Deployment")["spec"]["template"]["spec"]
    return pod


def verbs_by_resource(role: Manifest) -> dict[str, set[str]]:
    return {name: set(rule["verbs"]) for rule in role["rules"] for name in rule["resources"]}


def test_every_manifest_is_reached_from_the_kustomization() -> None:
    written = {
        (document["kind"], document["metadata"]["name"])
        for folder in ("operator", "rbac", "crds")
        for path in (DEPLOY / folder).glob("*.yaml")
        if path.name != "kustomization.yaml"
        for document in load_all(path)
    }
    assert {(m["kind"], m["metadata"]["name"]) for m in resources()} == written


def test_the_image_tag_is_the_version_of_the_package() -> None:
    (image,) = load_all(DEPLOY / "kustomization.yaml")[0]["images"]
    assert image == {"name": operator_pod()["containers"][0]["image"], "newTag": gungnir.__version__}


def test_the_operator_has_exactly_the_rights_of_the_table() -> None:
    assert granted(only("ClusterRole", "gungnir-operator")) == needed(*rights())
    assert granted(only("Role")) == needed(*LEASE)


def test_an_operator_of_one_namespace_needs_one_role_and_nothing_cluster_scoped() -> None:
    found = resources(DEPLOY / "namespaced")
    assert {m["kind"] for m in found} == {
        *("Deployment", "PodDisruptionBudget", "Role", "RoleBinding", "Service", "ServiceAccount")
    }
    (role,) = (m for m in found if m["kind"] == "Role")
    assert granted(role) == needed(*rights(), *LEASE)
    (patch,) = load_all(DEPLOY / "namespaced" / "own_namespace.yaml")
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    assert [entry["name"] for entry in container["env"]] == ["GUNGNIR_NAMESPACES"]
    assert patch["metadata"]["name"] == only("Deployment")["metadata"]["name"]
    assert (
        load_all(DEPLOY / "namespaced" / "kustomization.yaml")[0]["images"]
        == (load_all(DEPLOY / "kustomization.yaml")[0]["images"])
    )


@pytest.mark.parametrize(
    "role", [m for m in resources() if m["kind"] in {"Role", "ClusterRole"}], ids=lambda m: m["metadata"]["name"]
)
def test_no_role_has_a_wildcard(role: Manifest) -> None:
    assert not [rule for rule in role["rules"] if "*" in rule["verbs"] + rule["resources"] + rule["apiGroups"]]


def test_the_lease_may_be_written_in_the_operators_namespace_only() -> None:
    assert verbs_by_resource(only("Role")) == {"leases": {"get", "create", "update"}}
    assert "leases" not in verbs_by_resource(only("ClusterRole", "gungnir-operator"))


@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding"])
def test_each_binding_names_a_role_that_exists_and_the_operators_account(kind: str) -> None:
    binding = only(kind)
    only(binding["roleRef"]["kind"], binding["roleRef"]["name"])
    assert [s["name"] for s in binding["subjects"]] == [operator_pod()["serviceAccountName"]]
    assert binding["subjects"][0]["namespace"] == load_all(DEPLOY / "kustomization.yaml")[0]["namespace"]


def test_nobody_but_the_operator_may_write_the_status() -> None:
    writers = [
        m["metadata"]["name"]
        for m in resources()
        if m["kind"] in {"Role", "ClusterRole"}
        and verbs_by_resource(m).get("valkeyclusters/status", set()) & {"update", "patch"}
    ]
    assert writers == ["gungnir-operator"]


def test_users_rights_are_for_the_resource_of_the_api() -> None:
    for name in ("edit", "view"):
        assert names.PLURAL in verbs_by_resource(only("ClusterRole", f"gungnir-{names.PLURAL}-{name}"))


def test_the_operator_runs_under_the_restricted_pod_security_standard() -> None:
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    pod = operator_pod()
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert only("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_two_operators_run_and_each_is_probed_where_it_listens() -> None:
    assert only("Deployment")["spec"]["replicas"] == 2
    (container,) = operator_pod()["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]
    probes = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert all(container[name]["httpGet"]["port"] == "http" for name in probes)
    assert "cpu" not in container["resources"]["limits"]


def test_the_deployment_sets_only_settings_that_exist() -> None:
    (container,) = operator_pod()["containers"]
    given = {entry["name"]: entry.get("value", "some-namespace") for entry in container["env"]}
    settings = load_settings({}, given)
    assert settings.lease_namespace == "some-namespace"
    assert settings.http_address == f":{container['ports'][0]['containerPort']}"
    grace_s = operator_pod()["terminationGracePeriodSeconds"]
    assert settings.shutdown_grace_ms < grace_s * 1000


def test_the_image_starts_the_same_command_as_the_deployment() -> None:
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["gungnir"]' in dockerfile
    assert 'CMD ["run"]' in dockerfile
    assert operator_pod()["containers"][0]["args"][0] == "run"
    assert "USER 65532:65532" in dockerfile
