"""A thin client of the Kubernetes API: plain JSON trees in and out, one request per call.

Failures are those of ``kube_http.py``: every one is a ``KubeError``, nothing is retried, every call has a deadline.
"""

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

from gungnir.errors import BugError
from gungnir.runtime.errors import Call, ServerError
from gungnir.runtime.kube_auth import Auth, load_auth
from gungnir.runtime.kube_http import HttpRequest, OnCall, Transport, refusal
from gungnir.runtime.kube_resources import Object, Ref, Resource, ref_of

DEADLINE_MS: Final = 5_000
"""Default deadline of a call."""

PatchType = Literal["merge", "json"]
_CONTENT_TYPES: Final[Mapping[PatchType, str]] = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to ``list``.

    Attributes:
        items: Objects, each with ``apiVersion`` and ``kind`` filled in.
        resource_version: Of the list; where a watch starts.
    """

    items: list[Object]
    resource_version: str


class Kube:
    """Client of one API server with one connection pool. Use as an async context manager, or call ``aclose``."""

    def __init__(self, auth: Auth, *, on_call: OnCall | None = None, deadline_ms: int = DEADLINE_MS) -> None:
        """Open the pool (no connection yet). Needs a running event loop.

        Raises:
            KubeConfigError: A certificate or key cannot be read.
        """
        self._transport = Transport(auth, on_call)
        self._deadline_ms = deadline_ms

    @classmethod
    async def connect(
        cls,
        *,
        kubeconfig: str = "",
        context: str = "",
        on_call: OnCall | None = None,
        deadline_ms: int = DEADLINE_MS,
    ) -> Self:
        """Read the credentials (see ``load_auth``) and open a client.

        Raises:
            KubeConfigError: No usable credentials.
        """
        return cls(await load_auth(kubeconfig, context), on_call=on_call, deadline_ms=deadline_ms)

    @property
    def server(self) -> str:
        """Base URL of the API server."""
        return self._transport.auth.server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection, also under cancellation."""
        await self._transport.aclose()

    async def get(self, ref: Ref, *, deadline_ms: int | None = None) -> Object:
        """Read one object from etcd (not from a cache).

        Raises:
            KubeError: Any subclass; ``NotFoundError`` if there is none.
        """
        call = Call("get", ref.resource.plural, ref.namespace, ref.name)
        return await self._json(call, "GET", ref.resource.path(ref.namespace, ref.name), deadline_ms=deadline_ms)

    async def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        page_size: int = 500,
        resource_version: str = "",
        deadline_ms: int | None = None,
    ) -> Page:
        """Read all objects of a type, page by page, as of one resourceVersion.

        Args:
            resource: Type to list.
            namespace: Empty for all namespaces.
            label_selector: Kubernetes label selector; empty for all.
            field_selector: Kubernetes field selector; empty for all.
            page_size: Objects a request asks for (``limit``).
            resource_version: Empty reads the newest; ``0`` lets the server answer from its cache.
            deadline_ms: For each page.

        Raises:
            KubeError: Any subclass; ``GoneError`` if paging took longer than the server keeps the snapshot.
        """
        call = Call("list", resource.plural, namespace)
        query = {"limit": str(page_size)} | _selectors(label_selector, field_selector)
        if resource_version:
            query |= {"resourceVersion": resource_version, "resourceVersionMatch": "NotOlderThan"}
        items: list[Object] = []
        while True:
            page = await self._json(call, "GET", resource.path(namespace), query=query, deadline_ms=deadline_ms)
            metadata, found = page.get("metadata") or {}, page.get("items") or []
            if not metadata.get("resourceVersion") or not all(isinstance(item, dict) for item in found):
                raise ServerError(
                    call, "the answer is no Kubernetes list: resourceVersion or items are missing", code=200
                )
            for item in found:
                items.append({"apiVersion": resource.group_version, "kind": resource.kind} | item)  # noqa: PERF401 - awaits between
            token = metadata.get("continue")
            if not token:
                return Page(items, str(metadata.get("resourceVersion", "")))
            query = {"limit": str(page_size), "continue": token} | _selectors(label_selector, field_selector)

    async def create(self, obj: Object, *, deadline_ms: int | None = None) -> Object:
        """Create an object; returns it as stored.

        Raises:
            KubeError: Any subclass; ``AlreadyExistsError`` if the name is taken.
        """
        ref = ref_of(obj)
        call = Call("create", ref.resource.plural, ref.namespace, ref.name)
        return await self._json(call, "POST", ref.resource.path(ref.namespace), body=obj, deadline_ms=deadline_ms)

    async def replace(self, obj: Object, *, deadline_ms: int | None = None) -> Object:
        """Replace an object as a compare-and-swap on the ``metadata.resourceVersion`` it carries.

        Raises:
            KubeError: Any subclass; ``ConflictError`` if that version is not the current one.
            BugError: The object carries no resourceVersion: the API server would overwrite whatever is there.
        """
        return await self._put(obj, "", deadline_ms)

    async def replace_status(self, obj: Object, *, deadline_ms: int | None = None) -> Object:
        """Replace ``status`` alone (PUT to the status subresource), as a compare-and-swap like ``replace``.

        Raises:
            KubeError: Any subclass; ``ConflictError`` if that version is not the current one.
            BugError: The object carries no resourceVersion.
        """
        return await self._put(obj, "status", deadline_ms)

    async def patch(
        self,
        ref: Ref,
        body: Object | Sequence[Object],
        *,
        patch_type: PatchType = "merge",
        subresource: str = "",
        deadline_ms: int | None = None,
    ) -> Object:
        """Change parts of an object.

        Args:
            ref: The object.
            body: A merge patch (object) or a JSON patch (list of operations).
            patch_type: Which of the two it is.
            subresource: For example ``status``.
            deadline_ms: Default if None.

        A merge patch that carries ``metadata.resourceVersion``, or a JSON patch with a ``test`` of it, is
        conditional: the first then fails with ``ConflictError``, the second with ``InvalidError``.

        Raises:
            KubeError: Any subclass.
        """
        call = Call("patch", _with_sub(ref.resource.plural, subresource), ref.namespace, ref.name)
        path = ref.resource.path(ref.namespace, ref.name, subresource)
        content_type = _CONTENT_TYPES[patch_type]
        return await self._json(call, "PATCH", path, body=body, content_type=content_type, deadline_ms=deadline_ms)

    async def delete(
        self,
        ref: Ref,
        *,
        uid: str,
        resource_version: str = "",
        grace_s: int | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        deadline_ms: int | None = None,
    ) -> None:
        """Delete exactly the object with this uid; one of the same name made since is left alone.

        Args:
            ref: The object.
            uid: Of the incarnation that is meant.
            resource_version: If given, also this version of it.
            grace_s: Seconds for a graceful stop; None for the object's own; 0 kills at once.
            propagation: What happens to owned objects.
            deadline_ms: Default if None.

        Raises:
            KubeError: Any subclass; ``ConflictError`` if the uid is another, ``NotFoundError`` if it is gone.
        """
        preconditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})
        body: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": preconditions,
            "propagationPolicy": propagation,
        }
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        call = Call("delete", ref.resource.plural, ref.namespace, ref.name)
        path = ref.resource.path(ref.namespace, ref.name)
        await self._json(call, "DELETE", path, body=body, deadline_ms=deadline_ms)

    @contextlib.asynccontextmanager
    async def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
        timeout_s: int = 50,
        deadline_ms: int | None = None,
    ) -> AsyncGenerator[AsyncIterator[Object]]:
        """Open a watch; gives an iterator of raw events (``type``, ``object``), bookmarks included.

        The iterator ends when the server ends the watch, as it does after ``timeout_s``. The deadline covers only the
        time to the response's head; how long silence may last is the reader's decision (``watch.py``).

        Raises:
            KubeError: On opening any subclass; while reading ``UnknownOutcomeError`` (connection lost), or what an
                ERROR event carries (``GoneError`` for 410).
        """
        call = Call("watch", resource.plural, namespace)
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(timeout_s),
        } | _selectors(label_selector, field_selector)
        request = self._request(call, "GET", resource.path(namespace), query=query, deadline_ms=deadline_ms)
        async with self._transport.stream(request) as objects:
            yield _events(call, objects)

    async def get_json(self, path: str, *, deadline_ms: int | None = None) -> Object:
        """GET any path, for example ``/version``.

        Raises:
            KubeError: Any subclass.
        """
        return await self._json(Call("get", path), "GET", path, deadline_ms=deadline_ms)

    async def _put(self, obj: Object, subresource: str, deadline_ms: int | None) -> Object:
        ref = ref_of(obj)
        if not obj["metadata"].get("resourceVersion"):
            raise BugError(f"replace {ref} without metadata.resourceVersion")
        call = Call("update", _with_sub(ref.resource.plural, subresource), ref.namespace, ref.name)
        path = ref.resource.path(ref.namespace, ref.name, subresource)
        return await self._json(call, "PUT", path, body=obj, deadline_ms=deadline_ms)

    async def _json(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        deadline_ms: int | None = None,
    ) -> Object:
        request = self._request(
            call, method, path, query=query, body=body, content_type=content_type, deadline_ms=deadline_ms
        )
        return await self._transport.exchange(request)

    def _request(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        deadline_ms: int | None = None,
    ) -> HttpRequest:
        deadline_ms = self._deadline_ms if deadline_ms is None else deadline_ms
        return HttpRequest(call, method, path, query or {}, body, content_type, deadline_ms)


async def _events(call: Call, objects: AsyncIterator[Object]) -> AsyncIterator[Object]:
    async for event in objects:
        status = event.get("object")
        if not isinstance(status, dict):
            raise ServerError(call, f"the watch carries an event without an object: {str(event)[:200]}")
        if event.get("type") == "ERROR":
            raise refusal(call, int(status.get("code") or 500), json.dumps(status).encode())
        yield event


def _selectors(label_selector: str, field_selector: str) -> dict[str, str]:
    selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {key: value for key, value in selectors.items() if value}


def _with_sub(plural: str, subresource: str) -> str:
    return f"{plural}/{subresource}" if subresource else plural
