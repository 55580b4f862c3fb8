"""Other operators under the same faults, as they were measured on 2026-11-22: facts of other runs on another machine.

Kubernetes 1.36.3 on three nodes in network namespaces, two cores that others used as well, Valkey 8.0.1, three pods;
the same load and the same samples. One to four runs each.
"""

from dataclasses import dataclass
from typing import Final

ABOUT: Final = (
    "wellcake 0.8.0 (4bd7279)",
    "KeiaiLab 1.5.1 (61c86bd, `features.autoscaling.enabled=true`)",
    "guided-traffic 1.0.1 (57eccf2, Sentinel)",
)


@dataclass(frozen=True)
class Rival:
    """One row: an operator and a fault.

    Attributes:
        name: The operator.
        fault: Name of the case here.
        position: Which pod was hit, or what else was particular.
        n: Runs.
        p50_s: Median of the outages in seconds.
        max_s: The longest one.
        lost: Acknowledged writes without a confirmation that were lost, by run.
        confirmed: Confirmed writes that were lost, by run.
        doubles: Samples, 50 ms apart, with two masters, by run or in sum.
        with_replicas: Those of them in which both listed a replica.
    """

    name: str
    fault: str
    position: str
    n: int
    p50_s: float
    max_s: float
    lost: str = "0"
    confirmed: str = "0"
    doubles: str = "0"
    with_replicas: str = "0"


_W: Final = "wellcake"
_K: Final = "KeiaiLab"
_G: Final = "guided-traffic"

RIVALS: Final = (
    Rival(_W, "kill", "pod 0, fresh", 4, 2.0, 2.4),
    Rival(_W, "kill", "pod 1", 4, 22.0, 23.3),
    Rival(_W, "kill", "pod 0, was a replica", 1, 17.3, 17.3, "510 (all)", "124 (all)"),
    Rival(_K, "kill", "RDB on a volume", 2, 4.1, 7.4, "494 497 (all)", "121 124 (all)"),
    Rival(_K, "kill-empty", "", 3, 0.7, 8.0, "544 497 519 (all)", "135 120 128 (all)"),
    Rival(_G, "kill-empty", "restarted in 1.3 s", 1, 1.3, 1.3, "399 (all)", "97 (all)"),
    Rival(_G, "kill-empty", "restarted after 10 s", 1, 26.9, 26.9, doubles="24"),
    Rival(_W, "delete", "pod 0, fresh", 2, 8.4, 10.3),
    Rival(_W, "delete", "pod 1", 2, 26.9, 27.1),
    Rival(_W, "delete", "pod 0, was a replica", 2, 10.4, 10.4, "560 553 (all)", "138 136 (all)"),
    Rival(_K, "delete", "no persistence", 3, 9.8, 10.6, "467 520 548 (all)", "116 128 136 (all)"),
    Rival(_K, "delete", "RDB on a volume", 2, 10.5, 10.7),
    Rival(_G, "delete", "no persistence", 1, 7.6, 7.6),
    Rival(_W, "force", "pod 0, fresh", 1, 6.5, 6.5),
    Rival(_W, "force", "pod 1", 1, 24.5, 24.5),
    Rival(_W, "force", "pod 0, was a replica", 1, 10.5, 10.5, "525 (all)", "128 (all)"),
    Rival(_K, "force", "no persistence", 2, 9.6, 11.1, "304 544 (all)", "72 136 (all)"),
    Rival(_W, "freeze", "", 3, 45.6, 46.5, doubles="0 67 31"),
    Rival(_K, "freeze", "never failed over", 2, 60.2, 60.3),
    Rival(_G, "freeze", "", 1, 7.7, 7.7, doubles="194"),
    Rival(_W, "cut", "", 2, 46.4, 46.4, doubles="1060 1095", with_replicas="302 287"),
    Rival(_W, "cut", "client on the cut node", 2, 0.0, 0.0, "2717 2810"),
    Rival(_K, "cut", "", 2, 82.1, 84.6, doubles="342 745"),
    Rival(_K, "cut", "client on the cut node", 2, 0.0, 0.0, "2712 3235"),
    Rival(_W, "twice", "first", 2, 1.5, 2.3),
    Rival(_W, "twice", "second", 2, 22.9, 22.9),
    Rival(_W, "away", "", 1, 1.3, 1.3, "1570 (all)", "388 (all)"),
)

COSTS: Final = (
    ("writes in 180 s", "101", "164"),
    ("of which not of the lease", "12", "75"),
    ("processor, %", "0.3", "0.4"),
    ("memory, MB", "58", "71"),
    ("request to ready, s", "11.5", "8.7, without a primary"),
)
"""What, of wellcake, of KeiaiLab."""
