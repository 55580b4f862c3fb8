"""One run in a process of its own: change the source, then explore a model or run a file of tests; print the verdict.

``python -m spec.mutants.child`` reads ``{"edits": [[module, old, new], ...], "model": ..., "tests": ...}`` from its
input, and writes an ``Outcome`` as the last line of its output. With ``"models": [...]`` it judges one after another as
``pytest spec`` does, until one fails and tells a story: numbers that differ from those that are pinned are none.
"""

import json
import os
import sys
import time
from typing import NamedTuple

from spec.mutants import Edit
from spec.mutants.source import install

MAX_STATES = 1_000_000
NOT_COLLECTED = (2, 3, 4, 5)
"""Exit codes of pytest that are no verdict about the code: interrupted, broken, misused, or nothing was run."""


class Outcome(NamedTuple):
    """What a run found. ``verdicts`` is empty if nothing is wrong; ``undecided`` says why the run shows nothing."""

    verdicts: tuple[str, ...] = ()
    undecided: str = ""
    story: str = ""
    steps: int = 0
    states: int = 0
    seconds: float = 0.0


def _model(name: str) -> Outcome:
    try:
        from spec.mutants.models import MODELS  # noqa: PLC0415 - not before the source is changed

        model = MODELS[name]
        result = model.explore(MAX_STATES)
    except Exception as error:  # noqa: BLE001 - whatever a wrong version raises is its verdict
        return Outcome((f"raised {type(error).__name__}",), story=str(error))
    if result.violated:
        story = model.told(result.story)
        return Outcome((result.violated,), "", f"{result.text}\n{story}", len(result.story), result.states)
    if not result.complete:
        return Outcome(undecided=f"more than {MAX_STATES} states", states=result.states)
    never = sorted(set(model.witnesses) - set(result.witnessed))
    return Outcome(tuple(f"never: {name}" for name in never), states=result.states)


def _models(names: list[str]) -> Outcome:
    states, numbers = 0, ""
    for name in names:
        try:
            from spec.judging import EXPLORED, assert_holds  # noqa: PLC0415 - not before the source is changed
            from spec.models.catalogue import MODELS  # noqa: PLC0415

            assert_holds(MODELS[name])
        except Exception as error:  # noqa: BLE001 - whatever a wrong version raises makes pytest red
            why, _, story = str(error).partition("\n")
            verdict = f"{name}: {type(error).__name__}: {why}"
            if story:
                return Outcome((verdict,), "", story, len(str(error).splitlines()), states)
            numbers = numbers or verdict
        states += EXPLORED[name].states
    return Outcome((numbers,) if numbers else (), states=states)


class _Failures:
    """A plugin of pytest that notes which tests failed."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: object) -> None:
        """Note a failed test by its name."""
        if getattr(report, "failed", False):
            self.names.append(str(getattr(report, "nodeid", "")))


def _tests(path: str) -> Outcome:
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = (
        "1"  # Tests of the machines need none, and loading them takes seconds.
    )
    import pytest  # noqa: PLC0415 - what it imports must come after the source is changed

    failures = _Failures()
    options = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-p", "pytest_timeout", *path.split()]
    code = int(pytest.main(options, plugins=[failures]))
    if code in NOT_COLLECTED and not failures.names:
        return Outcome(undecided=f"pytest ended with {code}")
    return Outcome(tuple(failures.names))


def main() -> None:
    """Run what the input says."""
    order = json.load(sys.stdin)
    install([Edit(*edit) for edit in order["edits"]])
    began_s = time.monotonic()
    if order.get("models"):
        outcome = _models(order["models"])
    else:
        outcome = _model(order["model"]) if order["model"] else _tests(order["tests"])
    outcome = outcome._replace(seconds=round(time.monotonic() - began_s, 2))
    sys.stdout.write("\n" + json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main()
