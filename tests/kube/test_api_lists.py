"""Lists: pages, selectors, versions."""

import pytest

from tests.kube.api import MERGE, Api, Obj


def config_maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def names(listed: Obj) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"] if item["metadata"]["name"] != "kube-root-ca.crt"]


@pytest.fixture
def seven(api: Api, namespace: str) -> str:
    """Seven ConfigMaps with labels; gives their path."""
    for number in range(7):
        labels = {"parity": "even" if number % 2 == 0 else "odd", "number": str(number)}
        body = {"metadata": {"name": f"c{number}", "labels": labels}}
        api("POST", config_maps(namespace), body).taken()
    return config_maps(namespace)


def test_pages_add_up_to_the_list_as_of_the_first_page(api: Api, seven: str) -> None:
    first = api("GET", seven, limit=3, labelSelector="parity").taken()
    assert names(first) == ["c0", "c1", "c2"]
    assert first["metadata"]["continue"]
    api("PATCH", f"{seven}/c4", {"data": {"new": "yes"}}, content_type=MERGE).taken()
    api("DELETE", f"{seven}/c6").taken()
    second = api("GET", seven, limit=3, labelSelector="parity", **{"continue": first["metadata"]["continue"]}).taken()
    assert names(second) == ["c3", "c4", "c5"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = api("GET", seven, limit=3, labelSelector="parity", **{"continue": second["metadata"]["continue"]}).taken()
    assert names(third) == ["c6"]
    assert not third["metadata"].get("continue")


def test_the_rest_is_counted_when_nothing_is_selected(api: Api, seven: str) -> None:
    everything = len(api("GET", seven).taken()["items"])
    page = api("GET", seven, limit=2).taken()
    assert page["metadata"]["remainingItemCount"] == everything - 2
    assert "remainingItemCount" not in api("GET", seven, limit=2, labelSelector="parity").taken()["metadata"]


def test_a_token_that_nobody_gave_is_refused(api: Api, seven: str) -> None:
    answer = api("GET", seven, limit=2, **{"continue": "abc"})
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert "continue key is not valid" in answer.message


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("parity=even", [0, 2, 4, 6]),
        ("parity==odd", [1, 3, 5]),
        ("parity!=odd,number", [0, 2, 4, 6]),
        ("number in (1,2,9)", [1, 2]),
        ("number notin (0,1,2,3),parity", [4, 5, 6]),
        ("!parity", []),
        ("number>4", [5, 6]),
        ("number<2,parity=even", [0]),
    ],
)
def test_labels_select(api: Api, seven: str, selector: str, selected: list[int]) -> None:
    assert names(api("GET", seven, labelSelector=selector).taken()) == [f"c{number}" for number in selected]


@pytest.mark.parametrize("selector", ["a=b=c", "a in", "a in (", "=b", "a b"])
def test_a_label_selector_that_cannot_be_read_is_refused(api: Api, seven: str, selector: str) -> None:
    answer = api("GET", seven, labelSelector=selector)
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert "unable to parse requirement" in answer.message or "found" in answer.message


def test_fields_select(api: Api, seven: str, namespace: str) -> None:
    assert names(api("GET", seven, fieldSelector="metadata.name=c3").taken()) == ["c3"]
    everywhere = api("GET", "/api/v1/configmaps", fieldSelector=f"metadata.namespace={namespace}").taken()
    assert len(names(everywhere)) == 7
    answer = api("GET", seven, fieldSelector="data.a=b")
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert answer.message == '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'


def test_pods_are_selected_by_node_and_phase(api: Api, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    spec = {"containers": [{"name": "c", "image": "i"}]}
    api("POST", pods, {"metadata": {"name": "a"}, "spec": {**spec, "nodeName": "n1"}}).taken()
    api("POST", pods, {"metadata": {"name": "b"}, "spec": spec}).taken()
    assert names(api("GET", pods, fieldSelector="spec.nodeName=n1").taken()) == ["a"]
    assert names(api("GET", pods, fieldSelector="status.phase=Pending").taken()) == ["a", "b"]
    answer = api("GET", pods, fieldSelector="spec.volumes=x")
    assert (answer.code, answer.message) == (400, "field label not supported: spec.volumes")


def test_items_of_a_list_say_no_type_and_the_list_does(api: Api, seven: str) -> None:
    listed = api("GET", seven, labelSelector="parity").taken()
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert {"kind", "apiVersion"} & set(listed["items"][0]) == set()


def test_items_of_a_custom_list_say_their_type(api: Api, namespace: str) -> None:
    path = f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"
    body = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": "demo"}}
    api("POST", path, body).taken()
    listed = api("GET", path).taken()
    assert (listed["kind"], listed["items"][0]["kind"]) == ("ValkeyClusterList", "ValkeyCluster")


def test_a_list_is_at_least_as_new_as_asked(api: Api, seven: str) -> None:
    version = api("POST", seven, {"metadata": {"name": "c9"}}).version
    for query in ({"resourceVersion": version, "resourceVersionMatch": "NotOlderThan"}, {"resourceVersion": version}):
        assert "c9" in names(api("GET", seven, **query).taken())
    assert int(api("GET", seven).version) >= int(version)


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"resourceVersion": "abc"}, 400, "Invalid value"),
        ({"resourceVersion": "999999999"}, 504, "Too large resource version"),
        (
            {"resourceVersionMatch": "Exact"},
            422,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        ({"limit": "many"}, 400, ""),
    ],
)
def test_a_version_that_cannot_be_served_is_refused(
    api: Api, seven: str, query: dict[str, str], code: int, words: str
) -> None:
    answer = api("GET", seven, **query)
    assert (answer.code, words in answer.message) == (code, True), answer.body


def test_tables_and_metadata_are_served_to_those_who_ask(api: Api, seven: str) -> None:
    table = api("GET", seven, accept="application/json;as=Table;v=v1;g=meta.k8s.io", labelSelector="parity").taken()
    assert (table["kind"], len(table["rows"])) == ("Table", 7)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    partial = api("GET", seven, accept=accept, labelSelector="parity").taken()
    assert (partial["kind"], len(partial["items"])) == ("PartialObjectMetadataList", 7)
    assert {"data", "spec", "status"} & set(partial["items"][0]) == set()
