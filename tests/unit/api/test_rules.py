"""Every rule refuses its sample with its message, in Python and in CEL, and both agree on everything else."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gungnir.api.change_rules import CHANGE_RULES
from gungnir.api.cluster import InvalidCluster, ValkeyCluster, parse_cluster
from gungnir.api.config_keys import OWNED_KEYS
from gungnir.api.entry_rules import ENTRY_RULES
from gungnir.api.rule import AnyRule
from gungnir.api.state_rules import STATE_RULES
from gungnir.api.validation import check_change

Json = dict[str, Any]
CelCheck = Callable[..., bool]

STATE: dict[str, AnyRule] = {rule.name: rule for rule in (*STATE_RULES, *ENTRY_RULES)}
CHANGE: dict[str, AnyRule] = {rule.name: rule for rule in CHANGE_RULES}
REJECTED = {path.stem: path for path in sorted((Path(__file__).parent / "rejected").glob("*.yaml"))}


@pytest.mark.parametrize("name", REJECTED)
def test_a_rejected_sample_is_refused_with_its_message(name: str) -> None:
    sample = yaml.safe_load(REJECTED[name].read_text())
    if "before" in sample:
        problems = check_change(parse_cluster(sample["before"]), parse_cluster(sample["object"]))
    else:
        with pytest.raises(InvalidCluster) as refused:
            parse_cluster(sample["object"])
        problems = refused.value.problems
    assert [str(problem) for problem in problems] == [sample["problem"].strip()]


def test_every_rule_has_one_rejected_sample() -> None:
    refused_by_rules = [name for name in REJECTED if name in STATE or name in CHANGE]
    assert sorted(refused_by_rules) == sorted([*STATE, *CHANGE])
    assert all(yaml.safe_load(REJECTED[name].read_text())["rule"] == name for name in refused_by_rules)


@pytest.mark.parametrize("name", [*STATE, *CHANGE])
def test_only_the_rule_itself_refuses_its_sample_in_cel(
    name: str, cel_holds: CelCheck, schema_problems: Callable[[Json], list[str]]
) -> None:
    sample = yaml.safe_load(REJECTED[name].read_text())
    stored = _stored(sample["object"]).to_wire()
    assert schema_problems(stored) == []
    broken = {rule for rule in STATE if not cel_holds(STATE[rule], stored)}
    if "before" in sample:
        before = _stored(sample["before"]).to_wire()
        broken |= {rule for rule in CHANGE if not cel_holds(CHANGE[rule], stored, before)}
    assert broken == {name}


@pytest.mark.parametrize(
    ("status", "accepted"),
    [
        (None, True),
        ({"phase": "Creating", "replicas": 0}, True),
        ({"phase": "Creating", "replicas": 1}, False),
        ({"credentials": {"fingerprint": "5c" * 8}, "replicas": 0}, False),
    ],
)
@pytest.mark.parametrize(("former", "wanted"), [("rihgt", "right"), (None, "right"), ("right", None)])
def test_the_name_of_a_users_secret_is_fixed_once_there_are_pods_and_not_before(
    status: Json | None, accepted: bool, former: str | None, wanted: str | None, cel_holds: CelCheck
) -> None:
    """What is misspelt on the first day is put right without deleting the cluster; volumes know one password."""
    before = _cluster({"auth": {"existingSecret": former} if former else {}}).to_wire()
    after = _cluster({"auth": {"existingSecret": wanted} if wanted else {}}).to_wire()
    if status is not None:
        before["status"] = after["status"] = status
    else:
        before.pop("status", None)
    assert cel_holds(CHANGE["existing-secret-fixed"], after, before) is accepted
    assert (check_change(parse_cluster(before), parse_cluster(after)) == ()) is accepted


@pytest.mark.parametrize("name", [name for name in REJECTED if name.startswith("schema-")])
def test_the_schema_refuses_what_the_models_refuse(name: str, schema_problems: Callable[[Json], list[str]]) -> None:
    assert len(schema_problems(yaml.safe_load(REJECTED[name].read_text())["object"])) == 1


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 1, "durability": {"replicasToAck": 0}},
        {"replicas": 2, "durability": {"replicasToAck": 1}},
        {"replicas": 9, "durability": {"replicasToAck": 8}},
        {"replicas": 3, "durability": {"mode": "async", "replicasToAck": 0}},
        {"sentinel": {"pingIntervalMs": 1000, "downAfterMs": 2000, "failoverTimeoutMs": 2001}},
        {"persistence": {"size": "1n"}},
        {"auth": {"enabled": False}},
        {"auth": {"existingSecret": "passwords"}},
        {"resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": "1000m"}}},
        {"labels": {"example.org/team": "", "a": "x" * 63}, "annotations": {"example.org/note": "any text\n"}},
        {"config": {"save": "", "maxmemory": "1gb"}},
    ],
)
def test_what_only_just_keeps_the_rules_is_accepted(spec: Json, cel_holds: CelCheck) -> None:
    stored = _cluster(spec).to_wire()
    assert parse_cluster(stored)
    assert [name for name, rule in STATE.items() if not cel_holds(rule, stored)] == []


@pytest.mark.parametrize(
    ("spec", "broken"),
    [
        ({"sentinel": {"downAfterMs": 5000, "failoverTimeoutMs": 5000}}, "failover-outlasts-silence"),
        ({"replicas": 1, "durability": {"replicasToAck": 1}}, "durability-has-replicas"),
        ({"persistence": {"size": 0}}, "storage-not-empty"),
        ({"labels": {"statefulset.kubernetes.io/pod-name": "a-0"}}, "labels-not-reserved"),
        ({"labels": {"controller-revision-hash": "a"}}, "labels-not-reserved"),
        ({"labels": {"a b": "c"}}, "labels-well-formed"),
        ({"annotations": {"a b": "c"}}, "annotations-well-formed"),
        ({"config": {"tls-port": "1"}}, "config-key-owned"),
        ({"config": {"cluster-enabled": "yes"}}, "config-key-owned"),
    ],
)
def test_what_only_just_breaks_a_rule_is_refused(spec: Json, broken: str, cel_holds: CelCheck) -> None:
    stored = _cluster(spec).to_wire()
    with pytest.raises(InvalidCluster, match=re.escape(STATE[broken].message)):
        parse_cluster(stored)
    assert [name for name, rule in STATE.items() if not cel_holds(rule, stored)] == [broken]


@pytest.mark.parametrize("rule", [*STATE.values(), *CHANGE.values()], ids=[*STATE, *CHANGE])
def test_a_message_says_why_and_what_to_do(rule: AnyRule) -> None:
    assert "; " in rule.message
    assert rule.field.startswith(rule.scope)
    assert len(rule.message) <= 300


@pytest.mark.parametrize("key", OWNED_KEYS)
def test_an_owned_directive_is_refused_alone(key: str, cel_holds: CelCheck) -> None:
    stored = _cluster({"config": {key: "1"}}).to_wire()
    assert [name for name, rule in STATE.items() if not cel_holds(rule, stored)] == ["config-key-owned"]


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("", True),
        ('""', True),
        ("3600 1 300 100", True),
        (" \"a b\" 'c d' e ", True),
        (r'"a \" b"', True),
        (r"'it\'s'", True),
        (r"'a\b'", True),
        ('"a"b', False),
        ('"a', False),
        ("it's", False),
        (r"'a\'", False),
        (r"'a\\'", False),
    ],
)
def test_quotes_are_read_as_valkey_reads_them(value: str, accepted: bool, cel_holds: CelCheck) -> None:
    cluster = _cluster({"config": {"proc-title-template": value}})
    assert cel_holds(STATE["config-value-quotes"], cluster.to_wire()) == accepted
    assert all(rule.holds(cluster) for rule in ENTRY_RULES) == accepted


def _stored(obj: Json) -> ValkeyCluster:
    """Return the object with its defaults, before rules are applied."""
    return ValkeyCluster.model_validate(obj)


def _cluster(spec: Json, name: str = "sample") -> ValkeyCluster:
    return _stored({"metadata": {"name": name}, "spec": spec})


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=fields)


QUANTITIES = st.sampled_from(
    [0, 1, 2, "0", "0Gi", "1.5Gi", "1Gi", "1000Mi", "1G", "1024Mi", "500m", "1e3", "2E", "1Ei"]
)
TEXT = st.text(st.sampled_from("aZ09-_./ \"'\\\n\t\x7fé"), max_size=8) | st.sampled_from(["x" * 63, "x" * 64])
KEYS = st.sampled_from(
    [
        *OWNED_KEYS,
        *("hz", "save", "tls-port", "cluster-enabled", "Port", "a/b", "a/", "-", "x.y/z_1"),
        *("app.kubernetes.io/name", "valkey.verilean.io/epoch", "apps.kubernetes.io/pod-index"),
        "controller-revision-hash",
    ]
)
ENTRIES = st.dictionaries(KEYS | TEXT.filter(bool), TEXT, max_size=4)
SHORT_ENTRIES = st.dictionaries(KEYS | TEXT.filter(bool), TEXT.filter(lambda text: len(text) <= 63), max_size=4)
SECTIONS = {
    "durability": _some(
        replicas=st.integers(1, 4),
        durability=_some(mode=st.sampled_from(["required", "async"]), replicasToAck=st.integers(0, 4)),
    ),
    "sentinel": _some(
        sentinel=_some(
            pingIntervalMs=st.sampled_from([500, 1000, 1001]),
            downAfterMs=st.sampled_from([999, 1000, 1001, 1999, 2000, 2001]),
            failoverTimeoutMs=st.sampled_from([1000, 1001, 2000, 2001]),
        )
    ),
    "persistence": _some(
        persistence=_some(
            enabled=st.booleans(),
            size=QUANTITIES,
            storageClassName=st.sampled_from(["", "fast"]),
            accessModes=st.lists(
                st.sampled_from(["ReadWriteOnce", "ReadWriteMany"]), min_size=1, max_size=2, unique=True
            ),
        )
    ),
    "resources": _some(
        resources=_some(
            requests=st.dictionaries(st.sampled_from(["cpu", "memory"]), QUANTITIES),
            limits=st.dictionaries(st.sampled_from(["cpu", "memory"]), QUANTITIES),
        )
    ),
    "access": _some(
        port=st.sampled_from([6379, 6380]), auth=_some(enabled=st.booleans(), existingSecret=st.just("passwords"))
    ),
    "config": _some(config=ENTRIES),
    "metadata": _some(labels=SHORT_ENTRIES, annotations=SHORT_ENTRIES),
}
NAMES = st.sampled_from(["a", "my-valkey", "a" * 52, "a" * 53, "9a", "a.b", "a-", "A"])


@pytest.mark.parametrize("section", SECTIONS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_cel_and_python_agree(cel_holds: CelCheck, section: str, data: st.DataObject) -> None:
    name = data.draw(NAMES)
    before, after = _cluster(data.draw(SECTIONS[section]), name), _cluster(data.draw(SECTIONS[section]), name)
    old_stored, stored = _sparse(before.to_wire()), _sparse(after.to_wire())
    for rule in (*STATE_RULES, *ENTRY_RULES):
        assert rule.holds(after) == cel_holds(rule, stored), rule.name
    for change in CHANGE_RULES:
        assert change.holds(before, after) == cel_holds(change, stored, old_stored), change.name


def _sparse(value: Any) -> Any:
    """Leave out empty maps and lists, which an API server does not store unless they were written."""
    if not isinstance(value, dict):
        return value
    return {key: _sparse(item) for key, item in value.items() if item not in ({}, [])}
