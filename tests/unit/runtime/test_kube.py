from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from gungnir.errors import BugError, RefusedError, RetryableError
from gungnir.errors import ConflictError as ConflictRoot
from gungnir.runtime import errors
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_auth import load_auth
from gungnir.runtime.kube_resources import LEASES, PODS, RESOURCES, SERVICES, VALKEYCLUSTERS, resource_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.unit.runtime.conftest import FakeApi

pytestmark = pytest.mark.anyio

REF = PODS.ref("ns", "a-0")
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a-0", "namespace": "ns", "resourceVersion": "7", "uid": "u"},
}


async def test_get_returns_the_tree_and_sends_the_token(api: FakeApi, kube: Kube) -> None:
    api.script = [api.reply(200, POD)]
    assert await kube.get(REF) == POD
    assert api.seen[0].path == "/api/v1/namespaces/ns/pods/a-0"
    assert api.seen[0].headers["authorization"].lower() == "bearer t0ken"


async def test_paths_follow_group_namespace_and_subresource() -> None:
    assert (
        VALKEYCLUSTERS.path("ns", "a", "status") == "/apis/valkey.verilean.io/v1/namespaces/ns/valkeyclusters/a/status"
    )
    assert VALKEYCLUSTERS.path() == "/apis/valkey.verilean.io/v1/valkeyclusters"
    assert LEASES.path("n/s", "a b") == "/apis/coordination.k8s.io/v1/namespaces/n%2Fs/leases/a%20b"
    assert all(resource_of({"kind": r.kind, "apiVersion": r.group_version}) == r for r in RESOURCES.values())


async def test_an_incomplete_address_is_a_bug_not_a_request() -> None:
    with pytest.raises(BugError, match="incomplete address of pods"):
        PODS.path("", "a-0")
    with pytest.raises(BugError, match="unknown type"):
        resource_of({"kind": "Pod", "apiVersion": "v2"})


async def test_a_list_pages_to_the_end_and_names_the_type_of_each_item(api: FakeApi, kube: Kube) -> None:
    api.script = [
        api.reply(
            200, {"metadata": {"resourceVersion": "9", "continue": "tok"}, "items": [{"metadata": {"name": "a"}}]}
        ),
        api.reply(200, {"metadata": {"resourceVersion": "9"}, "items": [{"metadata": {"name": "b"}}]}),
    ]
    page = await kube.list(PODS, "ns", label_selector="a=b,c!=d", page_size=1)
    assert page.resource_version == "9"
    assert [(item["kind"], item["apiVersion"], item["metadata"]["name"]) for item in page.items] == [
        ("Pod", "v1", "a"),
        ("Pod", "v1", "b"),
    ]
    assert api.seen[0].query == {"limit": "1", "labelSelector": "a=b,c!=d"}
    assert api.seen[1].query == {"limit": "1", "labelSelector": "a=b,c!=d", "continue": "tok"}


async def test_writes_use_the_right_method_path_and_body(api: FakeApi, kube: Kube) -> None:
    api.script = [api.reply(200, POD)]
    await kube.create(POD)
    await kube.replace(POD)
    await kube.replace_status(POD)
    await kube.patch(REF, [{"op": "test", "path": "/x", "value": 1}], patch_type="json", subresource="status")
    await kube.patch(REF, {"metadata": {"labels": {"a": None}}})
    await kube.delete(REF, uid="u", grace_s=0)
    pod = "/api/v1/namespaces/ns/pods/a-0"
    assert [(seen.method, seen.path) for seen in api.seen] == [
        ("POST", "/api/v1/namespaces/ns/pods"),
        ("PUT", pod),
        ("PUT", f"{pod}/status"),
        ("PATCH", f"{pod}/status"),
        ("PATCH", pod),
        ("DELETE", pod),
    ]
    assert [api.seen[i].headers["content-type"] for i in (0, 3, 4)] == [
        "application/json",
        "application/json-patch+json",
        "application/merge-patch+json",
    ]
    assert api.seen[5].body["preconditions"] == {"uid": "u"}
    assert api.seen[5].body["gracePeriodSeconds"] == 0
    assert api.connections == 1, "one keep-alive connection serves them all"


async def test_replace_without_a_resource_version_is_a_bug(kube: Kube) -> None:
    with pytest.raises(BugError, match=r"replace services ns/a without metadata\.resourceVersion"):
        await kube.replace({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "ns"}})


