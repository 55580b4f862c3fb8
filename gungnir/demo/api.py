"""What a person does with kubectl, in a few calls: read, apply, annotate, delete. Over HTTP, as everybody else."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import yaml

from gungnir.errors import RefusedError, RetryableError, UserError
from gungnir.runtime.kube_resources import RESOURCES, Resource

Object = dict[str, Any]

NAMESPACES: Final = Resource("namespaces", "v1", "Namespace", namespaced=False)
CRDS: Final = Resource(
    "customresourcedefinitions", "apiextensions.k8s.io/v1", "CustomResourceDefinition", namespaced=False
)
_KINDS: Final = {resource.kind: resource for resource in (*RESOURCES.values(), NAMESPACES, CRDS)}
_TIMEOUT_S: Final = 10.0
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500


class ApiRefusedError(RefusedError):
    """The API server answered 4xx.

    Attributes:
        code: HTTP status.
    """

    def __init__(self, what: str, code: int, message: str) -> None:
        super().__init__(f"{what}: {code}: {message}")
        self.code = code


class ApiUnavailableError(RetryableError):
    """The API server did not answer, or answered 5xx."""


class Api:
    """A client of the local API server. Use as an async context manager.

    Args:
        url: ``http://address:port``.
    """

    def __init__(self, url: str) -> None:
        self.url: Final = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """Read an object; None if there is none."""
        try:
            found: Object = await self._send("GET", resource.path(namespace, name))
        except ApiRefusedError as error:
            if error.code == _NOT_FOUND:
                return None
            raise
        return found

    async def list(self, resource: Resource, namespace: str = "", selector: str = "") -> list[Object]:
        """Read all objects, of one namespace and label selector if given."""
        query = {"labelSelector": selector} if selector else {}
        items: list[Object] = (await self._send("GET", resource.path(namespace), query=query)).get("items") or []
        return items

    async def apply(self, objects: Iterable[Object]) -> None:
        """Create each object, or merge it into the one that is there, in order."""
        for obj in objects:
            resource = _KINDS.get(str(obj.get("kind")))
            if resource is None:
                raise UserError(f"kind: {obj.get('kind')!r} is unknown here; use one of {', '.join(sorted(_KINDS))}")
            name = obj["metadata"]["name"]
            namespace = obj["metadata"].get("namespace", "default") if resource.namespaced else ""
            try:
                await self._send("POST", resource.path(namespace), body=obj)
            except ApiRefusedError as error:
                if error.code != _CONFLICT:
                    raise
                await self.patch(resource, namespace, name, obj)

    async def patch(
        self, resource: Resource, namespace: str, name: str, patch: Mapping[str, Any], *, subresource: str = ""
    ) -> Object:
        """Apply a JSON merge patch (RFC 7396)."""
        path = resource.path(namespace, name, subresource)
        patched: Object = await self._send("PATCH", path, body=patch, content_type="application/merge-patch+json")
        return patched

    async def annotate(self, resource: Resource, namespace: str, name: str, **annotations: str | None) -> None:
        """Set annotations; None removes one. Keyword names are full annotation names (``**{...}``)."""
        await self.patch(resource, namespace, name, {"metadata": {"annotations": annotations}})

    async def delete(self, resource: Resource, namespace: str, name: str, *, grace_s: int | None = None) -> None:
        """Delete an object; one that is not there is fine. ``grace_s`` 0 is ``kubectl delete --force``."""
        body: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        try:
            await self._send("DELETE", resource.path(namespace, name), body=body)
        except ApiRefusedError as error:
            if error.code != _NOT_FOUND:
                raise

    async def admin(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call an endpoint of the local cluster that no Kubernetes has (``/_gungnir/...``)."""
        return await self._send(method, path, body=body)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        if self._session is None:
            raise ApiUnavailableError(f"{method} {path}: the client is not open")
        data = None if body is None else json.dumps(body)
        try:
            async with self._session.request(
                method, self.url + path, params=query, data=data, headers={"Content-Type": content_type}
            ) as response:
                text = await response.text()
                code = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiUnavailableError(f"{method} {path}: {str(error) or type(error).__name__}") from error
        if code >= _SERVER_ERROR:
            raise ApiUnavailableError(f"{method} {path}: {code}: {text[:500]}")
        if code >= 400:  # noqa: PLR2004 - HTTP's own boundary
            raise ApiRefusedError(f"{method} {path}", code, _message(text))
        return json.loads(text) if text else {}


def load_manifest(path: Path) -> list[Object]:
    """Read every object of a YAML file.

    Raises:
        UserError: The file is not there, not YAML, or holds something else than objects.
    """
    try:
        documents = [document for document in yaml.safe_load_all(path.read_text()) if document is not None]
    except (OSError, yaml.YAMLError) as error:
        text = " ".join(str(error).split())
        raise UserError(f"manifest {path}: {text}; name a readable YAML file") from error
    if not documents or not all(isinstance(document, dict) and document.get("kind") for document in documents):
        raise UserError(f"manifest {path}: holds no Kubernetes objects; each document needs apiVersion, kind, metadata")
    return documents


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:500]
