"""The walks in docs/repl.md are what the commands print."""

import doctest

import pytest

from spec.repl.recording import PAGE, recorded


def test_the_recorded_walks_are_taken_again() -> None:
    """Every line that the page shows is printed; `make docs` records them anew."""
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.failed == 0
    assert result.attempted > len("a walk")


def test_recording_puts_right_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """A page with other output is told from what is printed, and recorded as it is."""
    page = "Words.\n\n```python\n>>> 1 + 1\n3\n>>> for n in range(2):\n...     print(n)\n0\n1\n\n```\n"
    right = "Words.\n\n```python\n>>> 1 + 1\n2\n>>> for n in range(2):\n...     print(n)\n0\n1\n\n```\n"
    assert recorded(page) == right
    example = doctest.DocTestParser().get_doctest(page, {}, "page", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(example).failed
    assert "Expected:" in capsys.readouterr().out
