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
        report.aloud(f"{each.action:20} {each.guard:30} {each.verdict:13} {each.conjunct}")
    counts = Counter(each.verdict for each in verdicts)
    report.aloud(
        f"guards: {counts['needed']} needed where walks come, {counts['needed beyond']} beyond, "
        f"{counts['redundant']} proved redundant, {counts['open']} open"
    )
    told = mutants.differences(verdicts)
    for line in told:
        report.aloud(f"    {line}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
