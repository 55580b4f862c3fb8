"""The laws (CrossHair), what has no bound (z3), and the protocol for any number of pods, from their own tables."""

from collections.abc import Iterator
from typing import Final

from proofs.claims import Claim
from proofs.claims import wrong as version
from proofs.claims.places import called, enclosing
from proofs.laws import all_laws
from proofs.parametric.guards import GUARDS
from proofs.parametric.invariant import INVARIANT
from proofs.parametric.mutants import BEYOND, IMPLIED
from proofs.parametric.relation import ACTIONS
from proofs.parametric.safety import SAFETY
from proofs.unbounded.catalogue import PROOFS
from proofs.wrong import WRONG

LAWS: Final = "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths"
BOUNDLESS: Final = "proofs/test_unbounded.py::test_a_claim_without_bound_is_proved"
ANY_N: Final = "proofs/parametric"
_OF: Final[dict[str, tuple[str, ...]]] = {
    "order": ("gungnir.machines.selection:better",),
    "fold": ("gungnir.machines.selection:best",),
    "data": ("gungnir.machines.selection:better",),
    "quorum": ("gungnir.machines.selection:votes_needed",),
    "epochs": ("gungnir.machines.epochs:claim", "gungnir.machines.epochs:promoted"),
    "lease": ("gungnir.machines.lease:leads", "gungnir.machines.lease:step"),
}
"""The production functions that the formulas of a proof transcribe, and are compared with."""


def _laws() -> Iterator[Claim]:
    for law in all_laws():
        yield Claim(
            version.law(law.name),
            law.claim,
            called(law) or tuple(enclosing(each.edit) for each in WRONG if law.name in each.laws),
            "CrossHair, over all paths: for all integers and truth values that its `pre` allows",
            (f"{LAWS}[{law.module}]",),
            (version.law(law.name),),
            ("numbers", "tools"),
        )


def _boundless() -> Iterator[Claim]:
    for proof in PROOFS:
        yield Claim(
            f"z3 {proof.name}",
            proof.claim,
            _OF[proof.name],
            "z3, without a bound; the formula compared with the code on every value of a small domain",
            (f"{BOUNDLESS}[{proof.name}]",),
            (version.proof(proof.name),),
            ("numbers", "tools", *(("clocks",) if proof.name == "lease" else ())),
        )


_NEEDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "one promotion per epoch": (("promote", "frozen"),),
    "one primary per epoch": (("promote", "frozen"), ("promote", "same process")),
    "only the newest collects acks": (("freeze by quorum", "enough"), ("follow", "fence")),
    "every primary holds every acknowledged write": (
        ("freeze by quorum", "enough"),
        ("freeze by quorum", "then offset"),
        ("vote", "detached"),
    ),
    "every candidate holds every acknowledged write": (("freeze by quorum", "all voted"), ("vote", "member")),
    "nothing above the record": (("raise", "fence"), ("detach", "fence")),
}
"""Guards without which the invariant that implies a property is lost, in states that walks reach."""


def _any_number() -> Iterator[Claim]:
    shown = f"z3, for any number of pods, epochs and writes: {len(ACTIONS)} actions keep {len(INVARIANT)} conjuncts"
    for conjunct in SAFETY:
        yield Claim(
            f"any N: {conjunct.name}",
            conjunct.sentence,
            ("proofs.parametric.safety:SAFETY", "proofs.parametric.invariant:INVARIANT"),
            f"{shown}, and these imply it",
            (
                f"{ANY_N}/test_proof.py::test_the_invariant_implies_what_is_promised",
                f"{ANY_N}/test_proof.py::test_an_action_keeps_the_invariant",
                f"{ANY_N}/test_proof.py::test_a_lineage_begins_within_the_invariant",
            ),
            tuple(version.guard(*key) for key in _NEEDS[conjunct.name]),
            ("any-N", "any-N gaps", "valkey", "api-server", "tools"),
        )
    yield Claim(
        "any N: nothing is taken back",
        "No action lowers the stored epoch or a fence, changes a frozen candidate, or takes an ack back.",
        ("proofs.parametric.checks:Proof",),
        shown,
        (f"{ANY_N}/test_proof.py::test_no_action_takes_back_an_epoch_a_candidate_or_an_ack",),
        (version.guard("claim", "CAS"),),
        ("any-N", "any-N gaps", "tools"),
    )
    yield Claim(
        "any N: production takes its steps",
        (
            "Every explored step of the production functions is a stutter or actions of the relation "
            "with their guards true."
        ),
        ("proofs.parametric.walk:walk", "proofs.parametric.refinement:Follower"),
        "four models walked whole with each change, the way to every scene; the others as slow tests, within a time",
        (
            f"{ANY_N}/test_walk.py::test_every_step_of_a_model_is_of_the_relation",
            f"{ANY_N}/test_walk.py::test_a_walk_takes_the_actions_of_an_election_and_of_a_release",
        ),
        (
            version.test(f"{ANY_N}/test_walk.py::test_a_choice_without_a_quorum_is_not_of_the_relation"),
            version.test(f"{ANY_N}/test_walk.py::test_forgetting_a_pod_that_is_not_left_out_is_not_of_the_relation"),
        ),
        ("any-N", "any-N gaps", "bounds", "search", "worlds"),
    )
    yield Claim(
        "any N: every guard has its line",
        (
            "Each guard of the relation is made true by a named line of production, or a property of "
            "Valkey, and is needed, or implied."
        ),
        ("proofs.parametric.guards:GUARDS",),
        f"table below: {len(GUARDS)} guards, {len(GUARDS) - len(BEYOND) - len(IMPLIED)} needed where walks come, "
        f"{len(BEYOND)} beyond, {len(IMPLIED)} implied",
        (
            f"{ANY_N}/test_guards.py::test_every_guard_has_an_origin",
            f"{ANY_N}/test_guards.py::test_the_origin_of_a_guard_exists",
            f"{ANY_N}/test_mutants.py::test_the_proof_needs_a_guard_that_no_walk_needs",
            f"{ANY_N}/test_mutants.py::test_a_guard_that_is_called_redundant_is_proved_so",
        ),
        (version.guard("promote", "frozen"),),
        ("any-N",),
    )


CLAIMS: Final[tuple[Claim, ...]] = (*_laws(), *_boundless(), *_any_number())
