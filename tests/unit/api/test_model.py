import copy
import pickle

import pytest
from pydantic import ValidationError

from gungnir.api.model import ApiModel, FrozenMap, freeze, thaw


class Tree(ApiModel):
    leaf_count: int = 0
    labels: FrozenMap[str] = FrozenMap()


def test_a_frozen_map_is_a_value() -> None:
    left: FrozenMap[int] = FrozenMap({"a": 1, "b": 2})
    right: FrozenMap[int] = FrozenMap({"b": 2, "a": 1})
    assert left == right == {"a": 1, "b": 2}
    assert hash(left) == hash(right)
    assert left != FrozenMap({"a": 1})
    assert left != "a"
    assert repr(FrozenMap({"a": 1})) == "FrozenMap({'a': 1})"
    assert copy.deepcopy(left) == pickle.loads(pickle.dumps(left)) == left  # noqa: S301 - our own bytes


def test_a_frozen_map_does_not_follow_its_source() -> None:
    source = {"a": [1]}
    frozen: FrozenMap[tuple[int, ...]] = FrozenMap(source)
    source["a"].append(2)
    assert frozen["a"] == (1,)


def test_thaw_undoes_freeze() -> None:
    tree = {"a": [{"b": [1, None, "c"]}], "d": {}}
    assert thaw(freeze(tree)) == tree
    assert hash(freeze(tree)) == hash(freeze(copy.deepcopy(tree)))


def test_models_are_hashable_and_cannot_change() -> None:
    tree = Tree(leaf_count=1, labels=FrozenMap({"a": "b"}))
    assert {tree: 1}[Tree(leaf_count=1, labels={"a": "b"})] == 1
    with pytest.raises(ValidationError, match="frozen"):
        tree.leaf_count = 2  # type: ignore[misc]  # the point of the test


def test_the_wire_is_camel_case() -> None:
    assert Tree(leaf_count=1).to_wire() == {"leafCount": 1, "labels": {}}


def test_a_replaced_copy_is_validated() -> None:
    assert Tree(leaf_count=1).replaced(labels={"a": "b"}) == Tree(leaf_count=1, labels=FrozenMap({"a": "b"}))
    with pytest.raises(ValidationError):
        Tree().replaced(leaf_count="many")
    with pytest.raises(ValidationError):
        Tree().replaced(leafs=1)
