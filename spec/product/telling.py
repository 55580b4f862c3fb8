"""What a run of the product showed: its story, and what its witnesses are."""

from collections.abc import Sequence
from typing import Final

from gungnir.machines.requests import Conflict, PutService, PutTemplate, UpdateOwned
from spec.product.moves import OBJECTS, PODS, Move
from spec.product.world import SERVICE, WORKLOAD, Product
from spec.story import changes, deed

WRITERS: Final = {OBJECTS: "reconcile", PODS: "failover"}
BETWEEN_MACHINES: Final = ("reconcile ran into a write of failover", "failover ran into a write of reconcile")
OVER: Final = "a failover is over"
OVER_BESIDE: Final = "a failover is over while a reconcile round is under way"
OVER_BY_ANOTHER: Final = "a failover is over that another leader had begun"


def told(first: Product, moves: Sequence[Move]) -> str:
    """Return the story of a run: who did what, and what that changed."""
    lines, before = ["at first:", *_parts(first)], first
    for number, move in enumerate(moves, 1):
        lines.append(f"{number:3}. {deed(move.label._replace(name=move.name))}")
        lines.extend(_differences(before, move.after))
        before = move.after
    return "\n".join(lines)


def _parts(product: Product) -> list[str]:
    return [f"    {line}" for line in (*product.objects.shown(), *product.lease.shown())]


def _differences(before: Product, after: Product) -> list[str]:
    known = set(_parts(before))
    same = len(before.world.pods) == len(after.world.pods)
    return [
        *(changes(before.world, after.world) if same else ["       another pod"]),
        *(f"   {line}" for line in _parts(after) if line not in known),
    ]


class Witness:
    """What happened in one run that only a product can show. Told of every step."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._wrote: dict[str, str] = {}
        self._began: dict[int, int] = {}

    def of(self, before: Product, move: Move) -> tuple[str, ...]:
        """Return what this step shows."""
        return (*self._conflicts(before, move), *self._failover(before, move))

    def _conflicts(self, before: Product, move: Move) -> tuple[str, ...]:
        after, shown = move.after, ""
        what = move.label.what
        answered = isinstance(what, tuple) and len(what) > 1 and isinstance(what[1], Conflict)
        if answered and isinstance(what, tuple) and move.part in WRITERS:
            writer = self._wrote.get(_kind_of(what[0]), "")
            if writer not in ("", WRITERS.get(move.part)):
                shown = f"{WRITERS.get(move.part)} ran into a write of {writer}"
        for kind, was, now in zip(after.objects.kinds, before.objects.objects, after.objects.objects, strict=True):
            if was != now:
                self._wrote[kind] = WRITERS.get(move.part, "") if move.label.name in ("api", "stray") else "somebody"
        if before.world.api.told != after.world.api.told:
            self._wrote["cluster"] = WRITERS[OBJECTS]
        elif before.world.api.record != after.world.api.record:
            self._wrote["cluster"] = WRITERS[PODS]
        return (shown,) if shown else ()

    def _failover(self, before: Product, move: Move) -> tuple[str, ...]:
        was, now = before.world.api.record, move.after.world.api.record
        shown: list[str] = []
        if now.epoch > was.epoch:
            self._began[now.epoch] = move.who
        if was.intent is None or now.intent is not None or move.who < 0:
            return ()
        if now.epoch > 1:
            shown.append(OVER)
            if any(side.worker.state is not None for side in move.after.sides):
                shown.append(OVER_BESIDE)
            if self._began.get(now.epoch, move.who) not in (move.who, -1):
                shown.append(OVER_BY_ANOTHER)
        return tuple(shown)


def _kind_of(request: object) -> str:
    match request:
        case PutService():
            return SERVICE
        case PutTemplate():
            return WORKLOAD
        case UpdateOwned(kind, _):
            return kind
        case _:
            return "cluster"
