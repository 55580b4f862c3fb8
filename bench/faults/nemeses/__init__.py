"""The table of all nemeses."""

from collections.abc import Mapping
from typing import Final

from bench.faults.nemeses import clock, data, network, operator, pairs, process, steps
from bench.faults.nemeses.base import Nemesis

NEMESES: Final[Mapping[str, Nemesis]] = {
    nemesis.name: nemesis
    for nemesis in (
        *process.TABLE,
        *network.TABLE,
        *data.TABLE,
        *operator.TABLE,
        *clock.TABLE,
        *steps.TABLE,
        *pairs.TABLE,
    )
}
"""By name, in the order in which suites run them."""
