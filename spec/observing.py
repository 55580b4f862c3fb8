"""``python -m spec.observing``: explore the quick models, and write what machines observe in them to observations.json.

The difference is for the reviewer, as with ``spec.pins``.
"""

import json
import sys
from collections.abc import Iterable
from typing import Final

from spec.environment.operators import Taken
from spec.models.catalogue import ALL_STATES, QUICK, Entry
from spec.observations import FILE

ASIDE: Final = ("alone", "lease")
"""Models of no use here: in one every machine is told everything, the other has no rounds."""


def observed(entries: Iterable[Entry]) -> frozenset[str]:
    """Explore these models, and return what the machines observe in them."""
    before, Taken.observed = Taken.observed, set()
    try:
        for entry in entries:
            entry.explore(ALL_STATES)
        return frozenset(Taken.observed)
    finally:
        Taken.observed = before


def observing() -> tuple[Entry, ...]:
    """Return the quick models in which machines observe a world."""
    return tuple(entry for entry in QUICK if not entry.name.startswith(ASIDE))


def _main() -> None:
    found = sorted(observed(observing()))
    FILE.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")
    sys.stderr.write(f"{len(found)} aspects in {FILE}\n")


if __name__ == "__main__":
    _main()
