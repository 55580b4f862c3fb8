"""``python -m spec.mutants.sweep MODULE``: drop each guard of a module by itself; ``pytest spec`` must turn red.

Each wrong version is judged by the quick models as ``pytest spec`` judges them, until one fails and tells a story: by
what the machines do alone first, then by the smallest. What none of them finds is either declared in ``needless.py``
with the reason, or fails the sweep.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from spec.mutants.child import Outcome
from spec.mutants.guards import Guard, guards, line_of
from spec.mutants.needless import NEEDLESS
from spec.mutants.runner import ROOT, ordered
from spec.pins import pinned

LINES: Final = 60
"""A story longer than this is not read."""
_TIMEOUT_S: Final = 3600.0
_ALL: Final = 10**9
_SMALL: Final = 40_000
"""Models of at most so many states are asked about guards that are declared needless: none of them may find one."""
_WORLDS: Final = {
    "gungnir.machines.lease": ("alone", "lease"),
    "gungnir.machines.reconcile": ("alone", "reconcile"),
}
_PODS: Final = ("alone", "switchover", "scale-down", "failover", "release", "shrink")
"""The worlds that take steps of a module; those of all others."""


class Found(NamedTuple):
    """What became of a module without one guard. ``good``: red with a story on a screen, or declared."""

    guard: Guard
    good: bool
    text: str
    outcome: Outcome


def models(module: str, most: int = _ALL) -> list[str]:
    """Return the quick models in which a module takes part, of at most so many states.

    First what the machines do alone, which finds most within seconds, then the smallest.
    """
    worlds = _WORLDS.get(module, _PODS)
    sizes = {name: states for name, (states, _) in pinned().items() if name.split(":")[0] in worlds and states <= most}
    return sorted(sizes, key=lambda name: (not name.startswith("alone"), sizes[name]))


def judged(guard: Guard, most: int = _ALL) -> Found:
    """Run the models on the module without this guard; ``most`` as in ``models``."""
    declared = NEEDLESS.get(guard.module, {}).get(guard.name, "")
    names = models(guard.module, min(_SMALL, most) if declared else most)
    outcome = ordered({"edits": [guard.edit()], "models": names}, _TIMEOUT_S)
    if outcome.undecided:
        return Found(guard, False, outcome.undecided, outcome)
    if declared:
        found = "".join(outcome.verdicts)
        return Found(guard, not found, f"declared needless, and found: {found}" if found else declared, outcome)
    if not outcome.verdicts:
        return Found(guard, False, "nothing is found: pytest spec stays green", outcome)
    good = 0 < outcome.steps <= LINES
    return Found(guard, good, f"{outcome.verdicts[0]} ({outcome.steps or 'no'} lines of a story)", outcome)


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep the modules; return 1 if a guard is not missed, 2 if there is nothing to drop."""
    parser = argparse.ArgumentParser(prog="python -m spec.mutants.sweep", description=__doc__)
    parser.add_argument("modules", nargs="+", metavar="MODULE", help="such as gungnir.machines.failover")
    parser.add_argument("--only", default="", metavar="TEXT", help="guards whose name contains this")
    parser.add_argument("--states", type=int, default=_ALL, metavar="N", help="only models of at most so many states")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at a time (default 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to this file too")
    options = parser.parse_args(arguments)
    wanted = [guard for module in options.modules for guard in guards(module) if options.only in guard.name]
    if not wanted:
        sys.stderr.write(f"no guard of {', '.join(options.modules)} has {options.only!r} in its name\n")
        return 2
    reports = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for number, found in enumerate(pool.map(partial(judged, most=options.states), wanted), 1):
            reports.append(found)
            word = "ok" if found.good else "NOT MISSED"
            at = line_of(found.guard, ROOT)
            sys.stdout.write(f"[{number:3}/{len(wanted)}] {word:10} {at} {found.guard.name}: {found.text}\n")
            sys.stdout.flush()
    if options.json is not None:
        rows = [{"guard": f.guard.name, "good": f.good, "text": f.text, **f.outcome._asdict()} for f in reports]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    bad = [found for found in reports if not found.good]
    needless = sum(1 for f in reports if f.good and not f.outcome.verdicts)
    missed = len(reports) - needless - len(bad)
    sys.stdout.write(f"guards: {missed} missed, {needless} needless, {len(bad)} not missed\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
