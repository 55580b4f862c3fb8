"""The section of docs/benchmarks.md on where the time of a failover goes, and on the least that it could be."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.tables import row, table

FLOOR: Final = Path(__file__).parents[1] / "results" / "floor"
FAULTS: Final = ("sigkill", "switchover")
WHO: Final = ("observer", "operator")

SPANS: Final = """## Where the time goes

Spans of the operator ([tracing](tracing.md)), each of one run: dark a round of the failover machine, blue its steps
with their requests, light blue the commands to pods, each with its duration in ms. Made by
`python -m bench.spans record`, the operator compiled and with spans. One run each: they show the order and the shares,
not a distribution.

![Spans of a failover after SIGKILL](benchmarks/spans-sigkill.svg)

![Spans of a planned switchover](benchmarks/spans-switchover.svg)
"""
BELOW: Final = """### The floor

A direct observer with a connection to each pod of the same cluster: it sees the primary's connection end and sends the
very commands that the operator sends (fence, detach, promote, follow), without an API server, a record, a second
witness, a Service or a check, and tells its clients the new address itself. It is a bound from below, nothing to run:
it would promote on any broken connection. `python -m bench.floor`; the two took turns, in ms. The observer shares its
process with the clients, the operator has one of its own.
"""


def where_time_goes(directory: Path = FLOOR) -> Iterator[str]:
    """The section."""
    yield SPANS
    yield BELOW
    yield table("fault", "who", "n", "p50", "p95", "max", "date", "commit", "machine")
    for fault in FAULTS:
        for who in WHO:
            found = json.loads((directory / f"{fault}-{who}.json").read_text())
            numbers = (f"{found[key]:,.0f}" for key in ("p50", "p95", "max"))
            under = (found["conditions"][key] or "not said" for key in ("date", "commit", "machine"))
            yield row(f"`{fault}`", who, found["n"], *numbers, *under)
    yield ""
