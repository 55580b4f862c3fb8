"""Find out what a function reads of a state, and remember its result for every state that is the same in that.

Rules
- A state is a NamedTuple. Each of its fields is a component; of one field (``split``) each element is one by itself.
- Equal components have equal numbers, so a state is a short tuple of small integers.
- A function is given a state that notes which components are read. It is deterministic, so for every other state that
  agrees in the components read, in the order they were read, its result is the same: that is what ``Memory`` keeps.

Nothing is declared, so nothing can be declared wrongly: what a function does not read cannot change its result, and
whatever it reads, it reads through the state it was given.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final, Generic, NoReturn, TypeVar

StateT = TypeVar("StateT")
LeafT = TypeVar("LeafT")
Ids = tuple[int, ...]


class Table:
    """Numbers for the values of one component, in order of appearance, and a random-looking 64-bit mark for each."""

    __slots__ = ("_numbers", "marks", "name", "values")

    def __init__(self, name: str) -> None:
        """Start empty. ``name`` makes the marks different from those of other tables."""
        self.name = name
        self._numbers: dict[object, int] = {}
        self.values: list[object] = []
        self.marks: list[int] = []

    def number(self, value: object) -> int:
        """Return the number of this value. As tuples, ``GetCluster()`` and ``GetService()`` are equal: types count."""
        key = (type(value), value)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.values)
            self.values.append(value)
            self.marks.append(mark(self.name.encode(), found))
        return found


def mark(name: bytes, *numbers: int) -> int:
    """Return 64 bits that look random and depend on nothing but these numbers."""
    content = b",".join(b"%d" % number for number in numbers)
    return int.from_bytes(blake2b(content, digest_size=8, person=name[:16]).digest(), "little")


class Reads:
    """What was read of one state, component by component, in order."""

    __slots__ = ("element", "elements", "of_field", "order", "origin", "seen", "split")

    def __init__(self, layout: "Layout", origin: tuple[Any, ...], element: int = -1) -> None:
        """Watch over a state with these fields; ``element``: of the split field, only this one may be looked at."""
        self.split, self.of_field = layout.split, layout.of_field
        self.elements = layout.elements if element < 0 else (layout.elements[element],)
        self.origin = origin
        self.element = element
        self.seen: set[int] = set()
        self.order: list[int] = []

    def note(self, component: int) -> None:
        """Note that a component was read."""
        if component not in self.seen:
            self.seen.add(component)
            self.order.append(component)

    def note_elements(self) -> None:
        """Note that the split field was read: all of it that may be looked at."""
        for component in self.elements:
            self.note(component)


class Hidden:
    """Stands for an element that the function at hand has no business with: anything it is asked for fails."""

    def __repr__(self) -> str:
        return "Hidden()"


HIDDEN: Final = Hidden()


class Layout:
    """How the states of one type are made of components. The elements of the ``split`` field share one table."""

    def __init__(self, first: tuple[Any, ...], split: str = "") -> None:
        """Take the type, and the number of elements, from one state."""
        state_type: Any = type(first)
        fields: tuple[str, ...] = state_type._fields
        self.state_type = state_type
        self.split = fields.index(split) if split else -1
        count = len(first[self.split]) if split else 0
        plain = [position for position in range(len(fields)) if position != self.split]
        self._position = plain
        self.of_field = {position: component for component, position in enumerate(plain)}
        self.elements = tuple(range(len(plain), len(plain) + count))
        shared = Table(split)
        self.tables = [*(Table(fields[position]) for position in plain), *(shared for _ in range(count))]
        self._plain = [table.values for table in self.tables[: len(plain)]]
        self._shared = self.tables[-1].values
        self._watched: Any = _watched_type(self.state_type, fields)
        self._pairs: dict[tuple[int, int], tuple[int, int]] = {}
        """One object for each (component, number): moves are many, and what they change is often the same."""

    def ids(self, state: tuple[Any, ...]) -> Ids:
        """Return the state as the numbers of its components."""
        return tuple(table.number(value) for table, value in zip(self.tables, self._components(state), strict=True))

    def fields(self, ids: Ids) -> tuple[Any, ...]:
        """Return the fields of the state with these components."""
        fields = [values[number] for values, number in zip(self._plain, ids, strict=False)]
        if self.split >= 0:
            fields.insert(self.split, tuple([self._shared[ids[component]] for component in self.elements]))
        return tuple(fields)

    def fields_after(self, before: tuple[Any, ...], ids: Ids, changed: Collection[int]) -> tuple[Any, ...]:
        """Return the fields of a state that differs in these components; the others are the very same objects."""
        if not changed:
            return before
        fields = list(before)
        for component in changed:
            if component in self.elements:
                fields[self.split] = tuple([self._shared[ids[other]] for other in self.elements])
            else:
                fields[self._position[component]] = self.tables[component].values[ids[component]]
        return tuple(fields)

    def state(self, ids: Ids) -> Any:
        """Return the state with these components."""
        return self.state_type._make(self.fields(ids))

    def watched(self, fields: tuple[Any, ...], element: int = -1) -> tuple[Any, Reads]:
        """Return a state that notes what is read of it."""
        if element >= 0:
            shown = tuple(value if k == element else HIDDEN for k, value in enumerate(fields[self.split]))
            fields = (*fields[: self.split], shown, *fields[self.split + 1 :])
        reads = Reads(self, fields, element)
        return _watching(self._watched, fields, reads), reads

    def changes(self, reads: Reads, after: tuple[Any, ...]) -> tuple[tuple[int, int], ...]:
        """Return (component, number) of what differs in ``after``. What was replaced unread counts as read."""
        changed: list[tuple[int, int]] = []
        for position, (was, now) in enumerate(zip(reads.origin, tuple.__iter__(after), strict=True)):
            if was is now:
                continue
            if position == self.split:
                pairs = zip(self.elements, was, now, strict=True)
            else:
                pairs = zip((self.of_field[position],), (was,), (now,), strict=True)
            for component, old, new in pairs:
                if old is HIDDEN and new is not HIDDEN:
                    raise ValueError("a function changed an element that it was not given")
                if old is not new:
                    reads.note(component)
                    number = self.tables[component].number(new)
                    if number != self.tables[component].number(old):
                        pair = (component, number)
                        changed.append(self._pairs.setdefault(pair, pair))
        return tuple(changed)

    def _components(self, state: tuple[Any, ...]) -> Iterator[object]:
        for position in self.of_field:
            yield state[position]
        if self.split >= 0:
            yield from state[self.split]


def unchanged(before: Any, after: Any, field: str) -> bool:
    """Tell whether a step left a field as it was, without reading it.

    A predicate of steps that asks this first is about the steps that touch the field, and is known at once for others.
    """
    position = before._fields.index(field)
    return tuple.__getitem__(before, position) is tuple.__getitem__(after, position)


# --- memory ---------------------------------------------------------------------------------------------------------


_NO_MORE: Final[dict[int, Any]] = {}


class Branch:
    """A point in a memory where the next component to be read decides.

    Nine in ten have one child alone, which is kept without a dict: that would be most of what a search takes.

    Attributes:
        component: Which one decides.
        first: Its number for the first child; -1 before there is one.
        child: The first child.
        more: The others, by number.
        place: Where a forest has it (forest.py); -1: nowhere.
    """

    __slots__ = ("child", "component", "first", "more", "place")

    def __init__(self, component: int) -> None:
        """Start without children."""
        self.component = component
        self.first = self.place = -1
        self.child: Any = None
        self.more = _NO_MORE

    def below(self, number: int) -> Any:
        """Return what is there for this number of the component, or None if that is not known."""
        return self.child if number == self.first else self.more.get(number)

    def put(self, number: int, node: Any) -> None:
        """Say what is there for a number for which nothing was said before."""
        if self.first < 0:
            self.first, self.child = number, node
        elif self.more is _NO_MORE:
            self.more = {number: node}
        else:
            self.more[number] = node


class Memory(Generic[LeafT]):
    """Results of one function by what it read: a tree with one component to each level, in the order of reading."""

    __slots__ = ("top",)

    def __init__(self) -> None:
        """Remember nothing."""
        self.top: Any = None

    def find(self, ids: Ids) -> LeafT | None:
        """Return the result for a state with these components, or None if it is not known."""
        node: Any = self.top
        while node.__class__ is Branch:
            number = ids[node.component]
            node = node.child if number == node.first else node.more.get(number)  # ``below``, where it takes the time
        found: LeafT | None = node
        return found

    def learn(self, ids: Ids, order: Sequence[int], leaf: LeafT) -> None:
        """Remember a result, and what was read for it.

        Raises:
            ValueError: what was read differs from another time at which all that was read before it was the same.
        """
        parent, node = None, self.top
        for component in order:
            if node is None:
                node = Branch(component)
                self._put(parent, ids, node)
            if node.__class__ is not Branch or node.component != component:
                raise ValueError("a function of a state reads something else each time: it depends on something hidden")
            parent, node = node, node.below(ids[component])
        if node is not None:
            raise ValueError("a function of a state reads less each time: it depends on something hidden")
        self._put(parent, ids, leaf)

    def _put(self, parent: Branch | None, ids: Ids, node: Any) -> None:
        if parent is None:
            self.top = node
        else:
            parent.put(ids[parent.component], node)


# --- watched states -------------------------------------------------------------------------------------------------


def _watching(watched: Any, fields: tuple[Any, ...], reads: Reads) -> Any:
    state = tuple.__new__(watched, fields)
    state.__dict__["reads"] = reads
    return state


def _watched_type(state_type: Any, fields: tuple[str, ...]) -> Any:
    """Return a subtype whose fields are noted when they are read, and which cannot be read in any other way."""

    def replace(self: Any, **changes: Any) -> Any:
        values = tuple.__iter__(self)
        made = tuple(changes.pop(field, value) for field, value in zip(fields, values, strict=True))
        if changes:
            raise TypeError(f"no such fields: {sorted(changes)}")
        return _watching(type(self), made, self.__dict__["reads"])

    def refused(*_arguments: Any) -> NoReturn:
        raise TypeError("read a state by the names of its fields: what is read of it is noted")

    members: dict[str, Any] = {field: property(_getter(position)) for position, field in enumerate(fields)}
    members["_replace"] = replace
    for name in ("__iter__", "__getitem__", "__eq__", "__ne__", "__hash__", "__contains__", "_asdict"):
        members[name] = refused
    return type(f"Watched{state_type.__name__}", (state_type,), members)


def _getter(position: int) -> Callable[[Any], Any]:
    read = tuple.__getitem__

    def get(self: Any) -> Any:
        value = read(self, position)
        reads: Reads = self.__dict__["reads"]
        if value is reads.origin[position]:
            if position == reads.split:
                reads.note_elements()
            else:
                component = reads.of_field[position]
                if component not in reads.seen:
                    reads.note(component)
        return value

    return get
