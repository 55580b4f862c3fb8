"""Watches: what comes, in which order, from where on, and how they end."""

from collections.abc import Iterator

import pytest

from tests.kube.api import MERGE, Api, Obj, RefusedError
from tests.kube.servers import Server


def config_maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def maps(namespace: str) -> str:
    """The path of the ConfigMaps."""
    return config_maps(namespace)


def create(api: Api, maps: str, name: str, **labels: str) -> str:
    return api("POST", maps, {"metadata": {"name": name, "labels": {"mine": "yes", **labels}}}).version


def told(events: Iterator[Obj], count: int) -> list[tuple[str, str]]:
    """The next events: type and name."""
    found = []
    for event in events:
        found.append((event["type"], event["object"]["metadata"]["name"]))
        if len(found) == count:
            break
    return found


def test_a_watch_tells_every_change_once_and_in_order(api: Api, maps: str) -> None:
    start = api("GET", maps).version
    with api.watch(maps, resourceVersion=start, labelSelector="mine") as events:
        create(api, maps, "a")
        create(api, maps, "b")
        api("PATCH", f"{maps}/a", {"data": {"x": "y"}}, content_type=MERGE).taken()
        api("PATCH", f"{maps}/a", {"data": {"x": "y"}}, content_type=MERGE).taken()  # changes nothing
        api("DELETE", f"{maps}/b").taken()
        assert told(events, 4) == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_a_watch_resumes_after_the_version_it_names(api: Api, maps: str) -> None:
    create(api, maps, "a")
    seen = create(api, maps, "b")
    create(api, maps, "c")
    with api.watch(maps, resourceVersion=seen, labelSelector="mine") as events:
        assert told(events, 1) == [("ADDED", "c")]


def test_versions_of_events_rise_and_a_deletion_has_one_of_its_own(api: Api, maps: str) -> None:
    start = api("GET", maps).version
    with api.watch(maps, resourceVersion=start, labelSelector="mine") as events:
        made = create(api, maps, "a")
        api("DELETE", f"{maps}/a").taken()
        added, deleted = next(events), next(events)
    assert added["object"]["metadata"]["resourceVersion"] == made
    assert int(deleted["object"]["metadata"]["resourceVersion"]) > int(made)
    assert (added["object"]["kind"], deleted["object"]["apiVersion"]) == ("ConfigMap", "v1")


@pytest.mark.parametrize("version", ["", "0"])
def test_a_watch_from_no_version_begins_with_what_is_there(api: Api, maps: str, version: str) -> None:
    create(api, maps, "a")
    create(api, maps, "b")
    with api.watch(maps, resourceVersion=version, labelSelector="mine") as events:
        assert sorted(told(events, 2)) == [("ADDED", "a"), ("ADDED", "b")]
        create(api, maps, "c")
        assert told(events, 1) == [("ADDED", "c")]


def test_what_begins_or_ceases_to_be_selected_comes_and_goes(api: Api, maps: str) -> None:
    start = create(api, maps, "a", colour="blue")
    with api.watch(maps, resourceVersion=start, labelSelector="colour=red") as events:
        for colour in ("red", "green"):
            labels = {"metadata": {"labels": {"colour": colour}}}
            api("PATCH", f"{maps}/a", labels, content_type=MERGE).taken()
        came, went = next(events), next(events)
    assert (came["type"], went["type"]) == ("ADDED", "DELETED")
    assert went["object"]["metadata"]["labels"]["colour"] == "red"


def test_one_object_is_watched_by_its_name(api: Api, maps: str) -> None:
    start = create(api, maps, "a")
    with api.watch(maps, resourceVersion=start, fieldSelector="metadata.name=b") as events:
        create(api, maps, "c")
        create(api, maps, "b")
        assert told(events, 1) == [("ADDED", "b")]


def test_the_end_of_what_is_there_is_marked_for_those_who_ask(api: Api, maps: str) -> None:
    create(api, maps, "a")
    query: Obj = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    with api.watch(maps, labelSelector="mine", **query) as events:
        added, mark = next(events), next(events)
    assert (added["type"], mark["type"]) == ("ADDED", "BOOKMARK")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(mark["object"]["metadata"]["resourceVersion"]) >= int(added["object"]["metadata"]["resourceVersion"])


def test_initial_events_need_a_match_rule(api: Api, maps: str) -> None:
    with pytest.raises(RefusedError) as refused, api.watch(maps, sendInitialEvents="true"):
        pass
    assert (refused.value.answer.code, refused.value.answer.reason) == (422, "Invalid")


def test_the_server_ends_a_watch_after_the_time_asked_for(api: Api, maps: str) -> None:
    with api.watch(maps, resourceVersion=api("GET", maps).version, labelSelector="none", timeout_s=1) as events:
        assert list(events) == []


def test_what_is_no_longer_kept_is_gone(server: Server, namespace: str) -> None:
    api, path = server.api, f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
    for name in ("a", "b", "c"):
        api("POST", path, {"metadata": {"name": name}, "revision": 1, "data": {}}).taken()
    page = api("GET", path, limit=1).taken()["metadata"]
    for name in ("d", "e"):
        api("POST", path, {"metadata": {"name": name}, "revision": 1, "data": {}}).taken()
    server.forget_history()
    with api.watch(path, resourceVersion=page["resourceVersion"]) as events:
        event = next(events)
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    answer = api("GET", path, limit=1, **{"continue": page["continue"]})
    assert (answer.code, answer.reason) == (410, "Expired")


def test_a_version_that_is_no_number_is_refused(api: Api, maps: str) -> None:
    with pytest.raises(RefusedError) as refused, api.watch(maps, resourceVersion="abc"):
        pass
    assert refused.value.answer.code in (400, 500)  # a real server forgets to call it a bad request


def test_a_status_update_is_seen_by_those_who_watch_the_object(api: Api, namespace: str) -> None:
    path = f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"
    body = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": "demo"}}
    start = api("POST", path, body).version
    with api.watch(path, resourceVersion=start) as events:
        api("PATCH", f"{path}/demo/status", {"status": {"epoch": 7}}, content_type=MERGE).taken()
        event = next(events)
    assert (event["type"], event["object"]["status"]["epoch"]) == ("MODIFIED", 7)
