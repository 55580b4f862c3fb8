"""What a local cluster can be told about its node."""

from dataclasses import dataclass
from typing import Final

DEFAULT_API_PORT: Final = 8001
DEFAULT_RESTART_DELAY_MS: Final = 500
DEFAULT_RESTART_DELAY_CAP_MS: Final = 10_000
DEFAULT_PROBE_PERIOD_CAP_MS: Final = 1000


@dataclass
class NodeSettings:
    """How the node behaves; may be changed while it runs.

    Attributes:
        restart_delay_ms: Wait before a container's first restart; doubles with each further one. 0: at once.
        restart_delay_cap_ms: Upper bound of that wait (a kubelet's is 300,000).
        probe_period_cap_ms: Upper bound of the probes' periods, so that a person sees changes soon.
        silent_after_delete: The address of a deleted pod swallows what is sent to it, as with many network plugins,
            instead of refusing it.
    """

    restart_delay_ms: int = DEFAULT_RESTART_DELAY_MS
    restart_delay_cap_ms: int = DEFAULT_RESTART_DELAY_CAP_MS
    probe_period_cap_ms: int = DEFAULT_PROBE_PERIOD_CAP_MS
    silent_after_delete: bool = False
