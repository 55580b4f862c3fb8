"""Finalizers, and what becomes of owned objects: background, foreground, orphan."""

import pytest

from tests.kube.api import MERGE, Api, Obj, until


def maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def make(api: Api, namespace: str, name: str, *owners: Obj, **metadata: object) -> Obj:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"]}
        for o in owners
    ]
    body = {"metadata": {"name": name, **metadata, **({"ownerReferences": references} if references else {})}}
    return api("POST", maps(namespace), body).taken()


def gone(api: Api, path: str) -> None:
    until(lambda: api("GET", path).code == 404, f"{path} is gone")


def test_a_finalizer_keeps_the_object_until_it_is_removed(api: Api, namespace: str) -> None:
    made = make(api, namespace, "c", finalizers=["example.com/hold"])
    path = f"{maps(namespace)}/c"
    marked = api("DELETE", path).taken()
    assert marked["metadata"]["deletionTimestamp"]
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 0
    assert marked["metadata"]["uid"] == made["metadata"]["uid"]
    assert api("DELETE", path).ok
    again = api("POST", maps(namespace), {"metadata": {"name": "c"}})
    assert (again.code, again.reason) == (409, "AlreadyExists")
    assert "object is being deleted" in again.message
    api("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE).taken()
    assert api("GET", path).code == 404


def test_no_finalizer_is_added_to_what_is_being_deleted(api: Api, namespace: str) -> None:
    make(api, namespace, "c", finalizers=["example.com/hold"])
    path = f"{maps(namespace)}/c"
    api("DELETE", path).taken()
    more = {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    answer = api("PATCH", path, more, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "no new finalizers can be added if the object is being deleted" in answer.message
    back = api("PATCH", path, {"metadata": {"deletionTimestamp": None}}, content_type=MERGE).taken()
    assert back["metadata"]["deletionTimestamp"]
    api("PATCH", path, {"metadata": {"finalizers": []}}, content_type=MERGE).taken()


@pytest.mark.parametrize("policy", ["Background", None])
def test_owned_objects_follow_their_owner(api: Api, namespace: str, policy: str | None) -> None:
    owner = make(api, namespace, "owner")
    child = make(api, namespace, "child", owner)
    make(api, namespace, "grandchild", child)
    other = make(api, namespace, "other")
    make(api, namespace, "shared", owner, other)
    assert api("DELETE", f"{maps(namespace)}/owner", {"propagationPolicy": policy} if policy else None).ok
    assert api("GET", f"{maps(namespace)}/owner").code == 404
    gone(api, f"{maps(namespace)}/child")
    gone(api, f"{maps(namespace)}/grandchild")
    until(
        lambda: len(api("GET", f"{maps(namespace)}/shared").taken()["metadata"]["ownerReferences"]) == 1,
        "the shared object has one owner left",
    )


def test_in_the_foreground_the_owner_waits_for_those_that_block_it(api: Api, namespace: str) -> None:
    owner = make(api, namespace, "owner")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    body = {"name": "child", "finalizers": ["example.com/hold"]}
    blocking = {**body, "ownerReferences": [{**reference, "blockOwnerDeletion": True}]}
    api("POST", maps(namespace), {"metadata": blocking}).taken()
    marked = api("DELETE", f"{maps(namespace)}/owner", {"propagationPolicy": "Foreground"}).taken()
    assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
    child = f"{maps(namespace)}/child"
    until(lambda: "deletionTimestamp" in api("GET", child).taken()["metadata"], "the child is being deleted")
    assert api("GET", f"{maps(namespace)}/owner").ok
    api("PATCH", child, {"metadata": {"finalizers": None}}, content_type=MERGE).taken()
    gone(api, child)
    gone(api, f"{maps(namespace)}/owner")


def test_orphans_stay_and_forget_their_owner(api: Api, namespace: str) -> None:
    owner = make(api, namespace, "owner")
    make(api, namespace, "child", owner)
    assert api("DELETE", f"{maps(namespace)}/owner", {"propagationPolicy": "Orphan"}).ok
    gone(api, f"{maps(namespace)}/owner")
    child = api("GET", f"{maps(namespace)}/child").taken()
    assert "ownerReferences" not in child["metadata"]


def test_an_owner_is_known_by_its_uid_and_not_by_its_name(api: Api, namespace: str) -> None:
    owner = make(api, namespace, "owner")
    stranger = {"metadata": {"name": "owner", "uid": "2f1c3a1e-0000-4000-8000-000000000000"}}
    make(api, namespace, "child", stranger)
    gone(api, f"{maps(namespace)}/child")
    assert api("GET", f"{maps(namespace)}/owner").taken() == owner


def test_an_owner_of_a_kind_that_nobody_serves_is_not_missed(api: Api, namespace: str) -> None:
    """Whether it exists is not known. Another owner that is gone is missed then no more."""
    gone_one = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "2f1c3a1e-0000-4000-8000-000000000000"}
    unknown = {
        "apiVersion": "nobody.example/v1",
        "kind": "Other",
        "name": "o",
        "uid": "2f1c3a1e-0000-4000-8000-000000000001",
    }
    for name, references in (("child", [unknown]), ("witness", [gone_one])):
        body = {"metadata": {"name": name, "ownerReferences": references}}
        api("POST", maps(namespace), body).taken()
    gone(api, f"{maps(namespace)}/witness")
    assert api("GET", f"{maps(namespace)}/child").taken()["metadata"]["ownerReferences"] == [unknown]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"propagationPolicy": "Sometimes"}, 'propagationPolicy: Unsupported value: "Sometimes"'),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            "orphanDependents and deletionPropagation cannot be both set",
        ),
        ({"gracePeriodSeconds": "soon"}, ""),
    ],
)
def test_options_that_make_no_sense_are_refused(api: Api, namespace: str, options: Obj, words: str) -> None:
    make(api, namespace, "c")
    answer = api("DELETE", f"{maps(namespace)}/c", options)
    assert answer.code in (400, 422)
    assert words in answer.message
    assert api("GET", f"{maps(namespace)}/c").ok


