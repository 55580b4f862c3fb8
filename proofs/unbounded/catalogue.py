"""All proofs without bounds but for the protocol's, which has a package of its own."""

from proofs.unbounded import arithmetic, choice

PROOFS = (*choice.PROOFS, *arithmetic.PROOFS)
