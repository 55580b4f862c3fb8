"""Objects come in through one door, which names everything that is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.api.cluster import InvalidCluster, ValkeyCluster, parse_cluster
from gungnir.api.errors import Problem
from gungnir.errors import UserError

Json = dict[str, Any]

QUICKSTART: Json = {
    "apiVersion": "valkey.verilean.io/v1",
    "kind": "ValkeyCluster",
    "metadata": {"name": "my-valkey", "namespace": "valkey-test"},
    "spec": {"replicas": 3, "image": "valkey/valkey:7.2", "port": 6379},
}


def _with(spec: Json, **parts: Any) -> Json:
    return {**QUICKSTART, "spec": spec, **parts}


def test_the_quick_start_of_the_original_is_read_unchanged() -> None:
    cluster = parse_cluster(QUICKSTART)
    assert (cluster.namespace, cluster.name, cluster.uid, cluster.is_deleting) == (
        "valkey-test",
        "my-valkey",
        "",
        False,
    )
    assert (cluster.spec.replicas, cluster.spec.image, cluster.spec.port) == (3, "valkey/valkey:7.2", 6379)


def test_the_quick_start_sample_is_the_quick_start_of_the_original(sample_clusters: dict[str, Json]) -> None:
    assert sample_clusters["quickstart"] == QUICKSTART


def test_every_sample_is_accepted_and_survives_a_round_trip(sample_clusters: dict[str, Json]) -> None:
    assert sorted(sample_clusters) == ["async", "in-memory", "production", "quickstart", "single"]
    for sample in sample_clusters.values():
        cluster = parse_cluster(sample)
        assert parse_cluster(cluster.to_wire()) == cluster


def test_a_cluster_without_spec_has_all_defaults() -> None:
    cluster = parse_cluster({key: value for key, value in QUICKSTART.items() if key != "spec"})
    assert cluster.spec == parse_cluster(_with({})).spec
    assert (cluster.spec.replicas, cluster.spec.replicas_to_ack, cluster.spec.min_replicas_to_write) == (3, 1, 1)


def test_metadata_beyond_what_is_read_is_ignored() -> None:
    metadata = {
        **QUICKSTART["metadata"],
        "uid": "u",
        "managedFields": [{}],
        "deletionTimestamp": "2026-01-01T00:00:00Z",
    }
    cluster = parse_cluster(_with({}, metadata=metadata))
    assert cluster.uid == "u"
    assert cluster.is_deleting


def test_everything_wrong_is_listed_at_once() -> None:
    with pytest.raises(InvalidCluster) as refused:
        parse_cluster(_with({"replicas": "3", "paused": "no", "port": 80, "sentinel": []}))
    assert [problem.path for problem in refused.value.problems] == [
        "spec.replicas",
        "spec.port",
        "spec.sentinel",
        "spec.paused",
    ]
    assert str(refused.value).startswith('spec.replicas: "3": must be a whole number')
    assert isinstance(refused.value, UserError)


def test_several_broken_rules_are_listed_at_once() -> None:
    with pytest.raises(InvalidCluster) as refused:
        parse_cluster(_with({"replicas": 2, "durability": {"replicasToAck": 2}, "config": {"port": "1", "dir": "/"}}))
    assert [problem.path for problem in refused.value.problems] == [
        "spec.durability.replicasToAck",
        "spec.config.port",
        "spec.config.dir",
    ]


QUANTITY_FIX = "must be a quantity; write a number and a unit, such as 1Gi, 500M, 250m or 2"
WHOLE_NUMBER_FIX = "must be a whole number; write it without quotes and fraction"


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        ({}, "metadata: is required; add it"),
        ({"metadata": {}}, "metadata.name: is required; add it"),
        ({"metadata": {"name": 3}}, "metadata.name: 3: must be text; put it in quotes"),
        ({**QUICKSTART, "kind": "Valkey"}, "kind: \"Valkey\": must be 'ValkeyCluster'; write one of these"),
    ],
)
def test_a_problem_of_the_object_names_field_value_and_fix(obj: Json, problem: str) -> None:
    assert _refusal(obj) == problem


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"image_pull_policy": "x"}, 'image_pull_policy: "x": is not a known field; did you mean imagePullPolicy?'),
        ({"zzz": 1}, "zzz: 1: is not a known field; remove it"),
        ({"tolerations": [{}, {"efect": 1}]}, "tolerations[1].efect: 1: is not a known field; did you mean effect?"),
        ({"affinity": {"nodeAfinity": 1}}, "affinity.nodeAfinity: 1: is not a known field; did you mean nodeAffinity?"),
        ({"resources": {"limits": {"cpu": []}}}, f"resources.limits.cpu: []: {QUANTITY_FIX}"),
        ({"resources": {"limits": {"int": True}}}, f"resources.limits.int: true: {QUANTITY_FIX}"),
        ({"image": "x" * 513}, f'image: "{"x" * 76}...: must have at most 512 characters; shorten it'),
        ({"config": {"hz": "1" * 1025}}, f'config.hz: "{"1" * 76}...: must have at most 1024 characters; shorten it'),
        ({"replicas": 2.5}, f"replicas: 2.5: {WHOLE_NUMBER_FIX}"),
        ({"replicas": True}, f"replicas: true: {WHOLE_NUMBER_FIX}"),
        ({"tolerations": [{}] * 33}, f"tolerations: {str([{}] * 33)[:77]}...: must have at most 32 items; remove some"),
    ],
)  # fmt: skip
def test_a_problem_of_the_spec_names_field_value_and_fix(spec: Json, problem: str) -> None:
    assert _refusal(_with(spec)) == f"spec.{problem}"


def test_too_many_config_entries_are_refused() -> None:
    assert "must have at most 64" in _refusal(_with({"config": {f"key-{i}": "" for i in range(65)}}))


def _refusal(obj: Json) -> str:
    with pytest.raises(InvalidCluster) as refused:
        parse_cluster(obj)
    return str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELD = st.sampled_from([field.alias for field in ValkeyCluster.model_fields["spec"].annotation.model_fields.values()])  # type: ignore[union-attr]  # it is a model


@given(spec=st.dictionaries(FIELD, JSON, max_size=3) | JSON, status=JSON)
def test_any_json_gives_a_cluster_or_says_what_is_wrong(spec: Any, status: Any) -> None:
    problems: tuple[Problem, ...] | None = None
    try:
        parse_cluster(_with(spec, status=status))
    except InvalidCluster as refused:
        problems = refused.problems
    assert problems is None or all(problem.path and problem.message for problem in problems)
    assert problems != ()
