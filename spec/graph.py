"""The explored graph as arrays: what a search leaves behind for liveness.py."""

from array import array
from dataclasses import dataclass, field


@dataclass
class Graph:
    """States and edges in the order of the search: edges of state n are those from ``first[n]`` to ``first[n + 1]``.

    Attributes:
        first: For each state that was expanded, the number of its first edge; one entry more at the end.
        targets: For each edge, the state that it leads to.
        choices: For each edge, which of its state's moves it is.
        fair: For each edge, its fairness class, or -1 if it need not happen.
        marks: For each state, which of the marked predicates hold, as a bit mask.
        enabled: For each state, the fairness classes that have a move there, as a bit mask.
        classes: Names of the fairness classes.
        strong: Those of them that are strongly fair, as a bit mask; the others are weakly fair.
    """

    first: "array[int]" = field(default_factory=lambda: array("L", [0]))
    targets: "array[int]" = field(default_factory=lambda: array("L"))
    choices: "array[int]" = field(default_factory=lambda: array("H"))
    fair: "array[int]" = field(default_factory=lambda: array("h"))
    marks: "array[int]" = field(default_factory=lambda: array("L"))
    enabled: list[int] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    strong: int = 0
    _mask: int = 0

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.marks)

    def add_state(self, mark: int) -> None:
        """Add the next state."""
        self.marks.append(mark)

    def add_edge(self, target: int, choice: int, fair: int) -> None:
        """Add an edge out of the state that is being expanded."""
        self.targets.append(target)
        self.choices.append(choice)
        self.fair.append(fair)
        if fair >= 0:
            self._mask |= 1 << fair

    def end_state(self) -> None:
        """Note that all edges of a state were added: the next ones belong to the next state."""
        self.first.append(len(self.targets))
        self.enabled.append(self._mask)
        self._mask = 0
