from collections.abc import Callable
from typing import Any

import pytest

from gungnir.api import names
from gungnir.api.cluster import ObjectMeta, ValkeyCluster
from gungnir.api.model import FrozenMap
from gungnir.api.spec import ValkeyClusterSpec
from gungnir.errors import BugError
from gungnir.resources import labels
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build

Inputs = Callable[..., BuildInputs]
UID = "0b6fe2a0-7c1d-4f6e-9d55-3f1f6f0a2c11"


def with_metadata(label: dict[str, str], annotation: dict[str, str] | None = None) -> ValkeyCluster:
    """Past the schema, which refuses reserved keys."""
    spec = ValkeyClusterSpec.model_construct(labels=FrozenMap(label), annotations=FrozenMap(annotation or {}))
    return ValkeyCluster.model_construct(metadata=ObjectMeta(name="demo", namespace="db", uid=UID), spec=spec)


@pytest.mark.parametrize("kind", OwnedKind)
def test_every_object_is_owned_by_uid_and_labelled(kind: OwnedKind, inputs: Inputs) -> None:
    metadata = build(kind, inputs())["metadata"]
    assert metadata["namespace"] == "db"
    assert metadata["labels"] == names.base_labels("demo")
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "name": "demo",
            "uid": UID,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_nothing_is_built_for_a_cluster_without_uid() -> None:
    cluster = ValkeyCluster(metadata=ObjectMeta(name="demo"))
    with pytest.raises(BugError, match="no uid"):
        labels.owner_reference(cluster)


@pytest.mark.parametrize(
    "key",
    ["app.kubernetes.io/name", "app.kubernetes.io/instance", names.ROLE_LABEL, names.POD_NAME_LABEL],
)
def test_users_labels_never_replace_ours(key: str) -> None:
    made = labels.pod_labels(with_metadata({key: "theirs", "team": "cache"}))
    assert made == {**names.base_labels("demo"), "team": "cache"}


def test_users_annotations_never_replace_ours() -> None:
    made = labels.pod_annotations(with_metadata({}, {names.EPOCH_ANNOTATION: "9", "a": "b"}), {"ours": "x"})
    assert made == {"a": "b", "ours": "x"}


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (None, labels.Ownership.ORPHAN),
        ([], labels.Ownership.ORPHAN),
        ([{"uid": UID}], labels.Ownership.ORPHAN),
        ([{"uid": UID, "controller": True}], labels.Ownership.OURS),
        ([{"uid": "other"}, {"uid": UID, "controller": True}], labels.Ownership.OURS),
        ([{"uid": "earlier", "name": "demo", "controller": True}], labels.Ownership.FOREIGN),
    ],
)
def test_ownership_is_by_the_controllers_uid(references: Any, expected: labels.Ownership) -> None:
    assert labels.ownership({"metadata": {"name": "demo", "ownerReferences": references}}, UID) is expected


@pytest.mark.parametrize("note", ["", "[]", "not json", '{"labels": 3}', '{"labels": [3, null]}', "null"])
def test_an_unreadable_note_counts_as_empty(note: str) -> None:
    obj = {"metadata": {"annotations": {names.PROPAGATED_ANNOTATION: note}}}
    assert labels.propagated(obj, "labels") == frozenset()


def test_what_came_from_the_user_is_remembered(inputs: Inputs) -> None:
    built = build(OwnedKind.STATEFUL_SET, inputs({"labels": {"team": "a"}, "annotations": {"x": "y"}}))
    assert labels.propagated(built, "labels") == {"team"}
    assert labels.propagated(built, "annotations") == {"x"}
    assert names.PROPAGATED_ANNOTATION not in build(OwnedKind.STATEFUL_SET, inputs())["metadata"]["annotations"]
