"""Run mutants and pairs, each in processes of their own, and judge them by their verdicts."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from spec.mutants import Edit, Killer, Mutant, Pair
from spec.mutants.child import Outcome

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 600.0
"""A run takes seconds; one that does not end in this time has shown nothing."""


class End(StrEnum):
    """How a mutant, a pair or a killer on the unchanged source ended."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    EQUIVALENT = "equivalent"
    NOT_EQUIVALENT = "NOT EQUIVALENT"
    """It was declared equivalent, and a killer tells it from the code."""
    NEEDED = "needed"
    """The wrong version passes in the weaker environment."""
    DEAD = "DEAD"
    """The wrong version is found in the weaker environment too, so the pair shows nothing."""
    CLEAN = "clean"
    UNCLEAN = "UNCLEAN"


GOOD = frozenset({End.KILLED, End.EQUIVALENT, End.NEEDED, End.CLEAN})


class Report(NamedTuple):
    """What became of one mutant, pair or killer. ``text`` is what was found, or why it shows nothing."""

    name: str
    killer: str
    end: End
    verdicts: tuple[str, ...]
    text: str
    seconds: float
    story: str = ""

    def line(self) -> str:
        """Return the report in one line."""
        return f"{self.end:10} {self.name} [{self.killer}] {self.text} ({self.seconds:.1f} s)"


Shown = Callable[[Report], None]


def run(edits: Sequence[Edit], killer: Killer) -> Outcome:
    """Run one killer on the source with these edits, in a process of its own."""
    return ordered({"edits": edits, "model": killer.model, "tests": killer.tests}, TIMEOUT_S)


def ordered(order: Mapping[str, object], timeout_s: float) -> Outcome:
    """Give an order to a process of its own (``spec.mutants.child``), and return what it found."""
    command = [sys.executable, "-m", "spec.mutants.child"]
    text = json.dumps(order)
    try:
        done = subprocess.run(  # noqa: S603 - our own module, by the running interpreter
            command, input=text, capture_output=True, text=True, cwd=ROOT, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(undecided=f"did not end within {timeout_s:.0f} s", seconds=timeout_s)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return Outcome(undecided=f"ended with {done.returncode}: {' '.join(done.stderr.split())[-300:]}")
    verdicts, *rest = json.loads(lines[-1])
    return Outcome(tuple(verdicts), *rest)


def baseline(killer: Killer) -> Report:
    """Run a killer on the unchanged source: a killer that finds anything there finds mutants for no reason."""
    outcome = run((), killer)
    clean = not outcome.verdicts and not outcome.undecided
    text = outcome.undecided or "; ".join(outcome.verdicts)
    end = End.CLEAN if clean else End.UNCLEAN
    return Report("unchanged source", killer.name, end, outcome.verdicts, text, outcome.seconds, outcome.story)


def judged(mutant: Mutant) -> Report:
    """Run a mutant against its killer."""
    outcome = run(mutant.edits, mutant.killer)
    found = _found(mutant.killer, outcome)
    if mutant.equivalent:
        end = End.NOT_EQUIVALENT if found else End.EQUIVALENT
        text = "; ".join(found) or mutant.equivalent
    else:
        end = End.KILLED if found else End.SURVIVED
        text = outcome.undecided or "; ".join(found or outcome.verdicts) or "nothing was found"
    return Report(mutant.name, mutant.killer.name, end, found, text, outcome.seconds, outcome.story)


def _found(killer: Killer, outcome: Outcome) -> tuple[str, ...]:
    """Return the verdicts that count. That a wrong version breaks the world itself counts only where it is expected."""
    return tuple(v for v in outcome.verdicts if v in killer.by or not v.startswith("raised"))


def weighed(pair: Pair, variant: Mutant) -> Report:
    """Run a wrong version in the environment as it is, then in the weaker one: it must be found, and then pass."""
    killer = Killer(model=pair.model)
    as_it_is = run(variant.edits, killer)
    found = _broken(as_it_is)
    seconds = as_it_is.seconds
    name = f"{pair.model} / {variant.name}"
    if not found:
        text = as_it_is.undecided or "the wrong version passes in the environment as it is"
        return Report(pair.name, name, End.DEAD, found, text, seconds)
    weaker = run((*variant.edits, *pair.edits), killer)
    seconds += weaker.seconds
    left = _broken(weaker)
    if left or weaker.undecided:
        text = weaker.undecided or f"found without it too: {'; '.join(left)}"
        return Report(pair.name, name, End.DEAD, left, text, seconds, weaker.story)
    return Report(pair.name, name, End.NEEDED, found, f"{'; '.join(found)} is found only with it", seconds)


def _broken(outcome: Outcome) -> tuple[str, ...]:
    """Return the predicates that failed. A weaker environment shows less, so what is never seen does not count."""
    return tuple(verdict for verdict in outcome.verdicts if not verdict.startswith("never"))


def killers_of(mutants: Iterable[Mutant], pairs: Iterable[Pair] = ()) -> tuple[Killer, ...]:
    """Return each model and test file that is used, once."""
    used = [Killer(mutant.killer.model, mutant.killer.tests) for mutant in mutants]
    used += [Killer(model=pair.model) for pair in pairs]
    return tuple(dict.fromkeys(used))


def run_all(
    mutants: Sequence[Mutant],
    pairs: Sequence[tuple[Pair, Mutant]],
    jobs: int,
    shown: Shown = lambda _report: None,
) -> tuple[Report, ...]:
    """Check the baseline of every killer, then run all mutants and pairs, ``jobs`` at a time.

    If a baseline is not clean, nothing else is run: no verdict of that killer would mean anything.
    """
    reports: list[Report] = []

    def note(found: Iterable[Report]) -> None:
        for report in found:
            reports.append(report)
            shown(report)

    with ThreadPoolExecutor(jobs) as pool:
        note(pool.map(baseline, killers_of(mutants, [pair for pair, _ in pairs])))
        if all(report.end in GOOD for report in reports):
            note(pool.map(judged, mutants))
            note(pool.map(lambda both: weighed(*both), pairs))
    return tuple(reports)
