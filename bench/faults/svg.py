"""Two pictures as plain SVG: how long writes were refused, and the course of one failover for each contestant."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Final

from bench.faults.results import Run
from bench.stats import percentile

WIDTH: Final = 860
_LEFT: Final = 250
_RIGHT: Final = 30
_ROW: Final = 22
_HEAD: Final = 34
_LANE: Final = 92
_STYLE: Final = (
    "<style>text{font:12px sans-serif;fill:#57606a}.name{font-weight:bold}"
    ".axis{stroke:#8c959f;stroke-width:.5}.dot{fill:#1f6feb;fill-opacity:.45}.mid{stroke:#cf222e;stroke-width:2}"
    ".area{fill:#1f6feb;fill-opacity:.35;stroke:#1f6feb}.mark{stroke:#cf222e;stroke-dasharray:3 2}"
    ".bar0{fill:#57606a}.bar1{fill:#1f6feb}.bar2{fill:#54aeff}.bad{fill:#cf222e}.back{fill:#ffffff}</style>"
)
_DECADES_MS: Final = (10, 100, 1000, 10_000, 100_000)
_BUCKET_MS: Final = 100
_BEFORE_MS: Final = 500
_SHOWN_MS: Final = 9000


def outages(groups: Mapping[str, Sequence[Run]]) -> str:
    """A row for each group: a dot for each run's outage on a logarithmic axis, and a line at the median."""
    rows = [(label, [run.outage_ms for run in runs]) for label, runs in groups.items()]
    height = _HEAD + _ROW * len(rows) + 30
    return picture(height, "Longest time without an acknowledged write", _dots(rows, height))


def timelines(runs: Mapping[str, Run]) -> str:
    """A lane for each contestant: acknowledged writes of each 100 ms around one fault, and what was done when."""
    height = _HEAD + _LANE * len(runs) + 24
    return picture(height, "Acknowledged writes in each 100 ms around the fault", _lanes(runs))


def picture(height: int, title: str, parts: Iterable[str]) -> str:
    """A whole picture of the common width, with a title."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">'
    )
    back = f'<rect class="back" width="{WIDTH}" height="{height}"/>'
    return "\n".join([head, _STYLE, back, text(10, 18, title, "name"), *parts, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """Words at a point."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _dots(rows: Sequence[tuple[str, Sequence[float]]], height: int) -> Iterator[str]:
    low, high = math.log10(_DECADES_MS[0]), math.log10(_DECADES_MS[-1])

    def across(outage_ms: float) -> float:
        share = (math.log10(max(outage_ms, _DECADES_MS[0])) - low) / (high - low)
        return _LEFT + min(1.0, share) * (WIDTH - _LEFT - _RIGHT)

    for decade in _DECADES_MS:
        yield line(across(decade), _HEAD, across(decade), height - 24, "axis")
        yield text(across(decade), height - 8, _duration(decade), "", "middle")
    for number, (label, values) in enumerate(rows):
        middle = _HEAD + _ROW * number + _ROW / 2
        yield text(10, middle + 4, label)
        for value in values:
            yield f'<circle cx="{across(value):.1f}" cy="{middle:.1f}" r="4" class="dot"/>'
        median = across(percentile(values, 50))
        yield line(median, middle - 8, median, middle + 8, "mid")


def _duration(duration_ms: int) -> str:
    return f"{duration_ms // 1000} s" if duration_ms % 1000 == 0 else f"{duration_ms} ms"


def _lanes(runs: Mapping[str, Run]) -> Iterator[str]:
    most = max((count for run in runs.values() for count in run.writes), default=1) or 1
    for number, (label, run) in enumerate(runs.items()):
        floor = _HEAD + _LANE * (number + 1) - 14
        fault_ms = run.marks[0][0] if run.marks else 0.0
        yield from _lane(label, run, floor, fault_ms, most)
    bottom = _HEAD + _LANE * len(runs) + 14
    for second in range((_SHOWN_MS - _BEFORE_MS) // 1000 + 1):
        yield text(_over(second * 1000), bottom, f"{second} s", "", "middle")


def _over(since_fault_ms: float) -> float:
    share = (since_fault_ms + _BEFORE_MS) / _SHOWN_MS
    return _LEFT + min(1.0, max(0.0, share)) * (WIDTH - _LEFT - _RIGHT)


def _lane(label: str, run: Run, floor: float, fault_ms: float, most: int) -> Iterator[str]:
    tall = _LANE - 26
    yield text(10, floor - tall / 2, label, "name")
    yield text(10, floor - tall / 2 + 15, f"{run.outage_ms:,.0f} ms without a write")
    yield line(_LEFT, floor, WIDTH - _RIGHT, floor, "axis")
    shown = [
        (number * _BUCKET_MS - fault_ms, count)
        for number, count in enumerate(run.writes)
        if -_BEFORE_MS <= number * _BUCKET_MS - fault_ms <= _SHOWN_MS - _BEFORE_MS
    ]
    steps = [(start, end, count) for (start, count), (end, _next) in pairwise(shown)]
    corners = [
        f"{_over(at):.1f},{floor - tall * count / most:.1f}" for start, end, count in steps for at in (start, end)
    ]
    if corners:
        ends = f"{_over(steps[0][0]):.1f},{floor:.1f}", f"{_over(steps[-1][1]):.1f},{floor:.1f}"
        yield f'<polygon class="area" points="{ends[0]} {" ".join(corners)} {ends[1]}"/>'
    for at_ms, what in run.marks[:1]:
        yield line(_over(at_ms - fault_ms), floor - tall, _over(at_ms - fault_ms), floor, "mark")
        yield text(_over(at_ms - fault_ms) + 4, floor - tall + 10, what)
