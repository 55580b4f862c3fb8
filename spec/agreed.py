"""Numbers for the values of components that two processes agree on, although each meets the values in its own order.

Each process numbers the values as it meets them (``footprint.Table``); these numbers mean nothing to the other one. Now
and then both tell each other which values are new, and number all of them in the same order: first those of process 0,
then those of process 1. Keys and messages are made of the agreed numbers.
"""

from typing import Any, Final

from spec.footprint import Ids, mark
from spec.space import MASK, Space

Values = list[list[object]]
"""Of each table, values in the order in which a process met them."""


class Agreed:
    """The agreement as one process keeps it, beside its space."""

    def __init__(self, space: Space[Any]) -> None:
        """Agree on nothing yet."""
        self._space: Final = space
        tables = {id(table): table for table in space.layout.tables}
        self._tables: Final = list(tables.values())
        order = list(tables)
        self._of: Final = tuple(order.index(id(table)) for table in space.layout.tables)
        self._agreed: list[list[int]] = [[] for _ in self._tables]
        """Of each table, the agreed number for each number of this process."""
        self._mine: list[list[int]] = [[] for _ in self._tables]
        """Of each table, this process's number for each agreed one."""
        self._marks: list[list[int]] = [[] for _ in self._tables]
        self._alike: dict[Ids, int] = {}

    def fresh(self) -> Values:
        """Return the values that this process met since both agreed last."""
        return [table.values[len(known) :] for table, known in zip(self._tables, self._agreed, strict=True)]

    def agree(self, of_first: Values, of_second: Values) -> None:
        """Number the values that are new to either; both processes must call this with the same arguments."""
        for number, values in enumerate(zip(of_first, of_second, strict=True)):
            for value in (*values[0], *values[1]):
                self._add(number, value)

    def _add(self, number: int, value: object) -> None:
        table, agreed, mine = self._tables[number], self._agreed[number], self._mine[number]
        here = table.number(value)
        agreed.extend([-1] * (here + 1 - len(agreed)))
        if agreed[here] < 0:
            agreed[here] = len(mine)
            self._marks[number].append(mark(table.name.encode(), len(mine)))
            mine.append(here)

    def told(self, ids: Ids) -> Ids:
        """Return the agreed numbers of a state, whose values must all be agreed."""
        return tuple([self._agreed[table][here] for table, here in zip(self._of, ids, strict=True)])

    def heard(self, numbers: Ids) -> Ids:
        """Return this process's numbers for a state that was told."""
        return tuple([self._mine[table][number] for table, number in zip(self._of, numbers, strict=True)])

    def key(self, numbers: Ids) -> int:
        """Return 64 bits that tell this state from others; as ``Space.key``, and the same in both processes."""
        total = sum([self._marks[self._of[component]][numbers[component]] for component in self._space.single])
        together = self._space.together
        if together:
            part = tuple([numbers[component] for component in together])
            found = self._alike.get(part)
            if found is None:
                table = self._of[together[0]]
                beside = self._tables[table].values[self._mine[table][part[0]]]
                found = self._alike[part] = self._space.exchangeable(part[1:], beside)
            total += found
        return total & MASK
