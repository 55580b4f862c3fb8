import copy
from typing import Any

import cel
import pytest

from gungnir.local.errors import BadRequestError, InvalidError, UnsupportedMediaTypeError
from gungnir.local.registry import Registry, WriteOptions
from gungnir.local.schema.functions import library
from gungnir.local.schema.rules import compile_rules, to_cel

Obj = dict[str, Any]
MERGE = "application/merge-patch+json"


def patched(boxes: Registry, spec: Obj) -> Obj:
    return boxes.patch("boxes", "default", "b", {"spec": spec}, MERGE)


def test_a_definition_is_established_at_once(boxes: Registry) -> None:
    made = boxes.get("customresourcedefinitions", None, "boxes.test.example")
    assert {c["type"]: c["status"] for c in made["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert made["spec"]["names"]["singular"] == "box"
    assert made["spec"]["names"]["listKind"] == "BoxList"


def test_defaults_are_filled_in(boxes: Registry) -> None:
    assert boxes.get("boxes", "default", "b")["spec"] == {"name": "x", "size": 3}


def test_unknown_fields_are_pruned_with_a_warning_except_where_kept(boxes: Registry) -> None:
    options = WriteOptions()
    body = {"metadata": {"name": "c"}, "spec": {"other": 1, "free": {"any": {"thing": 1}}}}
    made = boxes.create("boxes", body, namespace="default", options=options)
    assert made["spec"] == {"free": {"any": {"thing": 1}}, "size": 3}
    assert options.warnings == ['unknown field "spec.other"']


def test_strict_validation_refuses_unknown_fields(boxes: Registry) -> None:
    body = {"metadata": {"name": "c"}, "spec": {"other": 1}}
    with pytest.raises(BadRequestError, match=r'strict decoding error: unknown field "spec\.other"'):
        boxes.create("boxes", body, namespace="default", options=WriteOptions(field_validation="Strict"))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"size": 12}, "spec.size: Invalid value: 12: spec.size in body should be less than or equal to 9"),
        ({"mode": "odd"}, 'spec.mode: Unsupported value: "odd": supported values: "fast", "safe"'),
        ({"name": "y"}, 'spec.name: Invalid value: "string": is fixed'),
        ({"disk": "1Ki"}, 'spec.disk: Invalid value: "object": must be more than 1Mi'),
        ({"parts": [{"weight": 1}]}, "spec.parts[0].id: Required value"),
        ({"parts": [{"id": "a"}, {"id": "a"}]}, 'spec.parts[1]: Duplicate value: {"id":"a"}'),
    ],
)
def test_a_broken_rule_is_told_as_kubernetes_tells_it(boxes: Registry, spec: Obj, says: str) -> None:
    with pytest.raises(InvalidError) as caught:
        patched(boxes, spec)
    assert str(caught.value).startswith('Box.test.example "b" is invalid: ')
    assert says in str(caught.value)
    causes = (caught.value.details or {})["causes"]
    assert causes[0]["field"].startswith("spec.")


def test_rules_are_not_asked_about_a_value_of_the_wrong_type(boxes: Registry) -> None:
    with pytest.raises(InvalidError) as caught:
        patched(boxes, {"size": "many"})
    assert str(caught.value) == (
        'Box.test.example "b" is invalid: [spec.size: Invalid value: "string": spec.size in body must be of type '
        'integer: "string", <nil>: Invalid value: "null": some validation rules were not checked because the object '
        "was invalid; correct the existing errors to complete validation]"
    )


def test_a_transition_rule_finds_the_former_element_by_its_keys(boxes: Registry) -> None:
    patched(boxes, {"parts": [{"id": "a", "weight": 5}, {"id": "b", "weight": 1}]})
    patched(boxes, {"parts": [{"id": "b", "weight": 2}, {"id": "a", "weight": 5}]})
    with pytest.raises(InvalidError, match="may only grow"):
        patched(boxes, {"parts": [{"id": "b", "weight": 1}, {"id": "a", "weight": 6}]})


