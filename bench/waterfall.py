"""Spans as a waterfall: a row for each span, its bar where it lies in time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.faults.svg import WIDTH, line, picture, text

_LEFT: Final = 330
_RIGHT: Final = 80
_ROW: Final = 16
_HEAD: Final = 52
_INDENT: Final = 14
_NARROWEST: Final = 0.8
_TICKS: Final = 8
_STEPS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True, slots=True)
class Bar:
    """One row.

    Attributes:
        depth: 0 for a round, 1 for a step, 2 for a command to a pod.
        label: Its words.
        start_ms: Milliseconds since the fault.
        end_ms: Milliseconds since the fault.
        failed: Whether it is drawn as a failure.
    """

    depth: int
    label: str
    start_ms: float
    end_ms: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Waterfall:
    """What is drawn.

    Attributes:
        title: Above it.
        last_ms: Acknowledgement of the last write before the gap, in milliseconds since the fault.
        first_ms: Acknowledgement of the first one after it.
        bars: The rows, in their order.
    """

    title: str
    last_ms: float
    first_ms: float
    bars: Sequence[Bar]


def draw(of: Waterfall) -> str:
    """Return the picture as SVG."""
    return picture(_HEAD + _ROW * len(of.bars) + 30, of.title, _parts(of))


def _parts(of: Waterfall) -> Iterator[str]:
    low = min(0.0, of.last_ms, *(bar.start_ms for bar in of.bars))
    high = max(of.first_ms, *(bar.end_ms for bar in of.bars))
    bottom = _HEAD + _ROW * len(of.bars)

    def across(at_ms: float) -> float:
        return _LEFT + (at_ms - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    step = next((each for each in _STEPS_MS if (high - low) / each <= _TICKS), _STEPS_MS[-1])
    for at_ms in range(int(low // step + 1) * step, int(high) + 1, step):
        yield line(across(at_ms), _HEAD, across(at_ms), bottom, "axis")
        yield text(across(at_ms), bottom + 16, f"{at_ms} ms", "", "middle")
    for moment_ms, words, up in ((0.0, "fault", 22), (of.last_ms, "last write", 8), (of.first_ms, "first write", 8)):
        yield line(across(moment_ms), _HEAD - up + 4, across(moment_ms), bottom, "mark")
        yield text(across(moment_ms), _HEAD - up, words, "", "middle")
    for number, bar in enumerate(of.bars):
        top = _HEAD + _ROW * number
        kind = "bad" if bar.failed else f"bar{min(bar.depth, 2)}"
        long = max(_NARROWEST, across(bar.end_ms) - across(bar.start_ms))
        yield text(10 + _INDENT * bar.depth, top + 12, bar.label, "" if bar.depth else "name")
        left = across(bar.start_ms)
        yield f'<rect class="{kind}" x="{left:.1f}" y="{top + 3}" width="{long:.1f}" height="{_ROW - 6}"/>'
        yield text(left + long + 4, top + 12, f"{bar.end_ms - bar.start_ms:.1f}")