@pytest.mark.parametrize(
    ("code", "reason", "expected", "root", "may_have_happened"),
    [
        (404, "NotFound", errors.NotFoundError, RefusedError, False),
        (409, "AlreadyExists", errors.AlreadyExistsError, RefusedError, False),
        (409, "Conflict", errors.ConflictError, ConflictRoot, False),
        (422, "Invalid", errors.InvalidError, RefusedError, False),
        (400, "BadRequest", errors.InvalidError, RefusedError, False),
        (413, "RequestEntityTooLarge", errors.InvalidError, RefusedError, False),
        (401, "Unauthorized", errors.UnauthorizedError, RefusedError, False),
        (410, "Expired", errors.GoneError, RefusedError, False),
        (429, "TooManyRequests", errors.TooManyRequestsError, RetryableError, False),
        (500, "InternalError", errors.ServerError, RetryableError, True),
        (503, "ServiceUnavailable", errors.ServerError, RetryableError, True),
        (504, "Timeout", errors.ServerError, RetryableError, True),
        (302, "", errors.ServerError, RetryableError, True),
    ],
)
async def test_every_refusal_is_one_of_the_closed_set(
    api: FakeApi,
    kube: Kube,
    *,
    code: int,
    reason: str,
    expected: type[errors.KubeError],
    root: type[Exception],
    may_have_happened: bool,
) -> None:
    api.script = [api.status(code, reason, "because")]
    with pytest.raises(errors.KubeError, match="because") as caught:
        await kube.replace(POD)
    assert type(caught.value) is expected
    assert isinstance(caught.value, root)
    assert caught.value.may_have_happened is may_have_happened
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert len(api.seen) == 1, "nothing is retried"


async def test_a_redirect_is_not_followed(api: FakeApi, kube: Kube) -> None:
    api.script = [api.reply(307, b"", Location="/elsewhere"), api.reply(200, POD)]
    with pytest.raises(errors.ServerError, match="HTTP 307"):
        await kube.replace(POD)
    assert len(api.seen) == 1


async def test_forbidden_names_verb_resource_and_namespace(api: FakeApi, kube: Kube) -> None:
    api.script = [api.status(403, "Forbidden", 'pods "a-0" is forbidden')]
    with pytest.raises(errors.ForbiddenError) as caught:
        await kube.patch(REF, {}, subresource="status")
    assert caught.value.call == errors.Call("patch", "pods/status", "ns", "a-0")
    assert str(caught.value) == 'patch pods/status ns/a-0: pods "a-0" is forbidden'


async def test_too_many_requests_says_how_long_to_wait(api: FakeApi, kube: Kube) -> None:
    api.script = [
        api.reply(429, b"slow down", Retry_After="3"),
        api.status(429, "TooManyRequests", retryAfterSeconds=2),
        api.reply(429, b"", Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"),
    ]
    waits = []
    for _ in range(3):
        with pytest.raises(errors.TooManyRequestsError) as caught:
            await kube.get(REF)
        waits.append(caught.value.retry_after_ms)
    assert waits == [3_000, 2_000, 0]


async def test_a_404_that_is_no_status_object_does_not_count_as_absent(api: FakeApi, kube: Kube) -> None:
    api.script = [api.reply(404, b"404 page not found\n")]
    with pytest.raises(errors.ServerError, match="not served here"):
        await kube.get(VALKEYCLUSTERS.ref("ns", "a"))


async def test_nothing_listening_is_unreachable_so_the_write_did_not_happen(api: FakeApi, kube: Kube) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        kube._transport.auth.configuration.host = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(errors.UnreachableError) as caught:
            await kube.create(POD)
    assert caught.value.may_have_happened is False
    assert api.seen == []


async def test_a_connect_that_never_completes_is_unreachable(kube: Kube) -> None:
    with socket.socket() as full, contextlib.ExitStack() as clients:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # fill the accept queue: later SYNs stay unanswered
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        kube._transport.auth.configuration.host = f"http://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(errors.UnreachableError, match="no connection within 200 ms"):
            await kube.create(POD, deadline_ms=200)


@pytest.mark.parametrize("verb", ["get", "create", "replace", "delete"])
async def test_a_reset_after_sending_is_an_unknown_outcome_and_is_sent_once(
    api: FakeApi, kube: Kube, verb: str
) -> None:
    api.script = [api.reply(200, POD), api.reset]
    await kube.get(REF)  # so that the next request goes over a pooled connection, where aiohttp would retry by itself
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "get": lambda: kube.get(REF),
        "create": lambda: kube.create(POD),
        "replace": lambda: kube.replace(POD),
        "delete": lambda: kube.delete(REF, uid="u"),
    }
    with pytest.raises(errors.UnknownOutcomeError) as caught:
        await calls[verb]()
    assert caught.value.may_have_happened is True
    assert caught.value.__cause__ is not None
    assert len(api.seen) == 2


