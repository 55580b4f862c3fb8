"""What machines observe in the models: each aspect (``spec.observed``) that a quick one reaches, in observations.json.

A running operator observes nothing else (``spec.replay``), but for what the models leave out: that is listed here, each
with the reason. What is listed, and reached by a model all the same, has a stale reason
(``spec/test_observations.py``).
``spec.observing`` makes the file.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from gungnir.machines.requests import Reply
from spec.observed import aspects

FILE: Final = Path(__file__).with_name("observations.json")
_WHO: Final = "(the primary(|'s name|'s next process)|counted|not counted|left out)"
_UNDER_WAY: Final = "intent (Fencing|Promoting|Reconfiguring)"
OUTSIDE: Final[Mapping[str, str]] = {
    r"repair (Label|End|Configure|Grow): .*": "the worlds show labels, sizes and pods that leave as repair wants them",
    r"(failover|repair|switchover|scale-down) \w+: NotFound": "in these worlds nobody deletes an object",
    rf"view: Service absent, {_UNDER_WAY}": "in these worlds nobody deletes an object",
    rf"{_WHO}: untried": "the worlds begin after the first look at each pod",
    rf"{_WHO}: error": "a server of the worlds answers, or is not heard",
    r"server: follows nobody, loading": "a server of the worlds is heard only once it has read its own file",
    rf"{_WHO}: \w+(, deleting|, terminated)+": "in the worlds the object of a pod is there or gone at once",
    r"reconcile \w+: ClusterSeen asked.*": "the world of owned objects has no record and no requests",
    rf"reconcile \w+: ClusterSeen.*, {_UNDER_WAY}": "the world of owned objects has none",
}
"""Patterns of what no model observes, and why."""


@cache
def reached() -> frozenset[str]:
    """Return what the quick models reach, as the file has it."""
    return frozenset(json.loads(FILE.read_text(encoding="utf-8")))


def unknown(machine: str, state: Any, reply: Reply) -> tuple[str, ...]:
    """Return what of a reply no model observes, and nothing says that it is outside of them."""
    return tuple(aspect for aspect in aspects(machine, state, reply) if not _known(aspect))


@cache
def _known(aspect: str) -> bool:
    return aspect in reached() or any(re.fullmatch(pattern, aspect) for pattern in OUTSIDE)
