"""Create, read, update and delete one object: versions, preconditions, validation, dry run."""

import pytest

from tests.kube.api import MERGE, Api, Obj

CORE = "/api/v1/namespaces"


def config_maps(namespace: str) -> str:
    return f"{CORE}/{namespace}/configmaps"


def clusters(namespace: str) -> str:
    return f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"


def config(name: str = "c", **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def cluster(name: str = "demo", **spec: object) -> Obj:
    return {
        "apiVersion": "valkey.verilean.io/v1",
        "kind": "ValkeyCluster",
        "metadata": {"name": name},
        "spec": spec,
    }


def test_create_fills_in_what_the_server_owns(api: Api, namespace: str) -> None:
    body = config(a="b")
    body["metadata"] |= {"uid": "mine", "resourceVersion": "", "creationTimestamp": "2001-01-01T00:00:00Z"}
    answer = api("POST", config_maps(namespace), body)
    metadata = answer.taken()["metadata"]
    assert answer.code == 201
    assert metadata["uid"] != "mine"
    assert len(metadata["uid"]) == 36
    assert metadata["namespace"] == namespace
    assert metadata["resourceVersion"].isdecimal()
    assert not metadata["creationTimestamp"].startswith("2001")
    assert "generation" not in metadata
    assert api("GET", f"{config_maps(namespace)}/c").taken() == answer.body


def test_create_with_a_resource_version_is_refused(api: Api, namespace: str) -> None:
    body = config()
    body["metadata"]["resourceVersion"] = "7"
    answer = api("POST", config_maps(namespace), body)
    assert (answer.code, answer.message) == (500, "resourceVersion should not be set on objects to be created")


def test_a_name_is_taken_once(api: Api, namespace: str) -> None:
    api("POST", config_maps(namespace), config()).taken()
    answer = api("POST", config_maps(namespace), config())
    assert (answer.code, answer.reason) == (409, "AlreadyExists")
    assert answer.message == 'configmaps "c" already exists'
    assert answer.body["details"] == {"name": "c", "kind": "configmaps"}


def test_a_name_is_generated(api: Api, namespace: str) -> None:
    body = config() | {"metadata": {"generateName": "c-"}}
    names = {api("POST", config_maps(namespace), body).taken()["metadata"]["name"] for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("c-") and len(name) == 7 for name in names)


def test_what_is_missing_is_not_found_in_the_same_words(api: Api, namespace: str) -> None:
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {})):
        answer = api(method, f"{clusters(namespace)}/none", body, content_type=MERGE)
        assert (answer.code, answer.reason) == (404, "NotFound")
        assert answer.message == 'valkeyclusters.valkey.verilean.io "none" not found'
        assert answer.body["details"] == {"name": "none", "group": "valkey.verilean.io", "kind": "valkeyclusters"}


def test_a_namespace_that_does_not_exist_takes_no_object(api: Api) -> None:
    answer = api("POST", config_maps("nowhere"), config())
    assert (answer.code, answer.reason, answer.message) == (404, "NotFound", 'namespaces "nowhere" not found')
    assert api("GET", config_maps("nowhere")).taken()["items"] == []


