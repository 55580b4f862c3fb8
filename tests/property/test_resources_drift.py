"""Laws of the merge, for any live object: it ends the drift, keeps what is not ours, and changes neither argument."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gungnir.api import names
from gungnir.api.cluster import parse_cluster
from gungnir.resources.drift import frozen_drift, merge_owned, owned_drift
from gungnir.resources.equivalence import equivalent
from gungnir.resources.inventory import BuildInputs, OwnedKind, build
from gungnir.resources.manifest import Manifest

SPECS: tuple[dict[str, Any], ...] = (
    {},
    {"replicas": 1, "auth": {"enabled": False}},
    {"persistence": {"enabled": False}, "config": {"hz": "50"}},
    {"labels": {"a": "b"}, "annotations": {"c": "d"}, "nodeSelector": {"disk": "ssd"}},
    {"resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}, "tolerations": [{"operator": "Exists"}]},
    {"imagePullSecrets": [{"name": "x"}], "priorityClassName": "high", "port": 7000},
)
TEXT = st.sampled_from(["", "a", "1Gi", "1000m", "6379"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 9), TEXT, st.builds(dict), st.builds(list))
EDITS: dict[str, st.SearchStrategy[Any]] = {
    "anything": VALUES,
    "name": TEXT,
    "image": TEXT,
    "cpu": st.one_of(TEXT, st.integers(0, 9)),
    "labels": st.dictionaries(TEXT, TEXT, max_size=2),
    "selector": st.dictionaries(TEXT, TEXT, max_size=2),
    "data": st.dictionaries(TEXT, TEXT, max_size=2),
    "env": st.lists(st.fixed_dictionaries({"name": TEXT}), max_size=1),
    names.POD_NAME_LABEL: TEXT,
    names.EPOCH_ANNOTATION: TEXT,
    names.PROPAGATED_ANNOTATION: st.sampled_from(["", "{}", '{"labels":["a"]}', "[]"]),
}
"""Fields that an edit sets wherever it pleases, to values of the type that the API server lets pass."""


def built(kind: OwnedKind, spec: dict[str, Any], epoch: int) -> Manifest:
    cluster = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": "demo", "uid": "0b6fe2a0-7c1d-4f6e-9d55-3f1f6f0a2c11"},
        "spec": spec,
    }
    return build(kind, BuildInputs(parse_cluster(cluster), epoch, "5c" * 32, "pw", primary="demo-1"))


def maps_in(value: Any) -> list[dict[str, Any]]:
    """Every map of an object, the root's identity apart."""
    found = []
    if isinstance(value, dict):
        found.append(value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += maps_in(item)
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[Manifest, Manifest]:
    """A wanted object, and one that is stored: built from another spec, then edited by any hand."""
    kind = draw(st.sampled_from(OwnedKind))
    wanted = built(kind, draw(st.sampled_from(SPECS)), draw(st.integers(0, 3)))
    live = built(kind, draw(st.sampled_from(SPECS)), draw(st.integers(0, 3)))
    live["metadata"].update(resourceVersion="7", uid="u", creationTimestamp="t")
    for _ in range(draw(st.integers(0, 4))):
        place = draw(
            st.sampled_from(maps_in({key: live[key] for key in live if key not in {"kind", "apiVersion"}})[1:])
        )
        if place and draw(st.booleans()):
            place.pop(draw(st.sampled_from(sorted(place))))
        else:
            field = draw(st.sampled_from(sorted(EDITS)))
            place[field] = draw(EDITS[field])
    live.setdefault("metadata", {})
    live["metadata"].update(name=wanted["metadata"]["name"], namespace=wanted["metadata"]["namespace"])
    return wanted, live


@settings(max_examples=150, deadline=None)
@given(situations())
def test_writing_the_merge_ends_the_drift(situation: tuple[Manifest, Manifest]) -> None:
    wanted, live = situation
    merged = merge_owned(wanted, live)
    assert owned_drift(wanted, merged) == []
    assert merge_owned(wanted, merged) == merged


@settings(max_examples=100, deadline=None)
@given(situations())
def test_no_drift_means_that_the_merge_is_the_live_object(situation: tuple[Manifest, Manifest]) -> None:
    wanted, live = situation
    merged = merge_owned(wanted, live)
    assert (owned_drift(wanted, live) == []) == (merged == live)


@settings(max_examples=100, deadline=None)
@given(situations())
def test_arguments_stay_as_they_are(situation: tuple[Manifest, Manifest]) -> None:
    before = copy.deepcopy(situation)
    merge_owned(*situation)
    owned_drift(*situation)
    frozen_drift(*situation)
    assert situation == before


@settings(max_examples=100, deadline=None)
@given(situations(), st.dictionaries(st.sampled_from(["x/a", "x/b"]), st.text(max_size=3), max_size=2))
def test_metadata_of_others_survives(situation: tuple[Manifest, Manifest], theirs: dict[str, str]) -> None:
    wanted, live = situation
    for field in ("labels", "annotations"):
        live["metadata"][field] = {**theirs}
    merged = merge_owned(wanted, live)["metadata"]
    for field in ("labels", "annotations"):
        assert theirs.items() <= merged[field].items()
    for field in ("resourceVersion", "uid", "creationTimestamp"):
        assert merged.get(field) == live["metadata"].get(field)


@settings(max_examples=200, deadline=None)
@given(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2)))
def test_equivalence_is_reflexive(value: Any) -> None:
    assert equivalent(value, copy.deepcopy(value))
