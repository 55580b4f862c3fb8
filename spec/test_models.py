"""Every model keeps its promises in every interleaving, shows what it is there for, and is as large as pinned."""

import pytest

from spec.judging import assert_holds
from spec.models.catalogue import MODELS, QUICK, Entry

SLOW = [entry for entry in MODELS.values() if entry.slow]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("entry", QUICK, ids=[entry.name for entry in QUICK])
def test_every_interleaving_holds(entry: Entry) -> None:
    """No state and no step violates a predicate, and what the model is there for does happen."""
    assert_holds(entry)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("entry", SLOW, ids=[entry.name for entry in SLOW])
def test_every_interleaving_of_a_large_model_holds(entry: Entry) -> None:
    """As above, where it takes minutes."""
    assert_holds(entry)
