"""What a contestant that keeps the operator's promises does not do: the sentences of README.md, as checks of a run."""

from collections.abc import Sequence
from typing import Final

from bench.faults.nemeses import window_ms
from bench.faults.nemeses.base import Expect, Nemesis
from bench.faults.results import Run

UNWRITTEN_MS: Final = 2000
"""How long before the end of every process a write may have been acknowledged that is on no disk: with ``appendfsync
everysec`` Valkey puts off writing its append-only file for up to 2 s while an fsync is under way."""
_CLOCK_MS: Final = 100
"""The fault's own moment is known no better than this: cuts are made one after another."""


def anomalies(run: Run, nemesis: Nemesis, doubles: Sequence[str] = ()) -> list[str]:
    """Return every promise that the run broke, in words.

    Args:
        run: Measured.
        nemesis: What was done.
        doubles: Samples with two primaries, in words.
    """
    counts, found = run.counts, []
    if nemesis.all_copies:
        if counts["lost"] and run.lost_before_ms > UNWRITTEN_MS:
            found.append(f"a write was lost that was acknowledged {run.lost_before_ms:.0f} ms before the fault")
    elif counts["lost_confirmed"]:
        found.append(f"{counts['lost_confirmed']} writes that WAIT 1 had confirmed are lost")
    if counts["unexpected"]:
        found.append(f"{counts['unexpected']} keys are there that must not be")
    if run.two_with_replicas:
        found.append(f"two primaries with replicas in {run.two_with_replicas} samples: {'; '.join(doubles[:2])}")
    if nemesis.expect is Expect.STAY and run.failed_over:
        found.append("it failed over though it must not")
    if nemesis.expect is Expect.FAIL_OVER and not run.failed_over:
        found.append("it did not fail over")
    if run.lost_window_ms > window_ms(nemesis, run.choices) + _CLOCK_MS:
        found.append(f"a write was lost that was acknowledged {run.lost_window_ms:.0f} ms after the fault")
    if nemesis.lossless and counts["lost"]:
        found.append(f"{counts['lost']} acknowledged writes are lost in a planned change")
    return found
