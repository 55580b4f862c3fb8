"""Wrong versions of the code and of the environment. A check that lets one of them pass has shown nothing.

Rules
- A mutant is a change of source text. What it replaces must be there exactly once, so a mutant that no longer applies
  fails loudly; the changed module is compiled and imported in a process of its own, as the original would be.
- A mutant is judged by verdicts, never by counts: the predicates that fail, the witnesses that are never seen, the
  tests that fail. On the unchanged source every killer must have none (the clean baseline).
- A mutant that no killer finds is declared with the reason why it is equivalent, or it is a survivor.

This module is data and imports nothing of ``gungnir``: a process that applies a mutant must not have imported what the
mutant changes.
"""

from typing import NamedTuple


class Edit(NamedTuple):
    """Replace ``old``, which occurs exactly once in the source of ``module``, by ``new``."""

    module: str
    old: str
    new: str


class Killer(NamedTuple):
    """What must find a mutant: a model by name (``spec.mutants.models``), or else a file of unit tests.

    ``by`` are the verdicts of which one is expected: names of predicates, ``never: <witness>``, ``raised <error>``; of
    a test file, any test may fail.
    """

    model: str = ""
    tests: str = ""
    by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the table and the progress line call it."""
        return self.model or self.tests.removeprefix("tests/")


class Mutant(NamedTuple):
    """A wrong version of the code: the ``rule`` that it breaks, in a sentence, and who must find it.

    ``equivalent``: why no check can tell it from the code; empty for all others. ``quick``: part of the smoke run.
    """

    name: str
    rule: str
    edits: tuple[Edit, ...]
    killer: Killer
    equivalent: str = ""
    quick: bool = False


class Pair(NamedTuple):
    """A weaker environment that lets a wrong version of the code pass: what the environment can do is needed.

    ``variant`` is the name of a code mutant. In ``model`` it is found in the environment as it is, and no longer in the
    one that the ``edits`` make.
    """

    name: str
    feature: str
    edits: tuple[Edit, ...]
    variant: str
    model: str


def explored(model: str, *by: str) -> Killer:
    """Return a killer: this model, by one of these verdicts."""
    return Killer(model=model, by=by)


def checked(path: str) -> Killer:
    """Return a killer: the unit tests of this file under ``tests/unit``."""
    return Killer(tests=f"tests/unit/{path}")


class Of:
    """Makes mutants of one module: ``Of("gungnir.machines.lease")("its name", "the rule", old, new, killer)``."""

    def __init__(self, module: str) -> None:
        """Name the module that the mutants change."""
        self._module = module

    def __call__(
        self,
        name: str,
        rule: str,
        old: str | tuple[str, ...],
        new: str | tuple[str, ...],
        killer: Killer,
        *,
        equivalent: str = "",
        quick: bool = False,
    ) -> Mutant:
        """Return a mutant; several texts are replaced one after another.

        Raises:
            ValueError: there are more texts to be replaced than replacements, or fewer.
        """
        olds = (old,) if isinstance(old, str) else old
        news = (new,) if isinstance(new, str) else new
        edits = tuple(Edit(self._module, was, now) for was, now in zip(olds, news, strict=True))
        return Mutant(name, rule, edits, killer, equivalent, quick)
