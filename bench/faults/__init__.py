"""The fault campaign: what is lost, and for how long writes are refused, under the same faults for each contestant.

A contestant keeps one primary and two replicas of the same Valkey alive on a local cluster of its own. Every process
is a pod there, so every fault (a signal, a lost disk, a cut or slow link) is done by the same means to all of them.
``python -m bench.faults --help`` says how to run it; docs/benchmarks.md shows what came out.
"""
