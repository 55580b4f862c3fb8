"""What the operator may ask of the API server: one table, of which the roles in deploy/ are made.

Rules
- A kind of request that a machine may make names its right here; one that is missing is a type error of the table's
  test, one too many is a right nobody uses, which the suite in tests/kube refuses.
- Nothing is deleted: the garbage collector removes owned objects, the StatefulSet controller restarts pods.
- No wildcard, no ``pods/exec``, no right to bind or escalate, no cluster-scoped resource.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from gungnir.machines.requests import (
    ClearAnnotation,
    CreateOwned,
    GetCluster,
    GetOwned,
    GetService,
    GetTemplate,
    GrowClaim,
    Observe,
    PatchPod,
    PatchPodStatus,
    Pause,
    Pods,
    PutRecord,
    PutService,
    PutSummary,
    PutTemplate,
    Request,
    SetAnnotation,
    UpdateOwned,
)
from gungnir.resources.inventory import OwnedKind
from gungnir.runtime.kube_resources import (
    CONFIGMAPS,
    EVENTS,
    LEASES,
    PERSISTENTVOLUMECLAIMS,
    PODDISRUPTIONBUDGETS,
    PODS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    STATEFULSETS,
    VALKEYCLUSTERS,
    Resource,
)


class Right(NamedTuple):
    """One verb on one resource or subresource."""

    verb: str
    resource: Resource
    subresource: str = ""

    @property
    def path(self) -> str:
        """``pods/status``: as in RBAC rules and as ``Call.resource`` spells it."""
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural

    def __str__(self) -> str:
        """Render as ``update valkeyclusters/status``, the words of a refusal."""
        return f"{self.verb} {self.path}"


OWNED: Final[Mapping[OwnedKind, Resource]] = {
    OwnedKind.SERVICE_ACCOUNT: SERVICEACCOUNTS,
    OwnedKind.SECRET: SECRETS,
    OwnedKind.CONFIG_MAP: CONFIGMAPS,
    OwnedKind.HEADLESS_SERVICE: SERVICES,
    OwnedKind.CLIENT_SERVICE: SERVICES,
    OwnedKind.READ_SERVICE: SERVICES,
    OwnedKind.DISRUPTION_BUDGET: PODDISRUPTIONBUDGETS,
    OwnedKind.STATEFUL_SET: STATEFULSETS,
}
"""The type of each owned object."""

_OWNED_TYPES: Final = tuple(dict.fromkeys(OWNED.values()))


def _owned(verb: str) -> tuple[Right, ...]:
    return tuple(Right(verb, resource) for resource in _OWNED_TYPES)


REQUESTS: Final[Mapping[type[Request], tuple[Right, ...]]] = {
    GetCluster: (Right("get", VALKEYCLUSTERS),),
    PutRecord: (Right("update", VALKEYCLUSTERS, "status"),),
    PutSummary: (Right("update", VALKEYCLUSTERS, "status"),),
    ClearAnnotation: (Right("patch", VALKEYCLUSTERS),),
    SetAnnotation: (Right("patch", VALKEYCLUSTERS),),
    GetService: (Right("get", SERVICES),),
    PutService: (Right("update", SERVICES),),
    GetTemplate: (Right("get", STATEFULSETS),),
    PutTemplate: (Right("update", STATEFULSETS),),
    PatchPod: (Right("patch", PODS),),
    PatchPodStatus: (Right("patch", PODS, "status"),),
    GrowClaim: (Right("patch", PERSISTENTVOLUMECLAIMS),),
    GetOwned: _owned("get"),
    CreateOwned: _owned("create"),
    UpdateOwned: _owned("update"),
    Observe: (),
    Pause: (),
    Pods: (),
}
"""What each kind of request needs; one for any owned object needs a right for each of their types."""

CACHED: Final = (VALKEYCLUSTERS, PODS, PERSISTENTVOLUMECLAIMS, *_OWNED_TYPES)
"""What the informers follow."""

SHELL: Final[Mapping[str, tuple[Right, ...]]] = {
    "caches": tuple(Right(verb, resource) for resource in CACHED for verb in ("list", "watch")),
    # The Secret that spec.auth.existingSecret names is read by name, like the operator's own.
    "credentials": (Right("get", SECRETS),),
    "events": (Right("create", EVENTS), Right("patch", EVENTS)),
    # An owner reference with blockOwnerDeletion asks for this where the admission plugin
    # OwnerReferencesPermissionEnforcement runs (OpenShift's default).
    "owner references": (Right("update", VALKEYCLUSTERS, "finalizers"),),
}
"""What the shell asks by itself, beside the machines' requests."""

LEASE: Final = (Right("get", LEASES), Right("create", LEASES), Right("update", LEASES))
"""In the operator's own namespace only."""

_VERBS: Final = ("get", "list", "watch", "create", "update", "patch")


class Rule(NamedTuple):
    """One RBAC rule: these verbs on these resources of one group."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


def rights() -> tuple[Right, ...]:
    """Every right that is needed where ValkeyClusters are, each once."""
    wanted = (right for table in (REQUESTS, SHELL) for row in table.values() for right in row)
    return tuple(dict.fromkeys(wanted))


def rules(wanted: Iterable[Right]) -> tuple[Rule, ...]:
    """The fewest rules that grant exactly these rights: resources of one group with equal verbs share one.

    Args:
        wanted: Rights in any order.
    """
    verbs: dict[tuple[str, str], set[str]] = {}
    for right in wanted:
        verbs.setdefault((right.resource.group, right.path), set()).add(right.verb)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, path), held in verbs.items():
        together.setdefault((group, tuple(verb for verb in _VERBS if verb in held)), []).append(path)
    return tuple(Rule(group, tuple(paths), ordered) for (group, ordered), paths in together.items())
