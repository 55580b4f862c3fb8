"""The ValkeyCluster object: what the operator reads of its metadata, the spec and the status."""

from typing import Literal

from pydantic import ConfigDict, Field

from gungnir.api.model import ApiModel, FrozenMap
from gungnir.api.spec import ValkeyClusterSpec
from gungnir.api.status import ValkeyClusterStatus


class ObjectMeta(ApiModel):
    """The part of ``metadata`` that the operator reads; the rest is ignored."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(min_length=1)
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    """Opaque: compared for equality only."""
    labels: FrozenMap[str] = FrozenMap()
    annotations: FrozenMap[str] = FrozenMap()
    deletion_timestamp: str | None = None


class ValkeyCluster(ApiModel):
    """One primary and its replicas, as asked for (``spec``) and as recorded (``status``)."""

    model_config = ConfigDict(extra="ignore")

    api_version: Literal["valkey.verilean.io/v1"] = "valkey.verilean.io/v1"
    kind: Literal["ValkeyCluster"] = "ValkeyCluster"
    metadata: ObjectMeta
    spec: ValkeyClusterSpec = ValkeyClusterSpec()
    status: ValkeyClusterStatus = ValkeyClusterStatus()

    @property
    def name(self) -> str:
        """Name of the object."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """Namespace of the object."""
        return self.metadata.namespace

    @property
    def uid(self) -> str:
        """Uid of the object: a namesake that was created later has another one."""
        return self.metadata.uid

    @property
    def is_deleting(self) -> bool:
        """True once deletion was asked for."""
        return self.metadata.deletion_timestamp is not None
