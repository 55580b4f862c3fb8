"""``python -m proofs``: the laws, what has no bound, the protocol for any number of pods; 0 only if nothing is open."""

import sys

from proofs import confirm, unbounded
from proofs.parametric import report
from proofs.unbounded.catalogue import PROOFS


def main() -> int:
    """Run everything and say what it amounts to."""
    confirmed, left = confirm.run(report.aloud)
    shown, unshown = unbounded.run(PROOFS, report.aloud)
    proved, unproved = report.run(report.aloud)
    report.aloud(f"proofs: {confirmed} confirmed, {shown + proved} proved for any N, {left + unshown + unproved} open")
    return 1 if left + unshown + unproved else 0


if __name__ == "__main__":
    sys.exit(main())
