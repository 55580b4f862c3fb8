"""The demonstration: a local cluster, the real operator, writers that remember every write, and faults.

What it needs to watch a cluster (ledger, writers, role sampler, operator process) is what the live tests use as well.
"""
