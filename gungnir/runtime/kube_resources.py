"""The Kubernetes resources the operator touches, and how an object is addressed by URL.

Paths: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from gungnir.api import names
from gungnir.errors import BugError

Object = dict[str, Any]
"""A Kubernetes object as its JSON tree."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type.

    Attributes:
        plural: As in URLs and RBAC rules.
        group_version: ``v1`` for the core group, else ``group/version``.
        kind: As in manifests.
        namespaced: False for cluster-scoped types.
    """

    plural: str
    group_version: str
    kind: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        return self.group_version.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path of a collection (no name), an object or a subresource.

        Raises:
            BugError: A name without a namespace for a namespaced type, or a subresource without a name.
        """
        if (name and self.namespaced and not namespace) or (subresource and not name):
            raise BugError(f"incomplete address of {self.plural}: {namespace=} {name=} {subresource=}")
        path = f"/apis/{self.group_version}" if "/" in self.group_version else f"/api/{self.group_version}"
        if namespace and self.namespaced:
            path += f"/namespaces/{quote(namespace, safe='')}"
        path += f"/{self.plural}"
        if name:
            path += f"/{quote(name, safe='')}"
        return f"{path}/{subresource}" if subresource else path

    def ref(self, namespace: str, name: str) -> "Ref":
        """Address of one object of this type."""
        return Ref(self, namespace, name)


@dataclass(frozen=True, slots=True)
class Ref:
    """Address of one object; says nothing about which incarnation (uid) is meant."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        """Render as ``pods ns/name``."""
        return f"{self.resource.plural} {self.namespace}/{self.name}"


VALKEYCLUSTERS: Final = Resource(names.PLURAL, names.API_VERSION, names.KIND)
PODS: Final = Resource("pods", "v1", "Pod")
SERVICES: Final = Resource("services", "v1", "Service")
CONFIGMAPS: Final = Resource("configmaps", "v1", "ConfigMap")
SECRETS: Final = Resource("secrets", "v1", "Secret")
SERVICEACCOUNTS: Final = Resource("serviceaccounts", "v1", "ServiceAccount")
PERSISTENTVOLUMECLAIMS: Final = Resource("persistentvolumeclaims", "v1", "PersistentVolumeClaim")
EVENTS: Final = Resource("events", "v1", "Event")
STATEFULSETS: Final = Resource("statefulsets", "apps/v1", "StatefulSet")
PODDISRUPTIONBUDGETS: Final = Resource("poddisruptionbudgets", "policy/v1", "PodDisruptionBudget")
LEASES: Final = Resource("leases", "coordination.k8s.io/v1", "Lease")
ENDPOINTSLICES: Final = Resource("endpointslices", "discovery.k8s.io/v1", "EndpointSlice")

RESOURCES: Final[Mapping[str, Resource]] = {
    resource.plural: resource
    for resource in (
        VALKEYCLUSTERS,
        PODS,
        SERVICES,
        CONFIGMAPS,
        SECRETS,
        SERVICEACCOUNTS,
        PERSISTENTVOLUMECLAIMS,
        EVENTS,
        STATEFULSETS,
        PODDISRUPTIONBUDGETS,
        LEASES,
        ENDPOINTSLICES,
    )
}
BY_KIND: Final[Mapping[str, Resource]] = {resource.kind: resource for resource in RESOURCES.values()}


def resource_of(obj: Mapping[str, Any]) -> Resource:
    """The resource type of a manifest, by its ``kind`` and ``apiVersion``.

    Raises:
        BugError: The operator does not know this type.
    """
    resource = BY_KIND.get(obj.get("kind", ""))
    if resource is None or obj.get("apiVersion") != resource.group_version:
        raise BugError(f"unknown type: apiVersion={obj.get('apiVersion')!r} kind={obj.get('kind')!r}")
    return resource


def ref_of(obj: Mapping[str, Any]) -> Ref:
    """Address of the object that a manifest describes.

    Raises:
        BugError: The type is unknown, or name or namespace is missing.
    """
    resource = resource_of(obj)
    metadata = obj.get("metadata") or {}
    namespace, name = metadata.get("namespace") or "", metadata.get("name") or ""
    if not name or (resource.namespaced and not namespace):
        raise BugError(f"a manifest of kind {resource.kind} needs metadata.name and metadata.namespace")
    return Ref(resource, namespace, name)
