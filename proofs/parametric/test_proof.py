"""The theorem: each action keeps the invariant, a lineage begins in it, and it implies what the protocol promises."""

import pytest

from proofs.parametric.action import Action
from proofs.parametric.checks import Obligation, Proof
from proofs.parametric.relation import ACTIONS
from proofs.parametric.report import decided


@pytest.fixture(scope="module")
def proof() -> Proof:
    """Return the symbolic state and its invariant."""
    return Proof()


def test_a_lineage_begins_within_the_invariant(proof: Proof) -> None:
    """The initial states satisfy each conjunct."""
    assert decided(proof, "initially", proof.beginning()).open == 0


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_action_keeps_the_invariant(proof: Proof, action: Action) -> None:
    """From any state of the invariant, for any number of pods, epochs and writes, the action leads to one of it."""
    assert decided(proof, action.name, proof.steps(action)).open == 0


def test_no_action_takes_back_an_epoch_a_candidate_or_an_ack(proof: Proof) -> None:
    """Epochs and fences never fall, a frozen candidate never changes, acks and orders stay."""
    assert decided(proof, "monotony", proof.monotony()).open == 0


def test_the_invariant_implies_what_is_promised(proof: Proof) -> None:
    """One promotion per epoch; only the newest collects acks; every primary holds every acknowledged write."""
    assert decided(proof, "safety", proof.consequences()).open == 0


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_what_is_assumed_of_a_step_is_not_absurd(proof: Proof, action: Action) -> None:
    """From the assumptions, the invariant and the guards alone, z3 derives no contradiction with as much work."""
    hypotheses, _ = proof.step(action)
    assert proof.decide(Obligation("absurd", hypotheses, proof.absurd), patient=False) != "proved"


def test_what_is_not_proved_is_open(proof: Proof) -> None:
    """Without the fence of FOLLOW the invariant is not kept, and the report says so."""
    follow = next(action for action in ACTIONS if action.name == "follow")
    refuted = [each for each in proof.steps(follow, without="fence") if proof.decide(each, patient=False) != "proved"]
    assert refuted
