"""All claims, and everything of the original that they answer."""

from pathlib import Path
from typing import Final

from proofs.claims import Claim, Heard, around, former, numbers, promises, worlds
from proofs.claims.promised import ASSUMED, NAMED, UNBUILT
from proofs.claims.seed import THEOREMS

GROUPS: Final[dict[str, tuple[Claim, ...]]] = {
    "What README promises": promises.CLAIMS,
    "Invariants and liveness": worlds.CLAIMS,
    "Any number of pods, epochs and writes": tuple(claim for claim in numbers.CLAIMS if claim.name.startswith("any N")),
    "Without a bound": tuple(claim for claim in numbers.CLAIMS if claim.name.startswith("z3 ")),
    "Laws of the decisions": tuple(claim for claim in numbers.CLAIMS if claim.name.startswith("law ")),
    "Around the decisions": around.CLAIMS,
    "Defects of the original": former.CLAIMS,
}
"""By the heading in the page."""

CLAIMS: Final[tuple[Claim, ...]] = tuple(claim for group in GROUPS.values() for claim in group)
HEARD: Final[dict[str, tuple[Heard, ...]]] = {
    "Its theorems and axioms": THEOREMS,
    "What it assumed": ASSUMED,
    "What it named": NAMED,
    "What it planned": UNBUILT,
}
"""By the heading in the page."""

NAMES: Final[tuple[str, ...]] = tuple(
    Path(__file__).with_name("names.txt").read_text(encoding="utf-8").splitlines(),
)
"""What was claimed once: a claim is taken back by striking its name off this list too, and by nothing else."""

SEED_ROWS: Final[tuple[str, ...]] = (
    *(str(number) for number in range(1, 74)),
    *(f"p{number}" for number in range(1, 10)),
    *(f"ax{number}" for number in range(1, 5)),
    *(f"[{number}]" for number in range(6, 13)),
)
"""What the original had by number: theorems, private ones, axioms, and conjuncts of its specification."""
SEED_NAMES: Final[frozenset[str]] = frozenset(
    {
        *("resourceVersionConsistency", "promotion_idempotent", "no_data_loss_on_promotion", "resp3_parser_correct"),
        *("all_resources_owned", "at_most_one_master", "TLA+ model"),
    }
)
"""What it named and did not have."""
