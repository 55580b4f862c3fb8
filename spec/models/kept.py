"""A cluster is deleted, its volumes are kept, and one of its name is made anew: it begins with what was confirmed.

The deletion comes at any step: while a failover goes on, before anyone followed, in the middle of beginning anew.
"""

from typing import Final

from gungnir.machines.facts import Facts
from spec.models.failover import Model
from spec.models.scenes import bereft, busy, deposed, grown, lagging
from spec.world import CLUSTER, Budget, Setup

_REDUCED: Final = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True), eager_reads=True)
_BEGAN: Final = ("began with the last primary",)
_ANOTHER: Final = (*_BEGAN, "began with another pod than the first")

MODELS: Final = (
    Model("at any step of a failover", Budget(crash=1, recreate=1), setup=_REDUCED, witnesses=_ANOTHER),
    Model("a volume is lost", Budget(lose=1, recreate=1), witnesses=_BEGAN),
    Model("again while it begins", Budget(recreate=2), witnesses=_BEGAN),
    Model("a pod was never in sync", Budget(recreate=1, write=1), grown, witnesses=_BEGAN),
    Model("a former primary has writes of its own", Budget(recreate=1), deposed, witnesses=_ANOTHER),
    Model("the volume of the last primary is lost", Budget(recreate=1), bereft),
    Model("a replica lags", Budget(recreate=1), lagging, witnesses=_ANOTHER),
    Model("a node loses power", Budget(power=1, recreate=1), busy, witnesses=_BEGAN),
    Model("at any step, with a write", Budget(crash=1, recreate=1, write=1), witnesses=_ANOTHER, slow=True),
    Model("a pod was never in sync, and one ends", Budget(crash=1, recreate=1, write=1), grown, slow=True),
    Model("a replica lags, and a pod ends", Budget(crash=1, recreate=1), lagging, witnesses=_ANOTHER, slow=True),
)
