"""``python -m spec.mutants``: run the mutants, print what became of each, and fail if one survives."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from spec.mutants.catalogue import MUTANTS, PAIRS, variant_of
from spec.mutants.runner import GOOD, End, Report, killers_of, run_all
from spec.mutants.table import table


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m spec.mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="those whose name contains this")
    parser.add_argument("--quick", action="store_true", help="the smoke subset, without pairs")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at a time (default 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all reports to this file too")
    parser.add_argument("--story", action="store_true", help="print how each mutant was found, step by step")
    parser.add_argument(
        "--table", action="store_true", help="print the section of docs/verification.md, and run nothing"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; return 1 if anything survived, 2 if nothing has the name that was asked for."""
    options = _options(arguments)
    if options.table:
        sys.stdout.write(table())
        return 0

    def wanted(name: str) -> bool:
        return not options.only or any(part in name for part in options.only)

    mutants = [mutant for mutant in MUTANTS if wanted(mutant.name) and (mutant.quick or not options.quick)]
    pairs = [(pair, variant_of(pair)) for pair in PAIRS if wanted(pair.name) and not options.quick]
    if not mutants and not pairs:
        sys.stderr.write(f"no mutant has a name that contains {' or '.join(map(repr, options.only))}\n")
        return 2
    total = len(killers_of(mutants, [pair for pair, _ in pairs])) + len(mutants) + len(pairs)
    count = 0

    def shown(report: Report) -> None:
        nonlocal count
        count += 1
        sys.stdout.write(f"[{count:3}/{total}] {report.line()}\n{report.story if options.story else ''}")
        sys.stdout.flush()

    reports = run_all(mutants, pairs, options.jobs, shown)
    if options.json is not None:
        options.json.write_text(json.dumps([report._asdict() for report in reports], indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(summary(reports))
    return 0 if all(report.end in GOOD for report in reports) else 1


def summary(reports: Sequence[Report]) -> str:
    """Return what did not end well, and the counts in the last line."""
    bad = [report for report in reports if report.end not in GOOD]
    lines = ["", "NOT AS IT SHOULD BE:", *(f"  {report.line()}" for report in bad)] if bad else [""]
    counts = {end: sum(1 for report in reports if report.end is end) for end in End}
    if counts[End.UNCLEAN]:
        lines.append("A killer finds something in the unchanged source: no mutant was run.")
    if counts[End.NEEDED] or counts[End.DEAD]:
        lines.append(f"environment: {counts[End.NEEDED]} features needed, {counts[End.DEAD]} dead")
    survived = counts[End.SURVIVED] + counts[End.NOT_EQUIVALENT]
    lines.append(f"mutants: {counts[End.KILLED]} killed, {counts[End.EQUIVALENT]} equivalent, {survived} survived")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
