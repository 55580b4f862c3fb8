"""The table of rights is whole, says what the machines' requests are, and becomes rules that grant exactly it."""

from typing import get_args

import pytest

from gungnir.api import names
from gungnir.api.cluster import parse_cluster
from gungnir.errors import UserError
from gungnir.machines.requests import Request
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build
from gungnir.runtime.errors import Call
from gungnir.runtime.kube_resources import PODS, SECRETS, SERVICES, VALKEYCLUSTERS, resource_of
from gungnir.runtime.rights import LEASE, OWNED, REQUESTS, SHELL, Right, rights, rules
from gungnir.runtime.roles import FORMS, main


def test_every_kind_of_request_has_a_row() -> None:
    assert set(REQUESTS) == set(get_args(Request))


@pytest.mark.parametrize("kind", OwnedKind)
def test_the_type_of_an_owned_object_is_that_of_its_manifest(kind: OwnedKind) -> None:
    metadata = {"name": "demo", "namespace": "db", "uid": "0b6fe2a0-7c1d-4f6e-9d55-3f1f6f0a2c11"}
    cluster = parse_cluster({"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata})
    inputs = BuildInputs(cluster=cluster, epoch=1, operator_key="5c" * 32, password="open sesame")
    assert resource_of(build(kind, inputs)) is OWNED[kind]


def test_a_right_is_spelled_as_the_refusal_of_the_call_spells_it() -> None:
    assert str(Right("update", VALKEYCLUSTERS, "status")) == str(Call("update", "valkeyclusters/status"))


def test_nothing_may_be_deleted_or_executed_and_no_right_is_over_rights() -> None:
    held = {*rights(), *LEASE}
    assert {right.verb for right in held} <= {"get", "list", "watch", "create", "update", "patch"}
    assert all(right.resource.namespaced for right in held)
    assert {right.subresource for right in held} == {"", "status", "finalizers"}
    assert "rbac.authorization.k8s.io" not in {right.resource.group for right in held}


def test_rules_grant_exactly_the_rights() -> None:
    granted = {(rule.group, path, verb) for rule in rules(rights()) for path in rule.resources for verb in rule.verbs}
    assert granted == {(right.resource.group, right.path, right.verb) for right in rights()}


def test_resources_with_equal_verbs_share_a_rule_within_their_group() -> None:
    wanted = [Right("get", PODS), Right("list", SECRETS), Right("list", PODS), Right("get", SECRETS)]
    assert rules([*wanted, Right("get", VALKEYCLUSTERS), Right("get", SERVICES)]) == (
        ("", ("pods", "secrets"), ("get", "list")),
        ("valkey.verilean.io", ("valkeyclusters",), ("get",)),
        ("", ("services",), ("get",)),
    )


def test_the_caches_follow_what_the_table_says() -> None:
    followed = {right.resource.plural for right in SHELL["caches"]}
    assert followed == {"valkeyclusters", "pods", "persistentvolumeclaims", *(r.plural for r in OWNED.values())}


def test_an_unknown_form_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=r"'role' is unknown; give one of cluster-role, lease-role"):
        main(["role"])
    for form in FORMS:
        main([form])
    assert "pods/status" in capsys.readouterr().out
