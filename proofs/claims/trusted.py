"""What is trusted: the claims mean nothing where one of these is wrong. README has the same text."""

from typing import Final

TRUSTED: Final[dict[str, str]] = {
    "runtime": (
        "`gungnir/runtime` (clients, caches, connections) is tested and held to the step tables "
        "while it runs; it is not explored."
    ),
    "worlds": (
        "Valkey, the API server and the kubelet do what `spec/environment` has them do; live tests "
        "compare samples of it."
    ),
    "valkey": (
        "A replica's data is a prefix of the history it follows; `WAIT`, ACL users and "
        "`min-replicas-to-write` are as documented."
    ),
    "disk": (
        "What `fsync` confirmed is kept, also the saved ACL file; an append-only file loses its end "
        "at most, not its middle."
    ),
    "api-server": (
        "A write is stored only over the version that was read, and versions of an object have one "
        "order; uids never return."
    ),
    "clocks": (
        "For the lease alone: clocks drift by at most 20 % of real time (10 s of 15 s, the "
        "defaults). Pods are fenced without clocks."
    ),
    "faults": (
        "Crashes, losses, delays, partitions and wrong edits; no lying servers, no broken memory, "
        "nobody else with our credentials."
    ),
    "bounds": (
        "A search has one to five pods (most: three), one or two operators and counted faults; what "
        "lies beyond is not searched."
    ),
    "search": (
        "States are kept as 64-bit hashes, so one may be missed (each run prints the chance); the "
        "explorer is our own program."
    ),
    "fairness": "That something happens is shown for weakly fair runs of finite models, never within a time.",
    "numbers": (
        "A law is about calls with the values it builds; a z3 formula is compared with the code on a "
        "small domain, and read beyond."
    ),
    "any-N": (
        "The relation is written by hand; walks of bounded models tie it to the code. That an "
        "operator counted only votes it had is not walked."
    ),
    "any-N gaps": (
        "Outside the relation: changed or no acks, recovery by people or after a restart of all, two "
        "processes of one pod name, progress."
    ),
    "samples": (
        "Live tests are runs on one Linux machine; a whole Kubernetes is `make e2e`, which is not part of every change."
    ),
    "tools": (
        "CPython, z3, CrossHair, pytest, the libraries of `lock/`, HMAC and SHA-256, the kernel and "
        "the hardware are right."
    ),
}
"""By the key under which a claim names it."""


def section() -> str:
    """Return the section, without its heading: at most 20 lines."""
    return "\n".join(f"- **{key}**: {text}" for key, text in TRUSTED.items())
