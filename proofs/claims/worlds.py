"""I1-I23, L1-L12 and every further predicate that a model evaluates, from the register, the models and their pins."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from proofs.claims import Claim
from proofs.claims.places import checking, predicates, searched
from proofs.claims.wrong import test
from spec.models.progress import PROPERTIES
from spec.mutants.catalogue import MUTANTS
from spec.register import INVARIANTS, LIVENESS

EVERY: Final = "spec/test_models.py::test_every_interleaving_holds"
WELL: Final = "spec/test_liveness.py::test_everything_gets_well_in_the_end"
_WRONG: Final = "test_a_wrong_version_of_the_machine_is_found"
NAMED: Final = 3
"""How many wrong versions of a predicate the table names; there may be more."""
BY_TEST: Final = {
    "leaderElectionSafety": test("spec/test_lease.py::test_a_lead_one_tick_longer_than_the_drift_allows_is_found"),
    "reconcileStepValid": test(f"spec/test_reconcile.py::{_WRONG}[the round does not move on]"),
    "noForeignAdoption": test(f"spec/test_reconcile.py::{_WRONG}[a foreign object is adopted]"),
    "observed": test(
        "spec/test_failover.py::test_the_operators_own_predicates_see_a_service_that_leads_astray",
    ),
    "electorateSound": "law promise_is_less_than_the_pods",
}
"""Where a wrong version is found by a test of its own."""


def _claim(label: str, name: str) -> Claim:
    found = [predicate for predicate in predicates() if predicate.name == name]
    wrong = [mutant.name for mutant in MUTANTS if name in mutant.killer.by and not mutant.equivalent][:NAMED]
    if name in BY_TEST:
        wrong.append(BY_TEST[name])
    entries = checking(name)
    worlds = {entry.name.partition(":")[0] for entry in entries}
    assumed = ("worlds", "bounds", "search", *(("clocks",) if worlds == {"lease"} else ("faults",)))
    tests = tuple(f"{EVERY}[{entry.name}]" for entry in entries)
    return Claim(
        label,
        " ".join(dict.fromkeys(predicate.text for predicate in found)),
        tuple(predicate.place for predicate in found),
        searched(name) if entries else "evaluated on every live view, and in every model as `observed`",
        tests or (f"{EVERY}[failover: crash and lost answer]",),
        tuple(wrong),
        assumed,
    )


def _invariants() -> Iterator[Claim]:
    known = set[str]()
    for number, names in INVARIANTS.items():
        for name in names:
            known.add(name)
            yield _claim(f"I{number} {name}", name)
    for name in dict.fromkeys(predicate.name for predicate in predicates()):
        if name not in known:
            yield _claim(name, name)


class _Sooner(NamedTuple):
    """An item of liveness: predicates, what is claimed, tests, wrong versions that never get there."""

    places: tuple[str, ...]
    text: str
    tests: tuple[str, ...]
    mutants: tuple[str, ...]
    shown: str = "every weakly fair run in the whole graph of models that run to their end"


_LATE: Final = "spec/test_liveness.py::test_what_is_wrong_only_in_the_long_run_is_found"
_GIVEN_UP: Final = test(f"{_LATE}[a failover that was left behind is not resumed]")
_CUT_OFF: Final = test(f"{_LATE}[a replica that finds no way to its primary is not told again]")
_UNSEEN: Final = test(f"{_LATE}[nobody looks at the primary]")
_UNTOLD: Final = test(f"{_LATE}[a watch may stop for ever]")
_NO_WAY: Final = test("spec/test_reconcile.py::test_a_machine_that_overlooks_drift_has_no_way")
_SETTLES: Final = "spec/test_reconcile.py::test_everything_becomes_as_the_spec_says_for_good"
_IN: Final = "spec.models.progress"
_MEANING: Final = {wanted.name: wanted.meaning for wanted in PROPERTIES}
_SOONER: Final[dict[int, _Sooner]] = {
    1: _Sooner(
        (f"{_IN}:whole", "spec.models.reconcile:as_asked"),
        "A cluster that faults leave alone becomes served, whole and as its spec asks, and stays so.",
        (WELL, _SETTLES),
        (_GIVEN_UP, _NO_WAY),
    ),
    2: _Sooner(
        (f"{_IN}:counted", "spec.models.reconcile:as_asked"),
        _MEANING["recordMatches"],
        (WELL, _SETTLES),
        (_UNTOLD, _NO_WAY),
    ),
    3: _Sooner(
        (f"{_IN}:idle", "spec.models.promises:rounds_end"),
        _MEANING["roundsEnd"],
        (WELL,),
        ("a slow target is waited for without end", "levels are waited for without end"),
    ),
    4: _Sooner((f"{_IN}:served",), _MEANING["failedMasterReplaced"], (WELL,), (_GIVEN_UP, _UNSEEN)),
    5: _Sooner((f"{_IN}:suspected",), _MEANING["failedNodeDetected"], (WELL,), (_UNSEEN,)),
    6: _Sooner(
        ("gungnir.machines.reconcile:rank", "spec.models.promises:rounds_end"),
        "Each step of a reconcile round lowers its rank; rounds of the other machines have a longest length.",
        ("proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[steps]", f"{EVERY}[alone: failover]"),
        ("law a_reconcile_round_comes_to_its_end", "candidates are given up without end"),
        "CrossHair for reconcile; the longest round of the others under every reply",
    ),
    7: _Sooner(
        ("spec.invariants:no_zombie_effect",),
        "What arrives late, or never, does no harm: no network must ever deliver.",
        (EVERY,),
        ("a command of an ended epoch has an effect",),
        searched("noZombieEffect"),
    ),
    8: _Sooner(
        ("spec.models.lease:somebody_leads",),
        "However an operator ended, there is a way to a leader from every state.",
        ("spec/test_lease.py::test_there_is_always_a_way_to_a_leader",),
        (test("spec/test_lease.py::test_a_way_that_is_blocked_is_found"),),
        "a way is looked for from every state of three models of the lease",
    ),
    9: _Sooner((f"{_IN}:current",), _MEANING["cachesCurrent"], (WELL,), (_UNTOLD,)),
    10: _Sooner((f"{_IN}:whole",), _MEANING["oldMasterRejoins"], (WELL,), (_CUT_OFF,)),
    11: _Sooner((f"{_IN}:served",), _MEANING["noFlap"], (WELL,), (_GIVEN_UP, _UNSEEN)),
    12: _Sooner(
        ("spec.models.reconcile:as_asked",),
        "The objects of a cluster that is deleted go with it, those of any other become as asked for, and stay so.",
        (_SETTLES, "spec/test_reconcile.py::test_there_is_always_a_way_to_what_the_spec_says"),
        (_NO_WAY, "a template that drifted is left"),
    ),
}


def _liveness() -> Iterator[Claim]:
    for number, (places, text, tests, mutants, shown) in _SOONER.items():
        but = LIVENESS[number].but
        yield Claim(
            f"L{number}",
            text.removesuffix(f" (L{number}).").removesuffix(".") + ".",
            places,
            f"{shown}; not said: {but}" if but else shown,
            tests,
            mutants,
            ("fairness", "worlds", "bounds"),
        )


CLAIMS: Final[tuple[Claim, ...]] = (*_invariants(), *_liveness())
