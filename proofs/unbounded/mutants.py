"""``python -m proofs.unbounded.mutants``: for each proof a version of the code with which its formula differs."""

import sys
from typing import Final

from spec.mutants import Killer, Mutant, Of
from spec.mutants.runner import GOOD, Report, run_all

_SELECTION: Final = Of("gungnir.machines.selection")
_EPOCHS: Final = Of("gungnir.machines.epochs")
_LEASE: Final = Of("gungnir.machines.lease")


def _proof(name: str) -> Killer:
    return Killer(tests=f"proofs/test_unbounded.py::test_a_claim_without_bound_is_proved[{name}]")


MUTANTS: Final[tuple[Mutant, ...]] = (
    _SELECTION("order", "the lower priority wins a tie", "-vote.priority,", "vote.priority,", _proof("order")),
    _SELECTION(
        "fold", "who is better is kept", "better(vote, winner, target", "better(winner, vote, target", _proof("fold")
    ),
    _SELECTION(
        "data",
        "history comes before offset",
        "        vote.history,\n        vote.offset,\n        vote.pod ==",
        "        vote.offset,\n        vote.history,\n        vote.pod ==",
        _proof("data"),
    ),
    _SELECTION(
        "quorum",
        "enough vote to meet every holder",
        "blanks - electorate.acks)",
        "blanks - electorate.acks - 1)",
        _proof("quorum"),
    ),
    _EPOCHS(
        "epochs",
        "a claim is of the next epoch",
        "epoch=record.epoch + 1",
        "epoch=max(record.epoch, 1) + 1",
        _proof("epochs"),
    ),
    _LEASE(
        "lease", "a Lease is left its whole duration", "unchanged_ms > reply", "unchanged_ms >= reply", _proof("lease")
    ),
)
"""By the names of the proofs."""


def main() -> int:
    """Run them all; 1 if one is not found."""

    def shown(report: Report) -> None:
        sys.stdout.write(report.line() + "\n")
        sys.stdout.flush()

    reports = run_all(MUTANTS, (), 2, shown)
    bad = [report for report in reports if report.end not in GOOD]
    sys.stdout.write(f"proofs that can fail: {len(MUTANTS) - len(bad)} shown, {len(bad)} not\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
