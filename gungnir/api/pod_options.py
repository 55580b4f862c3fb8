"""The parts of a pod that a user may set as they stand in Kubernetes: scheduling, resources, pull secrets.

Types whose fields are few are spelled out, so that a typing error is found; affinity terms are passed through.
Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from gungnir.api.model import ApiModel, FrozenMap
from gungnir.api.quantity import Quantity

JsonObject = Annotated[FrozenMap[Any], WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True})]
"""A Kubernetes object that is handed on as it is; the API server checks it when the pod is created."""

LabelText = Annotated[str, Field(max_length=63)]
KeyText = Annotated[str, Field(max_length=316)]
"""A label or annotation key: a DNS prefix of up to 253 characters, a slash and a name of up to 63."""


class LocalObject(ApiModel):
    """A reference to an object in the cluster's own namespace."""

    name: str = Field(min_length=1, max_length=253)
    """Name of the object."""


class Resources(ApiModel):
    """CPU and memory of the valkey container."""

    requests: FrozenMap[Quantity] = Field(default=FrozenMap(), max_length=16)
    """What the scheduler sets aside, by resource name: cpu, memory, ..."""
    limits: FrozenMap[Quantity] = Field(default=FrozenMap(), max_length=16)
    """What the container may use at most. Leave room above maxmemory: a full sync and AOF rewrite need memory too."""


class Toleration(ApiModel):
    """A taint that the pods tolerate."""

    key: KeyText | None = None
    """Taint key; absent (with operator Exists) tolerates every taint."""
    operator: Literal["Exists", "Equal"] | None = None
    """How key and value are compared. Equal if absent."""
    value: LabelText | None = None
    """Taint value for operator Equal."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Taint effect; absent tolerates all effects."""
    toleration_seconds: int | None = Field(default=None, json_schema_extra={"format": "int64"})
    """Seconds for which a NoExecute taint is tolerated; absent means for ever."""


class LabelRequirement(ApiModel):
    """One condition on labels."""

    key: KeyText
    """Label key."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label relates to the values."""
    values: tuple[LabelText, ...] | None = Field(default=None, max_length=64)
    """Values for In and NotIn."""


class LabelSelector(ApiModel):
    """Which objects are meant, by their labels."""

    match_labels: FrozenMap[LabelText] | None = Field(default=None, max_length=64)
    """Labels that must all be there."""
    match_expressions: tuple[LabelRequirement, ...] | None = Field(default=None, max_length=64)
    """Conditions that must all hold."""


class SpreadConstraint(ApiModel):
    """How evenly the pods are spread over a topology, such as zones."""

    max_skew: int = Field(ge=1, le=100, json_schema_extra={"format": "int32"})
    """Largest difference in the number of pods between two domains."""
    topology_key: KeyText = Field(min_length=1)
    """Node label whose values are the domains, such as topology.kubernetes.io/zone."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    """What happens to a pod that cannot be placed evenly."""
    label_selector: LabelSelector | None = None
    """Pods that are counted; absent means the pods of this cluster."""
    match_label_keys: tuple[KeyText, ...] | None = Field(default=None, max_length=16)
    """Pod labels whose values are added to the selector."""
    min_domains: int | None = Field(default=None, ge=1, le=1000, json_schema_extra={"format": "int32"})
    """Fewest domains that must be eligible; only with DoNotSchedule."""
    node_affinity_policy: Literal["Honor", "Ignore"] | None = None
    """Whether nodes that the node affinity excludes are counted."""
    node_taints_policy: Literal["Honor", "Ignore"] | None = None
    """Whether nodes with taints that the pods do not tolerate are counted."""


class Affinity(ApiModel):
    """Where the pods may and should run, relative to nodes and to other pods."""

    node_affinity: JsonObject | None = None
    """Kubernetes NodeAffinity."""
    pod_affinity: JsonObject | None = None
    """Kubernetes PodAffinity."""
    pod_anti_affinity: JsonObject | None = None
    """Kubernetes PodAntiAffinity. Absent: pods of one cluster prefer different nodes."""
