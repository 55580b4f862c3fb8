"""Every guard of a module, each dropped in a wrong version of its own: what a careless hand might delete.

A guard is the condition of an ``if``, an operand of ``and`` or ``or``, the condition of a conditional expression, of a
comprehension or of a ``case``. It is dropped by a constant in its place: for a condition either one, for an operand the
one that leaves the decision to the others.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spec.mutants import Edit
from spec.mutants.source import source_of


class Guard(NamedTuple):
    """One guard of a module, and the constant that stands in its place.

    Attributes:
        module: Its module.
        function: The innermost function that it stands in.
        text: Itself, as Python writes it.
        whole: What it is a part of; the same as ``text`` unless it is an operand.
        constant: ``True`` or ``False``.
        nth: Which of several that read the same in this function, from 1.
        line: Where it begins, from 1.
        span: Where it is in the source, in bytes.
    """

    module: str
    function: str
    text: str
    whole: str
    constant: str
    nth: int
    line: int
    span: tuple[int, int]

    @property
    def name(self) -> str:
        """What it is called, here and where it is declared to be needless: it stays when lines move."""
        part = "" if self.text == self.whole else f" in {self.whole}"
        nth = "" if self.nth == 1 else f" (no. {self.nth})"
        return f"{self.function}: {self.text} -> {self.constant}{part}{nth}"

    def edit(self) -> Edit:
        """Return the change that drops it."""
        source = source_of(self.module)
        raw = source.encode()
        begin, end = self.span
        new = raw[:begin] + f"({self.constant})".encode() + raw[end:]
        return Edit(self.module, source, new.decode())


def guards(module: str) -> tuple[Guard, ...]:
    """Return the guards of a module in the order of the source.

    Raises:
        StaleMutantError: there is no such module.
    """
    source = source_of(module)
    starts = [0]
    for line in source.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    found: dict[tuple[tuple[int, int], str], Guard] = {}
    for function, node, whole, constants in _conditions(ast.parse(source)):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        span = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        text = ast.unparse(node)
        for constant in constants:
            found.setdefault((span, constant), Guard(module, function, text, whole, constant, 1, node.lineno, span))
    return tuple(_numbered(sorted(found.values(), key=lambda guard: (guard.span, guard.constant))))


def _numbered(found: list[Guard]) -> Iterator[Guard]:
    seen: Counter[str] = Counter()
    for guard in found:
        seen[guard.name] += 1
        yield guard._replace(nth=seen[guard.name])


_BOTH = ("False", "True")


def _conditions(tree: ast.Module) -> Iterator[tuple[str, ast.expr, str, tuple[str, ...]]]:
    """Yield (function, guard, what it is a part of, the constants that drop it); outer ones before inner ones."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            match node:
                case ast.If(test=test) | ast.IfExp(test=test):
                    yield function.name, test, ast.unparse(test), _BOTH
                case ast.BoolOp(op=op, values=values):
                    neutral = "True" if isinstance(op, ast.And) else "False"
                    for value in values:
                        yield function.name, value, ast.unparse(node), (neutral,)
                case ast.comprehension(ifs=ifs):
                    for test in ifs:
                        yield function.name, test, ast.unparse(test), ("True",)
                case ast.match_case(guard=ast.expr() as test):
                    yield function.name, test, ast.unparse(test), ("True",)
                case _:
                    pass


def line_of(guard: Guard, root: Path) -> str:
    """Return where the guard stands, as an editor opens it."""
    path = root.joinpath(*guard.module.split(".")).with_suffix(".py")
    return f"{path.relative_to(root)}:{guard.line}"
