"""The failover protocol for any number of pods, epochs, operators and writes.

Read in this order: ``sorts`` (what there is), ``state``, the actions (``election``, ``replication``, ``membership``),
``invariant`` (what always holds, and what follows from it), ``initial``, ``checks`` (what z3 proves, with ``lemmas``).

``refinement`` and ``walk`` tie it to the worlds of ``spec/``: every explored step of the production functions is an
action of the relation.

``python -m proofs.parametric`` proves all; ``run`` is the same for other runners.
"""
