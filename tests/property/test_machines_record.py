"""The durable record survives its way through ``.status``: the schema of the CRD, pydantic, and back."""

from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from gungnir.api.crd import crd
from gungnir.api.status import ValkeyClusterStatus
from gungnir.machines.record import (
    Admitted,
    Candidate,
    Electorate,
    History,
    Intent,
    Kind,
    Member,
    Primary,
    Record,
    Stage,
)
from gungnir.machines.requests import Outcome
from gungnir.machines.sign import Sign
from gungnir.machines.summary import Node, Summary
from gungnir.runtime.record_codec import record_of, wire_of
from gungnir.runtime.status_writer import Extras, with_record, with_summary

SCHEMA = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
few = settings(max_examples=40, deadline=None)  # no deadline: how long an example takes is the machine's matter
texts = st.text("abcdef0123456789-", min_size=1, max_size=12)
anything = st.text(max_size=5)
epochs = st.integers(0, 2**63 - 1)
offsets = st.integers(0, 2**63 - 1)
small = st.integers(0, 9)

candidates = st.builds(Candidate, texts, texts, texts, epochs, offsets)
intents = st.builds(
    Intent,
    st.sampled_from(Kind),
    st.sampled_from(Stage),
    anything,
    st.just("") | texts,
    st.none() | candidates,
    st.just("") | texts,
    st.just("") | texts,
)
members = st.lists(st.builds(Member, texts, texts, texts), unique_by=lambda m: m.pod, max_size=5)
admitted = st.lists(
    st.builds(Admitted, texts, st.just("") | texts, st.just("") | texts, epochs), unique_by=lambda m: m.pod, max_size=3
)
histories = st.lists(st.builds(History, epochs, texts, epochs, offsets), unique_by=lambda h: h.epoch, max_size=5)
records = st.builds(
    Record,
    epochs,
    st.none() | st.builds(Primary, texts, texts, texts, texts, epochs, st.integers(-1, 2**31 - 1)),
    st.none() | intents,
    histories.map(tuple),
    members.map(lambda some: tuple(sorted(some))),
    st.builds(Electorate, small, small),
    admitted.map(lambda some: tuple(sorted(some))),
    st.lists(texts, unique=True, max_size=3).map(lambda some: tuple(sorted(some))),
)
nodes = st.lists(
    st.builds(Node, texts, anything, anything, offsets, offsets, anything), unique_by=lambda n: n.pod, max_size=3
)
signs = st.lists(st.builds(Sign, texts, st.booleans(), anything, anything), unique_by=lambda s: s.type, max_size=3)
summaries = st.builds(Summary, anything, anything, small, small, nodes.map(tuple), signs.map(tuple))
outcomes = st.builds(
    Outcome,
    st.sampled_from([kind.value for kind in Kind]),
    st.sampled_from(["Completed", "Aborted: too slow", "Rejected"]),
    st.just("") | texts,
    st.just("") | texts,
    epochs,
    st.sampled_from(["Requested", "PodTerminating", "PodGone"]),
    anything,
    st.lists(st.tuples(texts, anything), unique_by=lambda pair: pair[0]).map(tuple),
)


def undeclared(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    """Keys that the API server would prune, and nulls, which the schema does not know."""
    if value is None:
        return [f"{path}: null"]
    if isinstance(value, list):
        return [found for item in value for found in undeclared(item, schema["items"], path)]
    if not isinstance(value, dict):
        return []
    free, known = schema.get("additionalProperties"), schema.get("properties", {})
    return [
        found
        for key, item in value.items()
        for found in (
            undeclared(item, known.get(key) or free or {}, f"{path}.{key}")
            if key in known or free
            else [f"{path}.{key}: unknown"]
        )
    ]


def base(status: dict[str, Any] | None = None) -> dict[str, Any]:
    metadata = {"name": "vc", "namespace": "ns", "uid": "u", "resourceVersion": "7", "generation": 3}
    return {"metadata": metadata, "spec": {}, **({} if status is None else {"status": status})}


@given(records)
@few
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    assert record_of(ValkeyClusterStatus.model_validate(wire_of(record, None, None))) == record


@given(records, summaries, st.none() | outcomes)
@few
def test_what_is_stored_is_what_the_schema_knows_and_holds_the_record(
    record: Record, summary: Summary, outcome: Outcome | None
) -> None:
    stored = with_record(base(), record, summary, outcome, Extras("10.0.0.1", "abcd"))
    VALIDATOR.validate(stored["status"])
    assert undeclared(stored["status"], SCHEMA) == []
    status = ValkeyClusterStatus.model_validate(stored["status"])
    assert record_of(status) == record
    assert record_of(ValkeyClusterStatus.model_validate(status.to_wire())) == record


@given(records, records, summaries, summaries)
@few
def test_a_later_record_leaves_nothing_of_the_former(
    before: Record, after: Record, first: Summary, second: Summary
) -> None:
    extras = Extras(None, "abcd")
    former = with_record(base(), before, first, None, extras)
    stored = with_record(former, after, second, None, extras)
    assert record_of(ValkeyClusterStatus.model_validate(stored["status"])) == after
    shown = with_summary(stored, first)
    assert record_of(ValkeyClusterStatus.model_validate(shown["status"])) == after


@given(records, summaries)
@few
def test_showing_the_same_again_is_no_write_and_neither_is_an_offset(record: Record, summary: Summary) -> None:
    stored = with_record(base(), record, summary, None, Extras(None, "abcd"))
    assert with_summary(stored, summary) is stored
    moved = summary._replace(nodes=tuple(node._replace(offset=node.offset // 2, lag=9) for node in summary.nodes))
    assert with_summary(stored, moved) is stored
