"""``python -m proofs.parametric``: prove everything."""

import argparse
import sys

from proofs.parametric import report


def main() -> int:
    """Run what is asked for; 0 only if everything is proved, or found."""
    parser = argparse.ArgumentParser(prog="python -m proofs.parametric", description=__doc__)
    parser.parse_args()
    _, unproved = report.run(report.aloud)
    return 0 if not unproved else 1


if __name__ == "__main__":
    sys.exit(main())
