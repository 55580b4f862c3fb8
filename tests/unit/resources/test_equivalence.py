from typing import Any

import pytest

from gungnir.resources.equivalence import equivalent


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        (None, {}, "nodeSelector"),
        ([], None, "tolerations"),
        ("", None, "value"),
        ({"a": 1, "b": None}, {"a": 1}, "x"),
        ({"cpu": "1000m"}, {"cpu": 1}, "limits"),
        ({"requests": {"storage": "1024Mi"}}, {"requests": {"storage": "1Gi"}}, "resources"),
        ([{"emptyDir": {}}], [{"emptyDir": {}}], "volumes"),
        ({"memory": "odd"}, {"memory": "odd"}, "limits"),
    ],
)
def test_means_the_same(one: Any, other: Any, field: str) -> None:
    assert equivalent(one, other, field)
    assert equivalent(other, one, field)


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        (0, None, "tolerationSeconds"),
        (False, None, "allowPrivilegeEscalation"),
        (1, True, "x"),
        ("1", 1, "port"),
        ("1000m", "1", "value"),
        ([1], [1, 1], "x"),
        ({"emptyDir": {}}, {}, "volume"),
        ({"namespaceSelector": {}}, {"namespaceSelector": None}, "term"),
        ({"memory": "odd"}, {"memory": "1Gi"}, "limits"),
        ({"a": 1}, [1], "x"),
    ],
)
def test_means_something_else(one: Any, other: Any, field: str) -> None:
    assert not equivalent(one, other, field)
    assert not equivalent(other, one, field)
