"""A trace of the running operator is accepted as it was written, and refused once anything of weight was changed."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from gungnir.errors import UserError
from spec.replay import DivergenceError, main, replay
from spec.trace import StepLine, lines

TRACE: Final = Path(__file__).parent / "traces" / "failover.jsonl"
"""Rounds of an operator: three pods in sync, the primary killed, another one in its place, the old one its replica."""


def _texts() -> list[str]:
    return TRACE.read_text().splitlines()


def _steps(texts: list[str]) -> list[int]:
    """Return the places of the lines that are steps."""
    return [line.number - 1 for line in lines(texts) if isinstance(line, StepLine)]


def _refused(texts: list[str]) -> bool:
    try:
        replay(texts)
    except UserError:
        return True
    return False


def _numbered(texts: list[str]) -> list[str]:
    """Return the lines numbered anew, as somebody would who knows that they are."""
    first = json.loads(_texts()[0])["number"]
    return [json.dumps(json.loads(text) | {"number": first + place}) for place, text in enumerate(texts)]


def test_a_trace_of_the_running_operator_is_what_the_machines_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Every step is taken again, none is left over."""
    done = replay(_texts())
    assert done.steps == len(_steps(_texts()))
    assert done.skipped == 0
    assert main([str(TRACE)]) == 0
    assert "are those of the machines" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"verb": "promote"', '"verb": "follow"'),
        ('"trigger": "promoted"', '"trigger": "failed"'),
        ('"phase": "Select"', '"phase": "Freeze"'),
        ('"kind": "done"', '"kind": "fenced"'),
        ('"type": "Stored"', '"type": "Conflict"'),
    ],
)
def test_an_edited_trace_is_refused_at_the_line(before: str, after: str, tmp_path: Path) -> None:
    """Another request, trigger, phase or answer is not what the machines do."""
    texts = _texts()
    number = next(number for number, text in enumerate(texts) if before in text)
    edited = texts[number].replace(before, after, 1)
    if "Conflict" in after:
        edited = edited[: edited.index(after)] + after + "}" + edited[edited.index("}", edited.index(after)) + 1 :]
    texts[number] = edited
    with pytest.raises(DivergenceError, match="line "):
        replay(texts)
    path = tmp_path / "edited.jsonl"
    path.write_text("\n".join(texts))
    assert main([str(path)]) == 1


def test_a_trace_without_one_of_its_lines_is_refused() -> None:
    """Whichever it is, but for the first ones and the last: a trace may begin late and end early."""
    texts = _texts()
    for number in range(1, len(texts) - 1):
        with pytest.raises(DivergenceError, match=f"line {number + 1}: the process wrote"):
            replay([*texts[:number], *texts[number + 1 :]])


def test_a_trace_without_one_of_its_steps_is_refused_however_its_lines_are_numbered() -> None:
    """A step that was left out leaves a gap between a request and its reply; only the last one of a round does not."""
    texts = _texts()
    steps = _steps(texts)
    for number in steps:
        following = next((other for other in steps if other > number), None)
        last_of_round = following is None or "facts" in json.loads(texts[following])
        left = _numbered([*texts[:number], *texts[number + 1 :]])
        assert _refused(left) or last_of_round, texts[number]


def test_a_trace_with_two_steps_swapped_is_refused() -> None:
    """As its lines are numbered, and if they are numbered anew; two whole rounds of one step are another order."""
    texts = _texts()
    steps = _steps(texts)
    for one, other in pairwise(steps):
        swapped = list(texts)
        swapped[one], swapped[other] = texts[other], texts[one]
        assert _refused(swapped)
        begin = ["facts" in json.loads(text) for text in (texts[one], texts[other])]
        assert _refused(_numbered(swapped)) or all(begin), (texts[one], texts[other])


# --- changes of one value --------------------------------------------------------------------------------------------


def _values(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where the values of a request or a reply are."""
    if isinstance(data, (dict, list)):
        for name in data if isinstance(data, dict) else range(len(data)):
            yield from _values(data[name], (*path, name))
    elif data is not None:
        yield path


def _changed(data: Any, path: tuple[Any, ...]) -> Any:
    """Return the data with one value changed: the other truth, one more, another text."""
    name, *rest = path
    if rest:
        inner = _changed(data[name], tuple(rest))
    else:
        old = data[name]
        inner = not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old or ''}x"
    if isinstance(data, dict):
        return data | {name: inner}
    return [*data[:name], inner, *data[name + 1 :]]


def _edits(part: str, each: int) -> Iterator[tuple[str, list[str]]]:
    """Yield what is changed in the requests (``sent``) or replies of a trace, and the trace with it.

    Of each kind of value so many are changed, spread over the trace.
    """
    texts = _texts()
    places: dict[str, list[tuple[int, tuple[Any, ...]]]] = {}
    for number in _steps(texts):
        data = json.loads(texts[number])[part]
        for path in _values(data):
            told = ".".join((data["type"], *(name for name in path if isinstance(name, str))))
            places.setdefault(told, []).append((number, path))
    for told, found in places.items():
        for number, path in found[:: max(1, len(found) // each)][:each]:
            data = json.loads(texts[number])
            edited = json.dumps(data | {part: _changed(data[part], path)})
            yield told, [*texts[:number], edited, *texts[number + 1 :]]


def test_a_changed_request_is_refused() -> None:
    """Whatever of it: a machine in that state asks for nothing else."""
    assert [told for told, texts in _edits("sent", each=2) if not _refused(texts)] == []


ALWAYS: Final = (
    *("Answers.answers.kind", "Answers.answers.pod", "Answers.answers.server.primary", "Answers.answers.server.voting"),
    *(f"ClusterSeen.{name}" for name in ("deleting", "record.epoch", "record.left_out", "record.electorate.size")),
    *(f"ClusterSeen.record.admitted.{name}" for name in ("pod", "run_id", "uid")),
    *(f"ClusterSeen.record.histories.{name}" for name in ("base", "epoch", "parent", "replid")),
    *(f"ClusterSeen.record.members.{name}" for name in ("pod", "run_id", "uid")),
    *(f"ClusterSeen.record.primary.{name}" for name in ("epoch", "pod", "replid", "restarts", "run_id", "uid")),
    *("OwnedSeen.drifted", "ServiceSeen.epoch", "ServiceSeen.pod", "TemplateSeen.epoch"),
    *("Seen.record.epoch", "Seen.record.primary.pod", "Seen.record.primary.run_id", "Seen.record.primary.uid"),
    *("Seen.view.pods.contact", "Seen.view.service_pod"),
)
"""Kinds of values on which something rests wherever they are in this trace."""
MOSTLY: Final = (
    *("Answers.answers.server.fence", "Answers.answers.server.offset", "Seen.view.stalled"),
    *(f"Seen.view.pods.server.{name}" for name in ("fence", "offset", "primary", "voting")),
)
"""And those on which something rests but here and there: a pod that is not heard any more has an old reading."""
FEW: Final = 6
"""One of so many changes of those may pass."""


@pytest.mark.timeout(120)
def test_a_changed_observation_is_refused() -> None:
    """The other truth, one more, or another text: the machine does something else, or no model observes it."""
    wanted = (*ALWAYS, *MOSTLY)
    edits = [(told, _refused(texts)) for told, texts in _edits("reply", each=8) if told in wanted]
    assert {told for told, _ in edits} == set(wanted)
    assert [told for told, refused in edits if told in ALWAYS and not refused] == []
    passed = [told for told, refused in edits if told in MOSTLY and not refused]
    assert len(passed) * FEW < sum(1 for told, _ in edits if told in MOSTLY), passed
