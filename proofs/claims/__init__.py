"""What Gungnir claims, as data: each claim, its predicate, how it is shown, its tests and mutants, what is assumed.

``python -m proofs.claims`` prints ``proofs/CLAIMS.md``; ``living`` says which claim has lost what shows it.

Names, in the order of the page: ``promises`` are README's, ``around`` what surrounds the decisions, ``worlds`` the
invariants and liveness of ``spec/register.py``, ``numbers`` the laws and proofs of this folder, ``former`` the defects
of the original Gungnir. ``seed`` and ``promised`` say what became of each thing that the original claimed.
"""

from typing import NamedTuple


class Claim(NamedTuple):
    """One claim.

    Attributes:
        name: Unique; also in ``names.txt``.
        text: The claim, in a sentence.
        predicates: Importable places, ``module:name``: the production function that is claimed about, or the predicate.
        shown: How, and to which bound.
        tests: Node ids of pytest that run with every change; without parameters all of them.
        mutants: References to wrong versions: see ``wrong``.
        assumed: Keys of ``trusted.TRUSTED``.
        unmutated: Why there is no wrong version; empty where there is one.
    """

    name: str
    text: str
    predicates: tuple[str, ...]
    shown: str
    tests: tuple[str, ...]
    mutants: tuple[str, ...]
    assumed: tuple[str, ...]
    unmutated: str = ""


class Heard(NamedTuple):
    """Something that the original Gungnir claimed, by its numbers, in our words, and what became of it here.

    Attributes:
        rows: Numbers of its theorems, or a name.
        said: What it said.
        claims: Names of our claims that take its place.
        but: What is not claimed here, and why.
    """

    rows: tuple[str, ...]
    said: str
    claims: tuple[str, ...] = ()
    but: str = ""
