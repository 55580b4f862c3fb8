"""The failover protocol for any number of pods, epochs, operators and writes.

Read in this order: ``sorts`` (what there is), ``state``, the actions (``election``, ``replication``, ``membership``),
``invariant`` (what always holds, and what follows from it), ``initial``, ``checks`` (what z3 proves, with ``lemmas``).

``python -m proofs.parametric`` proves all; ``run`` is the same for other runners.
"""
