"""``python -m proofs.claims``: print proofs/CLAIMS.md. ``--names``: print the names of all claims, for names.txt."""

import sys

from proofs.claims import page, table


def main() -> int:
    """Print what is asked for."""
    text = "".join(f"{claim.name}\n" for claim in table.CLAIMS) if "--names" in sys.argv[1:] else page.text()
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
