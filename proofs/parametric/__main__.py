"""``python -m proofs.parametric``: prove everything. ``--mutants``: drop each guard."""

import argparse
import sys
from collections import Counter

from proofs.parametric import mutants, report
from proofs.parametric.checks import Proof


def main() -> int:
    """Run what is asked for; 0 only if everything is proved, or every guard is as the table says."""
    parser = argparse.ArgumentParser(prog="python -m proofs.parametric", description=__doc__)
    parser.add_argument("--mutants", action="store_true", help="drop each guard of each action")
    if parser.parse_args().mutants:
        return _mutants()
    _, unproved = report.run(report.aloud)
    return 0 if not unproved else 1


def _mutants() -> int:
    verdicts = []
    for each in mutants.judged(Proof()):
        verdicts.append(each)
        report.aloud(f"{each.action:20} {each.guard:30} {each.verdict:10} {each.conjunct}")
    left = {(each.action, each.guard) for each in verdicts if each.verdict == "open"}
    counts = Counter(each.verdict for each in verdicts)
    report.aloud(f"guards: {counts['needed']} needed, {counts['redundant']} proved redundant, {counts['open']} open")
    for action, guard in sorted(left - mutants.OPEN):
        report.aloud(f"    {action}: {guard} is open, and was not before")
    return 0 if left <= mutants.OPEN else 1


if __name__ == "__main__":
    sys.exit(main())
