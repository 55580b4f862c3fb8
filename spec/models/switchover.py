"""The switchover machine beside failover and repair: people ask for handovers while things go wrong.

An operator that was told to hold the writes of a primary may fail to, so in this world clients write on all the while.
"""

from typing import Final

from gungnir.machines.facts import Facts
from spec.models.failover import Model
from spec.world import CLUSTER, Budget, Setup

SETUP: Final = Setup(
    # One look at the target's offset, and one more: how often it is looked at decides nothing.
    Facts(CLUSTER, "uid-c", 3, 1, persistent=True, catch_up_ms=5),
    counters_in_view=True,
    eager_reads=True,
)
_BOTH: Final = ("handed over", "refused")

MODELS: Final = (
    Model("a request", Budget(ask=1), setup=SETUP, witnesses=_BOTH),
    Model("two requests", Budget(ask=2), setup=SETUP, witnesses=_BOTH),
    Model("a request and an operator's end", Budget(ask=1, restart=1), setup=SETUP, witnesses=_BOTH),
    Model("a request and a lost answer", Budget(ask=1, message=1), setup=SETUP, witnesses=_BOTH),
    Model("two requests and a lost answer", Budget(ask=2, message=1), setup=SETUP, witnesses=_BOTH, slow=True),
    Model("a request, a write and a crash", Budget(ask=1, crash=1, write=1), setup=SETUP, witnesses=_BOTH, slow=True),
    # Somebody takes a request back and makes it again: what is decided on it may still be stored.
    Model("three requests", Budget(ask=3), setup=SETUP, witnesses=_BOTH, slow=True),
    Model("two requests to two operators", Budget(ask=2), operators=2, setup=SETUP, witnesses=_BOTH, slow=True),
    Model("two requests and two ends", Budget(ask=2, restart=2), setup=SETUP, witnesses=_BOTH, slow=True),
    Model("a request and a cut", Budget(ask=1, isolate=1, write=1), setup=SETUP, witnesses=_BOTH, slow=True),
)
