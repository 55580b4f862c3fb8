"""The last of three pods is to go, and is primary: the operator asks for a handover, while things go wrong.

How often it asks again is the runtime's pace, so each model says how often it may. What may not happen is in
``spec.invariants``; that the role moves in the end, and that the scale-down then goes on, in
``spec/test_scale_down.py``.
"""

from typing import Final

from spec.models.failover import Model
from spec.models.scenes import outgrown
from spec.models.switchover import SETUP as _PEOPLE
from spec.world import Budget

_SETUP: Final = _PEOPLE._replace(facts=_PEOPLE.facts._replace(asked=2))
_OVER: Final = ("handed over",)
_BOTH: Final = ("handed over", "refused")

MODELS: Final = (
    Model("too many by one", Budget(file=1), outgrown, setup=_SETUP, witnesses=_OVER),
    Model(
        "too many, asked twice while a client writes", Budget(file=2, write=1), outgrown, setup=_SETUP, witnesses=_OVER
    ),
    Model("too many, and an operator's end", Budget(file=1, restart=1), outgrown, setup=_SETUP, witnesses=_OVER),
    Model("too many, and a lost answer", Budget(file=1, message=1), outgrown, setup=_SETUP, witnesses=_OVER),
    Model("too many, and a request", Budget(file=1, ask=1), outgrown, setup=_SETUP, witnesses=_BOTH),
    Model("too many, and a crash", Budget(file=1, crash=1), outgrown, setup=_SETUP, witnesses=_BOTH),
    Model("too many, and two operators", Budget(file=1), outgrown, operators=2, setup=_SETUP, witnesses=_OVER),
    Model(
        "too many, two requests and a lost answer",
        Budget(file=1, ask=2, message=1),
        outgrown,
        setup=_SETUP,
        witnesses=_BOTH,
        slow=True,
    ),
    Model(
        "too many, a write and a crash",
        Budget(file=2, write=1, crash=1),
        outgrown,
        setup=_SETUP,
        witnesses=_BOTH,
        slow=True,
    ),
)
