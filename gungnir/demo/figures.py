"""The figures of a demo, in the shape in which ``--json`` writes them."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from gungnir.demo.check import Report


@dataclass(frozen=True)
class FaultFigures:
    """What one fault did to the clients.

    Attributes:
        name: ``sigkill-primary``, ``sigstop-primary``, ``empty-restart``, ``switchover``.
        write_gap_ms: Longest time without an acknowledged write, in milliseconds.
        acked: Acknowledged writes, from the fault until all pods were ready again.
        acked_wait1: Those of them that ``WAIT 1`` confirmed.
        lost: Acknowledged writes that were not there at the end.
        lost_wait1: Those of them that ``WAIT 1`` had confirmed.
        two_primaries_samples: Samples of ``ROLE`` in which two pods were primary at once.
    """

    name: str
    write_gap_ms: float
    acked: int
    acked_wait1: int
    lost: int
    lost_wait1: int
    two_primaries_samples: int

    @classmethod
    def of(cls, name: str, write_gap_ms: float, report: Report, two_primaries_samples: int) -> "FaultFigures":
        """The figures of a fault from the verdict on its writes."""
        return cls(
            name=name,
            write_gap_ms=round(write_gap_ms, 1),
            acked=len(report.acknowledged),
            acked_wait1=len(report.confirmed),
            lost=len(report.lost),
            lost_wait1=len(report.lost_confirmed),
            two_primaries_samples=two_primaries_samples,
        )


@dataclass(frozen=True)
class OperatorFigures:
    """What the operator needs.

    Attributes:
        start_to_leader_ms: From the start of the process until it leads with its caches filled.
        rss_mb: Resident memory in MB with one cluster.
        idle_cpu_percent: Of one core, while nothing happens.
    """

    start_to_leader_ms: float
    rss_mb: float
    idle_cpu_percent: float


@dataclass(frozen=True)
class Figures:
    """All figures of one demo. ``ok``: every promise held."""

    apply_to_ready_ms: float
    operator: OperatorFigures
    faults: tuple[FaultFigures, ...]
    ok: bool

    def to_json(self) -> str:
        """One JSON object, indented, with the keys named as the attributes."""
        content: dict[str, Any] = asdict(self)
        return json.dumps(content, indent=2) + "\n"
