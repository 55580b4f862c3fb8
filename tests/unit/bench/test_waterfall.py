"""The picture of spans: a row for each, at its place in time."""

import re
from xml.etree import ElementTree as ET

import pytest

from bench.spans import NAMES, load, main, picture
from bench.waterfall import Bar, Waterfall, draw
from gungnir.errors import UserError

BARS = [Bar(0, "failover: Done, epoch 2", 50, 150), Bar(1, "Select: Pods", 60, 100), Bar(2, "detach <b>", 60, 80, True)]


def rectangles(svg: str) -> list[tuple[str, float, float]]:
    """Class, left edge and width of each bar."""
    found = re.findall(r'<rect class="(bar\d|bad)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    return [(kind, float(x), float(width)) for kind, x, width in found]


def test_bars_are_as_long_as_their_spans_and_begin_where_they_began() -> None:
    (_, round_x, round_width), (_, step_x, step_width), (_, _, command_width) = rectangles(
        draw(Waterfall("title", 0, 160, BARS))
    )
    per_ms = round_width / 100
    assert step_width == pytest.approx(40 * per_ms, abs=0.2)
    assert command_width == pytest.approx(20 * per_ms, abs=0.2)
    assert step_x - round_x == pytest.approx(10 * per_ms, abs=0.2)


def test_a_failed_span_is_drawn_as_one_and_words_are_escaped() -> None:
    svg = draw(Waterfall("title", 0, 160, BARS))
    assert [kind for kind, _x, _width in rectangles(svg)] == ["bar0", "bar1", "bad"]
    assert "detach &lt;b&gt;" in svg
    ET.fromstring(svg)  # noqa: S314 - made here


@pytest.mark.parametrize("name", NAMES)
def test_what_was_recorded_can_be_drawn(name: str) -> None:
    recording = load(name)
    svg = picture(recording)
    assert len(rectangles(svg)) == len(recording.bars)


@pytest.mark.parametrize("arguments", [[], ["record", "flood"], ["draw"], ["draw", "flood"]])
def test_wrong_arguments_are_told(arguments: list[str]) -> None:
    with pytest.raises(UserError):
        main(arguments)