def test_an_update_is_a_compare_and_swap(api: Api, namespace: str) -> None:
    first = api("POST", config_maps(namespace), config(a="1")).taken()
    second = api("PUT", f"{config_maps(namespace)}/c", first | {"data": {"a": "2"}}).taken()
    assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    answer = api("PUT", f"{config_maps(namespace)}/c", first | {"data": {"a": "3"}})
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert answer.message == (
        'Operation cannot be fulfilled on configmaps "c": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert api("GET", f"{config_maps(namespace)}/c").taken()["data"] == {"a": "2"}


def test_an_update_that_changes_nothing_is_no_write(api: Api, namespace: str) -> None:
    first = api("POST", clusters(namespace), cluster()).taken()
    again = api("PUT", f"{clusters(namespace)}/demo", first)
    assert (again.code, again.version) == (200, first["metadata"]["resourceVersion"])


def test_an_update_of_another_incarnation_is_a_conflict(api: Api, namespace: str) -> None:
    first = api("POST", config_maps(namespace), config()).taken()
    stale = {**first, "metadata": {"name": "c", "uid": "2f1c3a1e-0000-4000-8000-000000000000"}}
    answer = api("PUT", f"{config_maps(namespace)}/c", stale)
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert "Precondition failed: UID in precondition: 2f1c3a1e-0000-4000-8000-000000000000" in answer.message


def test_an_update_without_a_version_overwrites_where_the_type_allows_it(api: Api, namespace: str) -> None:
    api("POST", config_maps(namespace), config(a="1")).taken()
    assert api("PUT", f"{config_maps(namespace)}/c", config(a="2")).taken()["data"] == {"a": "2"}
    api("POST", clusters(namespace), cluster()).taken()
    answer = api("PUT", f"{clusters(namespace)}/demo", cluster(replicas=5))
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "metadata.resourceVersion: Invalid value" in answer.message
    assert "must be specified for an update" in answer.message


def test_an_update_creates_nothing(api: Api, namespace: str) -> None:
    answer = api("PUT", f"{config_maps(namespace)}/c", config())
    assert (answer.code, answer.reason) == (404, "NotFound")


def test_the_generation_counts_changes_of_the_spec_alone(api: Api, namespace: str) -> None:
    path = f"{clusters(namespace)}/demo"
    made = api("POST", clusters(namespace), cluster()).taken()
    assert made["metadata"]["generation"] == 1
    labelled = api("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE).taken()
    assert labelled["metadata"]["generation"] == 1
    scaled = api("PATCH", path, {"spec": {"replicas": 5}}, content_type=MERGE).taken()
    assert scaled["metadata"]["generation"] == 2
    api("PATCH", f"{path}/status", {"status": {"epoch": 3}}, content_type=MERGE).taken()
    assert api("GET", path).taken()["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (config("other"), "the name of the object (other) does not match the name on the URL (c)"),
        (
            config() | {"metadata": {"name": "c", "namespace": "elsewhere"}},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
)
def test_body_and_address_agree(api: Api, namespace: str, body: Obj, message: str) -> None:
    api("POST", config_maps(namespace), config()).taken()
    answer = api("PUT", f"{config_maps(namespace)}/c", body)
    assert (answer.code, answer.reason, answer.message) == (400, "BadRequest", message)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"'])
def test_a_body_that_is_no_object_is_a_bad_request(api: Api, namespace: str, body: bytes) -> None:
    assert api("POST", config_maps(namespace), body).code == 400


def test_a_body_of_another_kind_is_a_bad_request(api: Api, namespace: str) -> None:
    answer = api("POST", config_maps(namespace), config() | {"kind": "Secret"})
    assert (answer.code, answer.reason) == (400, "BadRequest")


def test_a_body_in_an_unknown_format_is_refused(api: Api, namespace: str) -> None:
    answer = api("POST", config_maps(namespace), config(), content_type="text/plain")
    assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")
    assert api("PATCH", f"{config_maps(namespace)}/c", {}, content_type="application/json").code == 415


def test_a_verb_that_is_not_served_is_told(api: Api, namespace: str) -> None:
    assert api("PUT", config_maps(namespace), config()).code == 405
    assert api("POST", f"{config_maps(namespace)}/c", config()).code in (404, 405)


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "a" * 254])
def test_a_name_is_a_dns_name(api: Api, namespace: str, name: str) -> None:
    answer = api("POST", config_maps(namespace), config(name))
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert f'ConfigMap "{name}" is invalid: metadata.name: ' in answer.message
    assert answer.body["details"]["causes"][0]["field"] == "metadata.name"


def test_labels_and_annotations_have_their_grammar(api: Api, namespace: str) -> None:
    body = config()
    body["metadata"] |= {"labels": {"a b": "c"}, "annotations": {"/x": "y"}}
    answer = api("POST", config_maps(namespace), body)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert {cause["field"] for cause in answer.body["details"]["causes"]} == {
        "metadata.labels",
        "metadata.annotations",
    }


def test_a_dry_run_answers_as_the_write_would_and_stores_nothing(api: Api, namespace: str) -> None:
    made = api("POST", clusters(namespace), cluster(), dryRun="All")
    assert (made.code, made.taken()["spec"]["replicas"]) == (201, 3)
    assert api("GET", f"{clusters(namespace)}/demo").code == 404
    api("POST", clusters(namespace), cluster()).taken()
    path = f"{clusters(namespace)}/demo"
    changed = api("PATCH", path, {"spec": {"replicas": 5}}, content_type=MERGE, dryRun="All").taken()
    assert changed["spec"]["replicas"] == 5
    assert api("DELETE", path, dryRun="All").ok
    assert api("GET", path).taken()["spec"]["replicas"] == 3
    assert api("PATCH", path, {"spec": {"replicas": 12}}, content_type=MERGE, dryRun="All").code == 422


def test_unknown_fields_are_treated_as_the_client_asks(api: Api, namespace: str) -> None:
    body = config() | {"dta": {"a": "b"}}
    strict = api("POST", config_maps(namespace), body, fieldValidation="Strict")
    assert (strict.code, strict.reason) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "dta"' in strict.message
    warned = api("POST", config_maps(namespace), body, fieldValidation="Warn")
    assert "dta" not in warned.taken()
    assert warned.warnings == '299 - "unknown field \\"dta\\""'
    ignored = api("PUT", f"{config_maps(namespace)}/c", body, fieldValidation="Ignore")
    assert (ignored.code, ignored.warnings) == (200, "")


def test_a_delete_is_bound_to_the_uid_and_version_it_names(api: Api, namespace: str) -> None:
    made = api("POST", config_maps(namespace), config()).taken()["metadata"]
    path = f"{config_maps(namespace)}/c"
    other = "2f1c3a1e-0000-4000-8000-000000000000"
    answer = api("DELETE", path, {"preconditions": {"uid": other}})
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert f"the UID in the precondition ({other}) does not match the UID in record ({made['uid']})" in answer.message
    answer = api("DELETE", path, {"preconditions": {"resourceVersion": "1"}})
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert api("DELETE", path, {"preconditions": {"uid": made["uid"]}}).ok
    assert api("GET", path).code == 404


def test_a_collection_is_deleted_by_selector(api: Api, namespace: str) -> None:
    for name, colour in (("a", "red"), ("b", "red"), ("c", "blue")):
        body = config(name)
        body["metadata"]["labels"] = {"colour": colour}
        api("POST", config_maps(namespace), body).taken()
    assert api("DELETE", config_maps(namespace), labelSelector="colour=red").ok
    left = {item["metadata"]["name"] for item in api("GET", config_maps(namespace)).taken()["items"]}
    assert left - {"kube-root-ca.crt"} == {"c"}


def test_what_is_immutable_stays(api: Api, namespace: str) -> None:
    api("POST", config_maps(namespace), config(a="1") | {"immutable": True}).taken()
    answer = api("PATCH", f"{config_maps(namespace)}/c", {"data": {"a": "2"}}, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "field is immutable when `immutable` is set" in answer.message


def test_a_secret_takes_plain_text_and_keeps_base64(api: Api, namespace: str) -> None:
    secrets = f"{CORE}/{namespace}/secrets"
    body = {"metadata": {"name": "s"}, "stringData": {"password": "x"}}
    made = api("POST", secrets, body).taken()
    assert (made["data"], made["type"]) == ({"password": "eA=="}, "Opaque")
    assert "stringData" not in made
    answer = api("PATCH", f"{secrets}/s", {"type": "other"}, content_type=MERGE)
    assert (answer.code, "type: Invalid value" in answer.message) == (422, True)
