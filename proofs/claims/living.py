"""Says of each claim whether what shows it is there: its tests run, its predicates are importable, its mutants exist.

Every problem names the claim. Nothing is taken from pytest but the node ids that it collects, so a test that was
renamed, removed, or marked as slow is no check any more.
"""

import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from proofs.claims import Claim, Heard
from proofs.claims.places import ROOT, importable
from proofs.claims.trusted import TRUSTED, section
from proofs.claims.wrong import TEST, known

AT_MOST: Final = 20
"""Lines of the section on what is trusted."""


class NotCollectedError(Exception):
    """Pytest could not collect: nothing is known of any claim."""


def files(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return the files of all tests that claims name."""
    nodes = [node for claim in claims for node in _nodes(claim)]
    return tuple(sorted({node.partition("::")[0] for node in nodes}))


def collected(paths: Sequence[str]) -> frozenset[str]:
    """Return the node ids that pytest collects from these files for every change; none from a file that is not there.

    Raises:
        NotCollectedError: pytest ended with an error.
    """
    there = [path for path in paths if (ROOT / path).is_file()]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "not slow and not e2e", *there]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - our own tests
    if done.returncode:
        raise NotCollectedError(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return frozenset(line for line in done.stdout.splitlines() if "::" in line)


def _nodes(claim: Claim) -> Iterator[str]:
    yield from claim.tests
    yield from (name.removeprefix(TEST) for name in claim.mutants if name.startswith(TEST))


def problems_of(claim: Claim, nodes: Collection[str]) -> Iterator[str]:
    """Yield what is missing of one claim."""
    bare = {each.partition("[")[0] for each in nodes}
    wrong = [name for name in claim.mutants if not name.startswith(TEST)]
    missing = {
        "its test is not collected": [node for node in _nodes(claim) if node not in (nodes if "[" in node else bare)],
        "its predicate cannot be imported": [place for place in claim.predicates if not importable(place)],
        "its mutant is in no table": [name for name in wrong if name not in known()],
        "what it assumes is not among what is trusted": [key for key in claim.assumed if key not in TRUSTED],
    }
    yield from (f"{what}: {name}" for what, names in missing.items() for name in names)
    if not all((claim.text, claim.shown, claim.predicates, claim.tests, claim.assumed)):
        yield "a part of its row is empty"
    if bool(claim.mutants) == bool(claim.unmutated):
        yield "it has neither a mutant nor a reason why there is none, or both"


def of_claims(claims: Sequence[Claim], names: Sequence[str], nodes: Collection[str]) -> Iterator[str]:
    """Yield every problem of the table: claims that are gone, that nobody listed, and that nothing shows."""
    here = [claim.name for claim in claims]
    yield from (
        f"claim {name!r} was removed from the table, and is still promised in names.txt"
        for name in names
        if name not in here
    )
    yield from (f"claim {name!r} is not in names.txt" for name in here if name not in names)
    yield from (
        f"claim {name!r} is in the table twice" for name in sorted({each for each in here if here.count(each) > 1})
    )
    for claim in claims:
        yield from (f"claim {claim.name!r}: {problem}" for problem in problems_of(claim, nodes))


def of_heard(heard: Iterable[Heard], claims: Sequence[Claim], wanted: Collection[str]) -> Iterator[str]:
    """Yield every row of the original that is not answered, or by a claim that is not there."""
    here = {claim.name for claim in claims}
    answered = list(heard)
    rows = [row for each in answered for row in each.rows]
    yield from (f"row {row} of the original has no answer" for row in wanted if row not in rows)
    yield from (
        f"row {row} of the original is answered twice" for row in sorted({row for row in rows if rows.count(row) > 1})
    )
    for each in answered:
        for name in each.claims:
            if name not in here:
                yield f"row {each.rows[0]} of the original leads to claim {name!r}, which is not in the table"
        if not each.claims and not each.but:
            yield f"row {each.rows[0]} of the original leads to no claim, and does not say why"


def of_readme(text: str, promises: Iterable[Claim]) -> Iterator[str]:
    """Yield what README promises and no claim says, and the other way round; and whether it quotes what is trusted."""
    rows = _table(text)
    said = {claim.text: claim.name for claim in promises}
    yield from (f"README promises {row!r}, and no claim says so" for row in rows if row not in said)
    yield from (f"claim {name!r} is not what README promises: {row}" for row, name in said.items() if row not in rows)
    if section() not in text:
        yield "README does not quote 'What is trusted' of proofs/CLAIMS.md word for word"
    if section().count("\n") >= AT_MOST:
        yield f"what is trusted has more than {AT_MOST} lines"


def _table(text: str) -> Mapping[str, None]:
    """Return the first cells of the table under README's heading of what is promised."""
    part = text.partition("\n## What it promises\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("|")]
    return dict.fromkeys(rows[2:])
