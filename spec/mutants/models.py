"""The worlds that mutants are looked for in, by name: small ones, each with the one fault that it is about."""

from typing import Final

from gungnir.machines.facts import Facts
from spec.models import catalogue
from spec.models.catalogue import Entry, of_pods
from spec.models.failover import Model
from spec.models.scenes import (
    booting,
    deposed,
    deposed_and_counted,
    grown,
    half_gone,
    half_voted,
    haunted_vote,
    lagging,
    led_astray,
    unattached,
    unheard,
)
from spec.world import CLUSTER, Budget, Setup

_OVER: Final = ("failed over", "old primary rejoined")
_PLAIN: Final = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True))
_LOST: Final = ("noAckedWriteLost",)
_AGAIN: Final = (*_OVER, "candidate lost", "recovery", "other process")

_ALL: Final = (
    Model("first start", Budget(), booting),
    Model("crash", Budget(crash=1, write=1), witnesses=(*_OVER, "write confirmed in a later epoch")),
    Model("scale-up", Budget(crash=1), grown, witnesses=_OVER),
    Model("id adopted early", Budget(crash=1), lagging, witnesses=_OVER),
    Model("deposed", Budget(crash=1), deposed_and_counted, witnesses=("old primary rejoined",)),
    Model("isolated", Budget(isolate=1, write=1), witnesses=_OVER),
    Model("lost answer", Budget(crash=1, message=1), witnesses=(*_OVER, "conflict", "stray took effect")),
    Model("restarted operator", Budget(crash=1, restart=1), witnesses=(*_OVER, "conflict", "stray took effect")),
    Model("power", Budget(power=1, write=1), witnesses=_OVER),
    Model("two crashes", Budget(crash=2), witnesses=_AGAIN),
    Model("crash and lost volume", Budget(crash=1, lose=1), witnesses=_AGAIN),
    Model("four pods", Budget(), led_astray, 4, 2, witnesses=("failed over",)),
    Model("half gone", Budget(crash=1), half_gone, witnesses=_AGAIN),
    Model("crash of pod and power", Budget(crash=1, power=1), witnesses=_AGAIN),
    Model("late order", Budget(crash=1, write=1), haunted_vote, witnesses=("failed over",)),
    Model(
        "primary that came back loses power",
        Budget(power=1),
        half_gone,
        setup=_PLAIN._replace(kubelet_lags=True, gone=1 << 1),
        witnesses=("recovery",),
    ),
    Model("back", Budget(unwritten=1, write=1), deposed),
    Model("forgetful", Budget(unwritten=1, forget=1, write=1), witnesses=_OVER),
    Model("unwritten", Budget(unwritten=1, cut_operator=1, write=1), witnesses=_OVER),
    Model("power before a copy is recorded", Budget(power=1, write=2), unattached, 2, witnesses=("recovery",)),
    Model("lost answer and a write", Budget(crash=1, message=1, write=1), witnesses=(*_OVER, "stray took effect")),
    Model("two crashes and a write", Budget(crash=2, write=1), witnesses=_AGAIN),
    Model("candidate gone", Budget(crash=2), setup=_PLAIN._replace(gone=0b111), witnesses=("candidate lost",)),
    Model("cut operator", Budget(crash=1, cut_operator=1), witnesses=_OVER),
    Model("cut peers", Budget(crash=1, cut_peers=1), witnesses=_OVER),
    Model("replaced pod", Budget(crash=1, replace=1), witnesses=_AGAIN),
    Model("late commands", Budget(crash=1), haunted_vote, only=("noZombieEffect",)),
    Model("late vote", Budget(crash=1, message=1), only=("promotionStands",)),
    Model("P1", Budget(), led_astray, 4, 2, only=_LOST),
    Model("P3", Budget(crash=1, write=1), haunted_vote, only=_LOST),
    Model("crash, power and a write", Budget(crash=1, power=1, write=1), only=_LOST),
    # It takes its ids and its offset from a snapshot file: only that it restarted tells that it lost data.
    Model("P4", Budget(power=1), half_voted, setup=_PLAIN._replace(remembers_ids=True, gone=1), only=_LOST),
    Model("isolated, a crash and a write", Budget(isolate=1, crash=1, write=1), only=_LOST),
    Model("power and a write", Budget(power=1, write=1), only=_LOST),
    Model("G: two primaries", Budget(cut_operator=1), only=("atMostOneMaster",)),
    Model("G: an empty primary", Budget(cut_operator=1, lose=1), only=("noEmptyMasterPromoted",)),
    Model("G: a confirmed write", Budget(cut_operator=1, write=1), only=_LOST),
    Model("B: a confirmed write", Budget(write=1), unheard, only=_LOST),
)
SMALL: Final = {model.name: model for model in _ALL}
MODELS: Final[dict[str, Entry]] = {name: of_pods("mutants", model) for name, model in SMALL.items()} | catalogue.MODELS
"""Beside these, the models of the catalogue by their own names."""