def test_an_owner_reference_has_its_grammar(api: Api, namespace: str) -> None:
    body = {"name": "c", "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "", "uid": ""}]}
    answer = api("POST", maps(namespace), {"metadata": body})
    assert (answer.code, answer.reason) == (422, "Invalid")
    fields = {cause["field"] for cause in answer.body["details"]["causes"]}
    assert fields == {"metadata.ownerReferences.name", "metadata.ownerReferences.uid"}


def test_there_is_one_controller(api: Api, namespace: str) -> None:
    owners = [make(api, namespace, name) for name in ("a", "b")]
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "controller": True,
            "name": o["metadata"]["name"],
            "uid": o["metadata"]["uid"],
        }
        for o in owners
    ]
    answer = api("POST", maps(namespace), {"metadata": {"name": "c", "ownerReferences": references}})
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "Only one reference can have Controller set to true" in answer.message


def test_a_pod_on_a_node_gets_its_grace(api: Api, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    spec = {"nodeName": "n1", "terminationGracePeriodSeconds": 17, "containers": [{"name": "c", "image": "i"}]}
    api("POST", pods, {"metadata": {"name": "p"}, "spec": spec}).taken()
    marked = api("DELETE", f"{pods}/p").taken()
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 17
    shorter = api("DELETE", f"{pods}/p", {"gracePeriodSeconds": 5}).taken()
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    assert api("DELETE", f"{pods}/p", {"gracePeriodSeconds": 0}).ok
    assert api("GET", f"{pods}/p").code == 404


def test_a_pod_that_has_no_node_goes_at_once(api: Api, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    api("POST", pods, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}).taken()
    assert api("DELETE", f"{pods}/p").ok
    assert api("GET", f"{pods}/p").code == 404


def test_a_namespace_takes_its_objects_with_it(api: Api, namespace: str) -> None:
    make(api, namespace, "c")
    assert api("DELETE", f"/api/v1/namespaces/{namespace}").ok
    gone(api, f"{maps(namespace)}/c")
    gone(api, f"/api/v1/namespaces/{namespace}")
