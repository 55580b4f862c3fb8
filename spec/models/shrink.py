"""Worlds in which the object of the last pod is gone, and its process lives on and confirms writes.

That is what a node does that is cut off from the control plane alone when its pod is deleted by force: after a
scale-down, or to be replaced by another pod of the same name.
"""

from typing import Final

from gungnir.machines.facts import Facts
from spec import invariants
from spec.models.failover import Model
from spec.models.scenes import shrunk, shrunk_and_haunted, succeeded
from spec.world import CLUSTER, Budget, Setup

_SETUP: Final = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True))
_THIRD: Final = _SETUP._replace(departed=1 << 2, unreported=1 << 2)
_FOURTH: Final = _SETUP._replace(departed=1 << 3, unreported=1 << 3)
_REPLACED: Final = _SETUP._replace(departed=1 << 3, unreported=1 << 3 | 1 << 2)
_ONE_OF_TWO: Final = _SETUP._replace(departed=1 << 2, unreported=1 << 2 | 1 << 1)
_BUT_NAMES: Final = tuple(
    name for name, _ in (*invariants.always(_SETUP), *invariants.ON_STEP) if name != "followersCounted"
)
"""In the world the former process of a name is a pod of another one: who counts cannot be compared by names."""
_RELEASED: Final = ("release", "left out", "forgotten", "failed over by the rest")

MODELS: Final = (
    Model("to two, then the primary", Budget(lose=1, write=1), shrunk, 2, setup=_THIRD, witnesses=_RELEASED),
    Model("to two, then two pods", Budget(crash=2, write=1), shrunk, 2, setup=_THIRD, witnesses=_RELEASED, slow=True),
    Model(
        "to two, the operator ends at any step",
        Budget(restart=1, crash=1, write=1),
        shrunk,
        2,
        setup=_THIRD,
        witnesses=(*_RELEASED, "stray took effect"),
    ),
    Model(
        "to two, answers are lost",
        Budget(message=1, lose=1, write=1),
        shrunk,
        2,
        setup=_THIRD,
        witnesses=(*_RELEASED, "stray took effect"),
    ),
    Model(
        "to two, and a late order to follow is under way to the third",
        Budget(lose=1, write=1),
        shrunk_and_haunted,
        2,
        setup=_THIRD,
        witnesses=(*_RELEASED, "stray took effect"),
    ),
    Model(
        "to three, then the primary",
        Budget(lose=1, write=1),
        shrunk,
        setup=_FOURTH,
        witnesses=_RELEASED,
        slow=True,
    ),
    Model(
        "to two, by two operators",
        Budget(lose=1),
        shrunk,
        2,
        operators=2,
        setup=_THIRD._replace(eager_reads=True),
        witnesses=(*_RELEASED, "conflict"),
        slow=True,
    ),
    Model(
        "one of two is replaced by force",
        Budget(crash=1, write=1),
        succeeded,
        2,
        setup=_ONE_OF_TWO,
        witnesses=_RELEASED,
        only=_BUT_NAMES,
    ),
    Model(
        "one of three is replaced by force, then the primary",
        Budget(lose=1, write=1),
        succeeded,
        setup=_REPLACED,
        witnesses=_RELEASED,
        only=_BUT_NAMES,
        slow=True,
    ),
)
