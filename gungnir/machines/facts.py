"""What a machine must know of a cluster's spec: the few numbers that decide, as one small immutable value."""

from typing import NamedTuple


class Facts(NamedTuple):
    """The spec, reduced to what decisions use.

    ``acks`` is how many replicas hold a write before it counts as durable (w); 0 means asynchronous replication, or one
    pod. ``size`` is the number of pods in all (N). ``volume_bytes`` is how large each pod's volume is to be; 0 means
    that there are none. Times in milliseconds. ``release_after_ms`` is how long a replica may be away before the others
    go on without counting on its return.
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

    @property
    def pod_names(self) -> tuple[str, ...]:
        """Names of the pods that the StatefulSet runs at this size."""
        return tuple(f"{self.name}-{ordinal}" for ordinal in range(self.size))
