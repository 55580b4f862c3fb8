"""``python -m proofs``: the laws, then the protocol for any number of pods; 0 only if nothing is open."""

import sys

from proofs import confirm
from proofs.parametric import report


def main() -> int:
    """Run everything and say what it amounts to."""
    confirmed, left = confirm.run(report.aloud)
    proved, unproved = report.run(report.aloud)
    report.aloud(f"proofs: {confirmed} confirmed, {proved} proved for any N, {left + unproved} open")
    return 1 if left + unproved else 0


if __name__ == "__main__":
    sys.exit(main())
