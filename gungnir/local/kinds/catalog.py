"""What the local API server serves: one ``Kind`` per resource, built in or from a CustomResourceDefinition."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gungnir.local.errors import NotFoundError

ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of one group and version.

    ``storage`` names the table the objects live in; two kinds may share one (both event groups do), in which case the
    objects are stored in the form of the kind whose ``group`` is ``storage_group``.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = False
    has_scale: bool = False
    has_generation: bool = False
    singular: str = ""
    storage: str = ""
    custom: Any = field(default=None, compare=False)
    """The ``CustomVersion`` (schema, columns, scale paths) of a custom resource; None for a built-in kind."""

    @property
    def api_version(self) -> str:
        """``group/version``, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def table(self) -> str:
        """Key of the storage table: ``plural`` or ``plural.group``."""
        return self.storage or (f"{self.plural}.{self.group}" if self.group else self.plural)

    @property
    def list_kind(self) -> str:
        """Kind of the list object."""
        return f"{self.kind}List"

    @property
    def singular_name(self) -> str:
        """Singular name used in commands."""
        return self.singular or self.kind.lower()

    @property
    def is_custom(self) -> bool:
        """True for a resource that a CustomResourceDefinition defines."""
        return self.custom is not None


_RBAC: Final = "rbac.authorization.k8s.io"

BUILTIN: Final[tuple[Kind, ...]] = (
    Kind("", "v1", "ConfigMap", "configmaps", short_names=("cm",)),
    Kind("", "v1", "Endpoints", "endpoints", short_names=("ep",), singular="endpoints"),
    Kind("", "v1", "Event", "events", short_names=("ev",), storage="events"),
    Kind("", "v1", "Namespace", "namespaces", namespaced=False, short_names=("ns",), has_status=True),
    Kind("", "v1", "Node", "nodes", namespaced=False, short_names=("no",), has_status=True),
    Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",), has_status=True),
    Kind("", "v1", "PersistentVolume", "persistentvolumes", namespaced=False, short_names=("pv",), has_status=True),
    Kind("", "v1", "Pod", "pods", short_names=("po",), categories=("all",), has_status=True),
    Kind("", "v1", "Secret", "secrets"),
    Kind("", "v1", "ServiceAccount", "serviceaccounts", short_names=("sa",)),
    Kind("", "v1", "Service", "services", short_names=("svc",), categories=("all",), has_status=True),
    Kind("apps", "v1", "ControllerRevision", "controllerrevisions"),
    Kind(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        short_names=("deploy",),
        categories=("all",),
        has_status=True,
        has_scale=True,
        has_generation=True,
    ),
    Kind(
        "apps",
        "v1",
        "ReplicaSet",
        "replicasets",
        short_names=("rs",),
        categories=("all",),
        has_status=True,
        has_scale=True,
        has_generation=True,
    ),
    Kind(
        "apps",
        "v1",
        "StatefulSet",
        "statefulsets",
        short_names=("sts",),
        categories=("all",),
        has_status=True,
        has_scale=True,
        has_generation=True,
    ),
    Kind(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        short_names=("pdb",),
        has_status=True,
        has_generation=True,
    ),
    Kind("coordination.k8s.io", "v1", "Lease", "leases"),
    Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", has_generation=True),
    Kind("events.k8s.io", "v1", "Event", "events", short_names=("ev",), storage="events"),
    Kind(_RBAC, "v1", "Role", "roles"),
    Kind(_RBAC, "v1", "RoleBinding", "rolebindings"),
    Kind(_RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False),
    Kind(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    Kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False, short_names=("sc",)),
    Kind(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
        short_names=("crd", "crds"),
        categories=("api-extensions",),
        has_status=True,
        has_generation=True,
    ),
)


class Catalog:
    """Every kind that is served now, found by path or by plural name."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str], Kind] = {(k.group, k.version, k.plural): k for k in BUILTIN}
        self._by_plural: dict[str, Kind] = {}
        self._index()

    def _index(self) -> None:
        self._by_plural = {}
        for kind in self._kinds.values():
            self._by_plural.setdefault(kind.plural, kind)
            if kind.group:
                self._by_plural.setdefault(f"{kind.plural}.{kind.group}", kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """Return the kind served at a path, or None."""
        return self._kinds.get((group, version, plural))

    def resolve(self, resource: str) -> Kind:
        """Return the kind with this plural name (``pods``) or qualified name (``events.events.k8s.io``).

        Raises:
            NotFoundError: Nothing with this name is served.
        """
        kind = self._by_plural.get(resource)
        if kind is None:
            raise NotFoundError(f"the server could not find the requested resource {resource!r}")
        return kind

    def of_object(self, api_version: str, kind_name: str) -> Kind | None:
        """Return the kind of an object's ``apiVersion`` and ``kind``, or None."""
        for kind in self._kinds.values():
            if kind.kind == kind_name and kind.api_version == api_version:
                return kind
        return None

    def replace_custom(self, group: str, plural: str, kinds: tuple[Kind, ...]) -> None:
        """Serve ``kinds`` as all the versions of a custom resource; none withdraws it."""
        self._kinds = {
            key: kind
            for key, kind in self._kinds.items()
            if not (kind.is_custom and kind.group == group and kind.plural == plural)
        }
        self._kinds.update({(k.group, k.version, k.plural): k for k in kinds})
        self._index()
