"""Worlds in which a replica is away for long: lost for good, cut off, or back again at any step.

Every world shows a pod that does not answer as away for long enough at once: when the release begins is left open.
"""

from typing import Final

from gungnir.machines.facts import Facts
from spec.models.failover import Model
from spec.models.scenes import bereaved, bereaved_and_haunted, bereaved_of_two, heir_behind, out_of_sight, parted
from spec.world import CLUSTER, Budget, Setup

_AWAY: Final = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True), releases=True)
_LAST_GONE: Final = _AWAY._replace(gone=1 << 2)
_RELEASED: Final = ("release", "left out", "forgotten")
_BY_THE_REST: Final = (*_RELEASED, "failed over by the rest")
_BACK: Final = (*_RELEASED, "admitted again")

MODELS: Final = (
    Model(
        "lost for good, then the primary with its volume",
        Budget(lose=1, write=1),
        bereaved,
        setup=_LAST_GONE,
        witnesses=_BY_THE_REST,
    ),
    Model(
        "lost for good, then the primary, and the operator at any step",
        Budget(lose=1, restart=1),
        bereaved,
        setup=_LAST_GONE,
        witnesses=_BY_THE_REST,
    ),
    Model(
        "lost for good, then another one",
        Budget(crash=1, write=1),
        bereaved,
        setup=_AWAY._replace(gone=1 << 2 | 1 << 1),
        witnesses=_BY_THE_REST,
    ),
    Model(
        "back at any step, the operator ends at any step",
        Budget(restart=1, write=1),
        bereaved,
        setup=_AWAY,
        witnesses=(*_BACK, "stray took effect"),
    ),
    Model(
        "back at any step, answers are lost",
        Budget(message=1, write=1),
        bereaved,
        setup=_AWAY,
        witnesses=(*_BACK, "stray took effect"),
    ),
    Model(
        "the only one with a write, and the primary is lost",
        Budget(lose=1),
        heir_behind,
        setup=_AWAY,
        witnesses=(*_BACK, "failed over by the rest"),
    ),
    Model(
        "attached, and out of the operators' sight",
        Budget(lose=1, write=1),
        out_of_sight,
        setup=_AWAY,
        witnesses=(*_BACK, "failed over by the rest"),
        slow=True,
    ),
    Model(
        "five pods, two lost for good at once",
        Budget(crash=1),
        bereaved_of_two,
        5,
        setup=_AWAY._replace(gone=1 << 4 | 1 << 3),
        witnesses=_BY_THE_REST,
    ),
    Model(
        "four pods, two lost at once and back at any step",
        Budget(restart=1),
        bereaved_of_two,
        4,
        setup=_AWAY,
        witnesses=_BACK,
    ),
    Model(
        "back at any step, and the primary is lost",
        Budget(lose=1, write=1),
        bereaved,
        setup=_AWAY,
        witnesses=(*_BACK, "failed over by the rest"),
        slow=True,
    ),
    Model(
        "cut off and back, and the primary is lost",
        Budget(lose=1, write=1),
        parted,
        setup=_AWAY,
        witnesses=(*_BACK, "failed over by the rest"),
        slow=True,
    ),
    Model(
        "cut off and back, the operator ends at any step",
        Budget(restart=1, write=1),
        parted,
        setup=_AWAY,
        witnesses=_BACK,
        slow=True,
    ),
    Model(
        "a late order to follow, and lost answers",
        Budget(message=1, write=1),
        bereaved_and_haunted,
        setup=_AWAY,
        witnesses=(*_BACK, "stray took effect"),
        slow=True,
    ),
    Model(
        "a late order to follow, and the primary is lost",
        Budget(lose=1, write=1),
        bereaved_and_haunted,
        setup=_AWAY,
        witnesses=(*_BACK, "failed over by the rest"),
        slow=True,
    ),
    Model(
        "lost for good, then the primary with its volume, two operators",
        Budget(lose=1),
        bereaved,
        operators=2,
        setup=_LAST_GONE._replace(eager_reads=True),
        witnesses=(*_BY_THE_REST, "conflict"),
        slow=True,
    ),
    Model(
        "four pods, one lost for good, then the primary",
        Budget(lose=1),
        bereaved,
        4,
        setup=_AWAY._replace(gone=1 << 3),
        witnesses=_BY_THE_REST,
        slow=True,
    ),
)
