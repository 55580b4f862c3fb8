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


def window_ms(nemesis: Nemesis, choices: Mapping[str, str | int]) -> int:
    """How long after the fault began a plain write may be acknowledged that is lost, in milliseconds.

    Of a pair it is the end of the later of both windows: the second begins ``second_after_ms`` after the first. That of
    links that come and go begins whenever they go, as the other fault may have cut off everybody else.

    Args:
        nemesis: What was done.
        choices: What the seed chose for it.
    """
    if "second" not in choices:
        return nemesis.window_ms
    first, second = (NEMESES[str(choices[part])] for part in ("first", "second"))
    after_ms = int(choices["second_after_ms"])
    return max(first.flaps_ms + first.window_ms, after_ms + second.flaps_ms + second.window_ms)
