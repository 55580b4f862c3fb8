"""The verdict on one run's history: every write is in one of the sets that suites like Jepsen's report.

Rules:
- ``lost``, ``unexpected``, ``recovered`` and the others that compare writes with the final reads are those of
  ``gungnir.demo.check``.
- ``stale``: a read that was begun after the write's acknowledgement did not find it, and it was there at the end. A
  write that such a read missed and that is not there at the end is lost.
- Writes that somebody deleted on purpose (FLUSHALL by a user) are not judged: those that were begun before the moment
  from which on it is asked what is there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.faults.clients import Read
from gungnir.demo.check import Report, check
from gungnir.demo.ledger import Ledger, Write


@dataclass(frozen=True)
class Verdict:
    """What became of the writes of a run.

    Attributes:
        report: The sets that need no reads in between.
        stale: Acknowledged writes that are there, and that a later read had missed.
        lost_window_ms: From the fault to the acknowledgement of the last plain write that was lost, in milliseconds; 0
            if none was acknowledged after the fault and lost.
        lost_before_ms: From the acknowledgement of the first write that was lost to the fault, in milliseconds; 0 if
            none was acknowledged before the fault and lost.
    """

    report: Report
    stale: frozenset[str]
    lost_window_ms: float
    lost_before_ms: float

    @property
    def lost_plain(self) -> frozenset[str]:
        """Lost writes that ``WAIT`` had not confirmed."""
        return self.report.lost - self.report.lost_confirmed

    def counts(self) -> dict[str, int]:
        """The size of each set, as the results keep them."""
        report = self.report
        return {
            "acknowledged": len(report.acknowledged),
            "confirmed": len(report.confirmed),
            "present": len(report.present),
            "lost": len(report.lost),
            "lost_confirmed": len(report.lost_confirmed),
            "stale": len(self.stale),
            "refused": len(report.refused),
            "unknown": len(report.unknown),
            "recovered": len(report.recovered),
            "unexpected": len(report.unexpected),
        }


def judge(
    ledger: Ledger, reads: Iterable[Read], final_reads: Mapping[str, str], *, fault_ns: int, since_ns: int = 0
) -> Verdict:
    """Compare a run's writes with what was read.

    Args:
        ledger: Of the run.
        reads: Answered reads while it ran.
        final_reads: All keys of the ledger's prefix with their values, read from the primary after all had healed.
        fault_ns: When the fault began, by ``time.monotonic_ns``.
        since_ns: Only writes that were begun then or later are judged.
    """
    writes = {write.key: write for write in ledger.writes if write.invoked_ns >= since_ns}
    report = check(writes.values(), final_reads, complete=since_ns == 0)
    missed = {read.key for read in reads if not read.found and _acknowledged_before(writes.get(read.key), read)}
    plain_ns = [writes[key].answered_ns or 0 for key in report.lost - report.lost_confirmed]
    lost_ns = [writes[key].answered_ns or 0 for key in report.lost]
    return Verdict(
        report=report,
        stale=frozenset(missed & report.present),
        lost_window_ms=max([0.0, *((moment_ns - fault_ns) / 1e6 for moment_ns in plain_ns)]),
        lost_before_ms=max([0.0, *((fault_ns - moment_ns) / 1e6 for moment_ns in lost_ns)]),
    )


def _acknowledged_before(write: Write | None, read: Read) -> bool:
    return write is not None and write.answered_ns is not None and write.answered_ns < read.invoked_ns