def test_a_stricter_schema_does_not_block_other_changes(boxes: Registry, definition: Obj) -> None:
    patched(boxes, {"size": 9})
    stricter = copy.deepcopy(definition)
    spec = stricter["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["size"]["maximum"] = 5
    boxes.update("customresourcedefinitions", stricter)
    assert patched(boxes, {"mode": "fast"})["spec"]["size"] == 9
    with pytest.raises(InvalidError, match="less than or equal to 5"):
        patched(boxes, {"size": 8})


def test_a_null_gives_way_to_the_default(boxes: Registry) -> None:
    body = {"metadata": {"name": "c"}, "spec": {"size": None}}
    assert boxes.create("boxes", body, namespace="default")["spec"] == {"size": 3}


def test_strategic_merge_is_not_for_custom_resources(boxes: Registry) -> None:
    with pytest.raises(UnsupportedMediaTypeError, match="merge-patch"):
        boxes.patch("boxes", "default", "b", {}, "application/strategic-merge-patch+json")


def test_a_definition_whose_rule_cannot_be_compiled_is_refused(registry: Registry, definition: Obj) -> None:
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["x-kubernetes-validations"] = [{"rule": "self.("}]
    with pytest.raises(InvalidError, match="cannot be compiled"):
        registry.create("customresourcedefinitions", definition)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scope": "Everywhere"}, "spec.scope: Unsupported value"),
        ({"group": "other.example"}, "must be spec.names.plural"),
        ({"versions": []}, "exactly one version marked as storage"),
    ],
)
def test_a_broken_definition_is_refused(registry: Registry, definition: Obj, change: Obj, says: str) -> None:
    definition["spec"] |= change
    with pytest.raises(InvalidError, match=says):
        registry.create("customresourcedefinitions", definition)


def test_a_rule_reads_its_message_from_an_expression(registry: Registry, definition: Obj) -> None:
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["x-kubernetes-validations"] = [
        {"rule": "self.size < 5", "messageExpression": "'size ' + string(self.size) + ' is too much'"}
    ]
    registry.create("customresourcedefinitions", definition)
    with pytest.raises(InvalidError, match="size 7 is too much"):
        registry.create("boxes", {"metadata": {"name": "c"}, "spec": {"size": 7}}, namespace="default")


def test_a_rule_that_fails_to_run_is_an_error_of_the_object(registry: Registry, definition: Obj) -> None:
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["x-kubernetes-validations"] = [{"rule": "self.mode == 'fast'", "message": "must be fast"}]
    registry.create("customresourcedefinitions", definition)
    with pytest.raises(InvalidError, match=r"no such key: mode evaluating rule: must be fast"):
        registry.create("boxes", {"metadata": {"name": "c"}, "spec": {}}, namespace="default")


def test_a_rule_is_computed_once_for_the_same_values_and_again_for_others(
    boxes: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[object] = []

    def counted() -> object:
        computed.append(None)
        return library()

    monkeypatch.setattr("gungnir.local.schema.rules.library", counted)

    def show(phase: str) -> None:
        boxes.patch("boxes", "default", "b", {"status": {"phase": phase}}, MERGE, subresource="status")

    show("one")
    assert computed, "the rule that compares with the former value is asked at a write of the status too"
    computed.clear()
    show("two")
    assert not computed
    with pytest.raises(InvalidError, match="is fixed"):
        patched(boxes, {"name": "y"})
    assert computed
    with pytest.raises(InvalidError, match="is fixed"):
        patched(boxes, {"name": "y"})
    patched(boxes, {"name": "x", "size": 4})


def test_a_text_that_is_no_quantity_is_an_error_of_the_rule_and_nothing_on_the_terminal(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever runs ``gungnir demo --keep`` would read about the mistakes of whoever uses kubectl."""
    with pytest.raises(RuntimeError, match="quantities must match the regular expression"):
        cel.evaluate("quantity('1GB')", library())
    assert [record for record in caplog.records if record.name == "cel"] == []
    assert capfd.readouterr() == ("", "")


_STATUS = {"phase": "one", "counts": {"a": 1, "b": 2}, "names": ["x"]}


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ("self.status.phase == 'one'", {"status": {"phase": "one"}}),
        ("has(self.status) && self.status.counts.a == 1", {"status": {"counts": {"a": 1}}}),
        ("has(self.status)", {"status": {}}),
        ("has(self.status.counts) && self.status.counts == self", {"status": _STATUS, "spec": {"size": 3}}),
        ("has(self.status.counts) || self.status.phase.matches('o')", {"status": {"counts": {}, "phase": "one"}}),
        ("self.status.names.all(n, n != 'self.spec')", {"status": {"names": ["x"]}}),
        ("self.status.counts.size() == 2 && has(self.status.counts.a)", {"status": {"counts": {"a": 1, "b": 2}}}),
        ("self == oldSelf", {"status": _STATUS, "spec": {"size": 3}}),
        ("has(self.spec) && self.size() == 2", {"status": _STATUS, "spec": {"size": 3}}),
    ],
)  # fmt: skip
def test_a_rule_is_shown_what_it_reads(rule: str, seen: Obj) -> None:
    """A status of which only counters moved is not judged again: a real server's rules cost next to nothing, too."""
    schema: Obj = {"type": "object", "x-kubernetes-validations": [{"rule": rule}]}
    compile_rules(schema)
    assert to_cel(schema, {"status": _STATUS, "spec": {"size": 3}}, schema["~rules"][0].uses) == seen
