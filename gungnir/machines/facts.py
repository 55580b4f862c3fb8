"""What a machine must know of a cluster's spec: the few numbers that decide, as one small immutable value."""

from typing import NamedTuple


class Facts(NamedTuple):
    """The spec, reduced to what decisions use.

    ``acks`` is how many replicas hold a write before it counts as durable (w); 0 means asynchronous replication, or one
    pod. ``size`` is the number of pods in all (N); ``asked`` is how many the spec asks for, fewer while some of those
    that are to go cannot be spared yet (0: as many as ``size``). ``volume_bytes`` is how large each pod's volume is to
    be; 0 means that there are none. Times in milliseconds. ``release_after_ms`` is how long a replica may be away
    before the others go on without counting on its return.
    """

    name: str
    uid: str
    size: int
    acks: int
    persistent: bool
    down_after_ms: int = 5000
    catch_up_ms: int = 1000
    refusals_for_death: int = 3
    paused: bool = False
    volume_bytes: int = 0
    release_after_ms: int = 60_000
    asked: int = 0

    @property
    def pod_names(self) -> tuple[str, ...]:
        """Names of the pods that the StatefulSet runs at this size."""
        return self.names_of(self.size)

    @property
    def staying(self) -> tuple[str, ...]:
        """Names of the pods that the spec asks for."""
        return self.names_of(self.asked or self.size)

    def names_of(self, size: int) -> tuple[str, ...]:
        """Return the names of the pods of a StatefulSet of this size."""
        return tuple(f"{self.name}-{ordinal}" for ordinal in range(size))
