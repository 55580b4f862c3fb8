"""What a user asks for: ``.spec`` of a ValkeyCluster, with its defaults. Cross-field rules are in ``rules.py``."""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from gungnir.api.model import ApiModel, FrozenMap
from gungnir.api.pod_options import Affinity, LabelText, LocalObject, Resources, SpreadConstraint, Toleration
from gungnir.api.quantity import Quantity

DEFAULT_IMAGE: Final = "valkey/valkey:8.1.8"
"""Pinned to a patch release, so that two pods of one cluster never run different builds by accident."""

MAX_CONFIG_ENTRIES: Final = 64
_INT32: Final[dict[str, Any]] = {"format": "int32"}
_PORT_MIN: Final = 1024
"""Pods run without root and without NET_BIND_SERVICE; below this a bind may be refused, depending on the node."""

ConfigValue = Annotated[str, Field(max_length=1024)]
AnnotationText = Annotated[str, Field(max_length=4096)]


class DurabilityMode(StrEnum):
    """What the primary does while too few replicas are attached."""

    REQUIRED = "required"
    """It refuses writes (``min-replicas-to-write``)."""
    ASYNC = "async"
    """It accepts them; they are lost if it dies before a replica has them."""


class Persistence(ApiModel):
    """Where the data is kept. Fixed once the cluster exists, except that size may grow and retain may change."""

    enabled: bool = True
    """True: one volume per pod. False: data lives with the pod, and an emptied pod is refilled from the primary."""
    size: Quantity = "1Gi"
    """Size of each volume; may grow, never shrink. A larger size is asked for on every volume while the pods run, which
    needs a StorageClass with allowVolumeExpansion."""
    storage_class_name: str | None = Field(default=None, max_length=253)
    """StorageClass of the volumes; absent means the default class, an empty text means none."""
    access_modes: tuple[Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"], ...] = Field(
        default=("ReadWriteOnce",), min_length=1, max_length=3, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Access modes of the volumes. Every volume is used by one pod, so ReadWriteOncePod is the strictest that works."""
    retain: bool = True
    """True: volumes stay when the cluster is deleted. False: Kubernetes deletes them then. The volumes of pods that a
    scale-down took away stay in any case, since one of them may hold the newest data."""


class Auth(ApiModel):
    """Password of the ``default`` user, which clients use."""

    enabled: bool = True
    """False lets any client that reaches the port read and write. The operator's own users stay protected."""
    existing_secret: str | None = Field(default=None, min_length=1, max_length=253)
    """Secret in the same namespace whose key ``password`` holds the password. Absent: the operator generates one."""


class Durability(ApiModel):
    """What an acknowledged write survives."""

    mode: DurabilityMode = DurabilityMode.REQUIRED
    """required: the primary takes no writes while fewer than replicasToAck replicas are attached; async: it does."""
    replicas_to_ack: int | None = Field(default=None, ge=0, le=8, json_schema_extra=_INT32)
    """The w of ``WAIT w``: a failover never loses a write that so many replicas acknowledged, and therefore waits until
    enough replicas are heard. Absent means 1, or 0 with a single pod."""


class Sentinel(ApiModel):
    """How the operator watches the pods. Times are in milliseconds."""

    ping_interval_ms: int = Field(default=1000, ge=100, le=60_000, json_schema_extra=_INT32)
    """Milliseconds between two PINGs of one pod."""
    down_after_ms: int = Field(default=5000, ge=200, le=600_000, json_schema_extra=_INT32)
    """Milliseconds of silence after which a pod counts as down. A refused connection counts at once."""
    failover_timeout_ms: int = Field(default=60_000, ge=1000, le=3_600_000, json_schema_extra=_INT32)
    """Milliseconds after which nobody is waited for any more: a step of a failover is given up and tried anew, and a
    replica that has been away for so long is no longer counted on, if enough others are in sync."""


class ValkeyClusterSpec(ApiModel):
    """The wanted state of one primary and its replicas."""

    replicas: int = Field(default=3, ge=1, le=9, json_schema_extra=_INT32)
    """Pods in all: one primary, the others replicas. Three survive the loss of one without refusing writes."""
    image: str = Field(default=DEFAULT_IMAGE, min_length=1, max_length=512, pattern=r"^[^\s]+$")
    """Image with valkey-server, version 7.2 or later."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When the image is pulled."""
    image_pull_secrets: tuple[LocalObject, ...] = Field(
        default=(),
        max_length=16,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    """Secrets for pulling the image."""
    port: int = Field(default=6379, ge=_PORT_MIN, le=65_535, json_schema_extra=_INT32)
    """Port of every pod and of the Services. Fixed once the cluster exists."""
    resources: Resources = Resources()
    """CPU and memory of each valkey container."""
    persistence: Persistence = Persistence()
    """Where the data is kept."""
    config: FrozenMap[ConfigValue] = Field(default=FrozenMap(), max_length=MAX_CONFIG_ENTRIES)
    """Lines of valkey.conf: directive to arguments, such as ``maxmemory-policy: allkeys-lru``. Directives on which the
    operator's safety rests are refused."""
    auth: Auth = Auth()
    """Password of the default user."""
    durability: Durability = Durability()
    """What an acknowledged write survives."""
    sentinel: Sentinel = Sentinel()
    """How the operator watches the pods."""
    labels: FrozenMap[LabelText] = Field(default=FrozenMap(), max_length=32)
    """Labels added to the pods."""
    annotations: FrozenMap[AnnotationText] = Field(default=FrozenMap(), max_length=32)
    """Annotations added to the pods."""
    node_selector: FrozenMap[LabelText] = Field(default=FrozenMap(), max_length=32)
    """Labels that a node must have to run a pod."""
    tolerations: tuple[Toleration, ...] = Field(
        default=(), max_length=32, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Taints that the pods tolerate."""
    affinity: Affinity | None = None
    """Where the pods may and should run. Absent: pods of one cluster prefer different nodes."""
    topology_spread_constraints: tuple[SpreadConstraint, ...] = Field(
        default=(),
        max_length=8,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["topologyKey", "whenUnsatisfiable"],
        },
    )
    """How evenly the pods are spread, for example over zones."""
    priority_class_name: str | None = Field(default=None, min_length=1, max_length=253)
    """PriorityClass of the pods."""
    paused: bool = False
    """True: the operator observes and reports, and changes nothing: no failover either."""

    @property
    def replicas_to_ack(self) -> int:
        """The effective w of ``WAIT w``, in replicas: what was asked for, else 1, else 0 where there is no replica."""
        asked = self.durability.replicas_to_ack
        return min(1, self.replicas - 1) if asked is None else asked

    @property
    def min_replicas_to_write(self) -> int:
        """Attached replicas without which a settled primary refuses writes (Valkey's ``min-replicas-to-write``)."""
        return self.replicas_to_ack if self.durability.mode == DurabilityMode.REQUIRED else 0
