"""A full copy is on a pod's disk only once a new append-only file is written; until then it would start from before.

In the models of other modules a copy is on the disk as soon as it is loaded.
"""

from typing import Final

from gungnir.machines.facts import Facts
from spec.models.failover import Model
from spec.models.scenes import copied, inherited, unattached
from spec.world import CLUSTER, Budget, Setup

_WRITES: Final = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True), rewrites=True)
_REDUCED: Final = _WRITES._replace(eager_reads=True)
_OVER: Final = ("failed over", "candidate lost", "recovery", "old primary rejoined")
_LATER: Final = ("seen whole later",)

MODELS: Final = (
    Model("two pods, both end", Budget(crash=2), copied, 2, setup=_WRITES, witnesses=(*_OVER, *_LATER)),
    Model("the only one with a write", Budget(crash=1), inherited, setup=_REDUCED, witnesses=(*_OVER[2:], *_LATER)),
    Model(
        "two pods, both end, and the operator at any step",
        Budget(crash=2, restart=1),
        copied,
        2,
        setup=_REDUCED,
        witnesses=(*_OVER, *_LATER, "stray took effect"),
    ),
    Model("two pods, one loses power", Budget(crash=1, power=1), copied, 2, setup=_WRITES, witnesses=(*_OVER, *_LATER)),
    Model("two pods, one loses its volume", Budget(crash=1, lose=1, write=1), pods=2, setup=_WRITES, witnesses=_OVER),
    Model(
        "two pods, made anew at any step",
        Budget(crash=2, recreate=1),
        copied,
        2,
        setup=_REDUCED,
        witnesses=(*_OVER, *_LATER, "began with the last primary"),
    ),
    Model("three pods, two end", Budget(crash=2), copied, setup=_WRITES, witnesses=(*_OVER, *_LATER), slow=True),
    Model(
        "the only one with a write takes another",
        Budget(crash=1, write=1),
        inherited,
        setup=_WRITES,
        witnesses=(*_OVER[2:], *_LATER),
        slow=True,
    ),
    Model(
        "from the first copies on",
        Budget(crash=1, write=1),
        unattached,
        setup=_WRITES,
        witnesses=("failed over", *_OVER[2:], *_LATER),
        slow=True,
    ),
    Model(
        "two pods, both end, and answers are lost",
        Budget(crash=2, message=1),
        copied,
        2,
        setup=_WRITES,
        witnesses=(*_OVER, *_LATER),
        slow=True,
    ),
    Model("two pods, two operators", Budget(crash=2), copied, 2, operators=2, setup=_REDUCED, slow=True),
    Model("a replica is away", Budget(crash=2), copied, setup=_REDUCED._replace(releases=True), slow=True),
)
