"""``python -m proofs.confirm``: let CrossHair confirm the laws, each over all paths, and count nothing else.

CrossHair ends with 0 also where it confirmed nothing, and where it found no law. So its output is read: a law for
which it does not say "Confirmed over all paths" is open, whatever the reason. Its time limits are CPU time.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from proofs.laws import Law, all_laws, laws_of
from spec.mutants import Edit
from spec.mutants.source import install

CONFIRMED: Final = "Confirmed over all paths."
LIMIT_S: Final = 60
"""CPU seconds for one law. Each takes one or two."""
_LINE: Final = re.compile(r"^(?P<path>.+?):(?P<line>\d+): (?P<level>info|error): (?P<text>.*)$")


class Verdict(StrEnum):
    """What CrossHair says of a law."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    """It found arguments for which the law does not hold."""
    OPEN = "open"
    """It did not finish, or said nothing of it."""


class Finding(NamedTuple):
    """What became of one law; ``text`` is what CrossHair said."""

    law: Law
    verdict: Verdict
    text: str


class UnusableError(Exception):
    """CrossHair did not run: nothing was shown."""


def findings(laws: Sequence[Law], output: str) -> tuple[Finding, ...]:
    """Return what CrossHair's output says of each law of one file."""
    said: dict[Law, tuple[Verdict, str]] = {}
    for line in output.splitlines():
        match = _LINE.match(line)
        law = next((law for law in laws if match and law.first <= int(match["line"]) <= law.last), None)
        if match is None or law is None:
            continue
        if match["level"] == "error":
            said[law] = (Verdict.REFUTED, match["text"])
        elif law not in said:
            said[law] = (Verdict.CONFIRMED if match["text"] == CONFIRMED else Verdict.OPEN, match["text"])
    return tuple(Finding(law, *said.get(law, (Verdict.OPEN, "CrossHair said nothing of it"))) for law in laws)


def confirm(path: Path, edits: Sequence[Edit] = (), limit_s: int = LIMIT_S) -> tuple[Finding, ...]:
    """Run CrossHair on the laws of one file, in a process of its own, on the source with these edits.

    Raises:
        UnusableError: it did not run to its end.
    """
    laws = laws_of(path)
    order = json.dumps({"edits": edits, "path": str(path), "limit_s": limit_s})
    done = subprocess.run(
        [sys.executable, "-m", "proofs.confirm", "--child"],
        input=order,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    if done.returncode not in (0, 1):
        raise UnusableError(f"{path.name}: CrossHair ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return findings(laws, done.stdout)


def run(say: Callable[[str], None], jobs: int = 2) -> tuple[int, int]:
    """Confirm all laws; return how many were, and how many are open."""
    began_s = time.monotonic()
    confirmed, left = 0, 0
    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(confirm, dict.fromkeys(law.path for law in all_laws())):
            for finding in found:
                good = finding.verdict is Verdict.CONFIRMED
                confirmed, left = confirmed + good, left + (not good)
                text = "" if good else f": {finding.text}"
                say(f"{finding.verdict:10} {finding.law.module}: {finding.law.claim}{text}")
    say(f"contracts: {confirmed} confirmed, {left} open, {time.monotonic() - began_s:.0f} s")
    return confirmed, left


def _child() -> int:
    order = json.load(sys.stdin)
    install([Edit(*edit) for edit in order["edits"]])
    from crosshair.main import main  # noqa: PLC0415 - what it imports must come after the source is changed

    options = ["--report_all", "--analysis_kind=PEP316", f"--per_condition_timeout={order['limit_s']}"]
    main(["check", *options, order["path"]])
    return 0


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs.confirm", description=__doc__)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().child:
        return _child()
    return 1 if run(lambda line: print(line, flush=True))[1] else 0  # noqa: T201 - the output of a program


if __name__ == "__main__":
    sys.exit(_main())