async def test_a_slow_answer_ends_at_the_deadline_with_an_unknown_outcome(api: FakeApi, kube: Kube) -> None:
    api.script = [api.hang]
    started = time.monotonic()
    with pytest.raises(errors.UnknownOutcomeError, match="no answer within 150 ms"):
        await kube.replace(POD, deadline_ms=150)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b'{"a":'])
async def test_a_success_without_a_json_object_is_an_unknown_outcome(api: FakeApi, kube: Kube, body: bytes) -> None:
    api.script = [api.reply(200, body)]
    with pytest.raises(errors.UnknownOutcomeError, match="the answer is not"):
        await kube.replace(POD)


async def test_an_answer_cut_in_the_middle_is_an_unknown_outcome(api: FakeApi, kube: Kube) -> None:
    async def cut(_seen: Any, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.transport.abort()

    api.script = [cut]
    with pytest.raises(errors.UnknownOutcomeError):
        await kube.replace(POD)


async def test_an_answer_that_is_not_http_is_an_unknown_outcome(api: FakeApi, kube: Kube) -> None:
    async def garbage(_seen: Any, writer: Any) -> None:
        writer.write(b"-ERR unknown command\r\n\r\n")
        await writer.drain()

    api.script = [garbage]
    with pytest.raises(errors.UnknownOutcomeError):
        await kube.create(POD)


async def test_every_call_is_reported_with_its_code(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(api.kubeconfig(api.url))
    calls: list[tuple[str, int]] = []
    api.script = [api.reply(200, POD), api.status(404, "NotFound"), api.reset]
    auth = await load_auth(str(path))
    async with Kube(auth, on_call=lambda call, code, _seconds: calls.append((str(call), code))) as kube:
        await kube.get(REF)
        for _ in range(2):
            with pytest.raises(errors.KubeError):
                await kube.get(REF)
    assert calls == [("get pods ns/a-0", 200), ("get pods ns/a-0", 404), ("get pods ns/a-0", 0)]


async def test_a_watch_gives_events_and_bookmarks_until_the_server_ends_it(api: FakeApi, kube: Kube) -> None:
    events = [{"type": "ADDED", "object": POD}, {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "8"}}}]
    api.script = [api.stream(*events)]
    async with kube.watch(SERVICES, "ns", resource_version="7", label_selector="a=b", timeout_s=3) as stream:
        assert [event async for event in stream] == events
    assert api.seen[0].query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "3",
        "labelSelector": "a=b",
    }


async def test_an_error_event_is_raised_as_what_it_says(api: FakeApi, kube: Kube) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    api.script = [api.stream({"type": "ERROR", "object": gone})]
    async with kube.watch(PODS, resource_version="1") as stream:
        with pytest.raises(errors.GoneError, match="too old"):
            await anext(stream)


async def test_a_watch_that_is_refused_raises_on_opening(api: FakeApi, kube: Kube) -> None:
    api.script = [api.status(410, "Expired")]
    with pytest.raises(errors.GoneError):
        async with kube.watch(PODS, resource_version="1"):
            pass


async def test_a_watch_cut_by_a_reset_has_an_unknown_outcome(api: FakeApi, kube: Kube) -> None:
    api.script = [api.stream({"type": "ADDED", "object": POD}, then="reset")]
    async with kube.watch(PODS, resource_version="1") as stream:
        with pytest.raises(errors.UnknownOutcomeError):
            _ = [event async for event in stream]


@pytest.mark.parametrize("line", [b"not json\n", b"[]\n"])
async def test_a_watch_that_carries_garbage_is_a_server_error(api: FakeApi, kube: Kube, line: bytes) -> None:
    api.script = [api.stream(line)]
    async with kube.watch(PODS, resource_version="1") as stream:
        with pytest.raises(errors.ServerError, match="something else"):
            await anext(stream)


async def test_events_split_across_packets_and_larger_than_a_buffer_arrive_whole(api: FakeApi, kube: Kube) -> None:
    big = {"type": "ADDED", "object": POD | {"data": "x" * 1_500_000}}
    api.script = [api.stream(big, {"type": "DELETED", "object": POD})]
    async with kube.watch(PODS, resource_version="1") as stream:
        assert [event["type"] async for event in stream] == ["ADDED", "DELETED"]
