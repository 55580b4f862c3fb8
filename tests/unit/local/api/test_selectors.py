import pytest

from gungnir.local.errors import BadRequestError
from gungnir.local.selectors import field_predicate, label_predicate, label_selector_text, matches_label_selector

LABELS = {"app": "valkey", "tier": "db"}
POD = {
    "metadata": {"name": "p", "labels": LABELS},
    "status": {"phase": "Running", "ready": True},
}


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ("", True),
        ("app=valkey", True),
        ("app==valkey,tier!=web", True),
        ("app!=valkey", False),
        ("app in (valkey, other),tier", True),
        ("app notin (valkey)", False),
        ("none notin (x)", True),
        ("!app", False),
        ("!none", True),
        ("a.b/c=", False),
    ],
)
def test_label_selectors(selector: str, selects: bool) -> None:
    assert label_predicate(selector)(POD) is selects


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ("metadata.name=p", True),
        ("status.phase!=Running", False),
        ("status.phase=Running,metadata.name!=q", True),
        ("spec.nodeName=", True),
        ("status.ready=true", True),
    ],
)
def test_field_selectors(selector: str, selects: bool) -> None:
    assert field_predicate(selector)(POD) is selects


@pytest.mark.parametrize("selector", ["app=a b", "in (x)", "app in x", "=x", "a,,b"])
def test_a_label_selector_that_cannot_be_read_is_refused(selector: str) -> None:
    with pytest.raises(BadRequestError, match="unable to parse requirement"):
        label_predicate(selector)


def test_a_field_selector_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(BadRequestError, match="invalid field selector"):
        field_predicate("metadata.name")


def test_a_label_selector_object_and_its_text_agree() -> None:
    selector = {
        "matchLabels": {"app": "valkey"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["db", "web"]},
            {"key": "old", "operator": "DoesNotExist"},
        ],
    }
    assert matches_label_selector(selector, LABELS)
    assert label_selector_text(selector) == "app=valkey,tier in (db,web),!old"
    assert label_predicate(label_selector_text(selector))(POD)
    assert not matches_label_selector(None, {})
