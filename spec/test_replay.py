"""A trace of the running operator is accepted as it was written, and refused once anything in it was changed."""

from pathlib import Path

import pytest

from spec.replay import DivergenceError, main, replay

TRACE = Path(__file__).parent / "traces" / "failover.jsonl"
"""The failover rounds of an operator that started a cluster of three and lost its primary."""


def _texts() -> list[str]:
    return TRACE.read_text().splitlines()


def test_a_trace_of_the_running_operator_is_what_the_machines_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Every step is taken again, none is left over."""
    done = replay(_texts())
    assert done.steps == len(_texts())
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
    """A step that was left out leaves a gap between a request and its reply."""
    texts = _texts()
    number = next(number for number, text in enumerate(texts) if '"trigger": "promoted"' in text)
    with pytest.raises(DivergenceError, match=f"line {number + 1}"):
        replay([*texts[:number], *texts[number + 1 :]])
