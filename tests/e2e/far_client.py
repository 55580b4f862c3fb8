"""A client on a node: the writers of the other tests, in a process that has the network of that node.

    python -m tests.e2e.far_client HOST PORT PREFIX

reads the password from the first line of its input, writes until that ends, and prints its ledger, an object a line.
"""

import asyncio
import json
import sys
from dataclasses import asdict
from typing import Any, Final, Self

from gungnir.demo.ledger import Ledger, Outcome, Write
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.writers import Load, Writers
from tests.e2e.client import ROOT
from tests.e2e.nodes import Nodes

LOAD: Final = Load(writers=2, rate_per_s=50, wait_every=5)
_LONGEST_LEDGER: Final = 64 << 20


class FarProcess:
    """A module of Python in the network of a node, inside ``async with``; afterwards ``printed`` has its lines.

    Args:
        nodes: The machines.
        node: On which of them.
        cluster: The cluster, whose password is the first line of its input; that ends with ``async with``.
        command: The module and its arguments.
    """

    def __init__(self, nodes: Nodes, node: str, cluster: ManagedCluster, *command: str) -> None:
        self.printed: list[dict[str, Any]] = []
        self._cluster = cluster
        self._command = (*nodes.beside(node), sys.executable, "-m", *command)
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            limit=_LONGEST_LEDGER,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{await self._cluster.password() or ''}\n".encode())
        await self._process.stdin.drain()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        printed, _ = await self._process.communicate(b"")  # which ends its input
        assert self._process.returncode == 0, f"{self._command[-2:]} on the node ended with {self._process.returncode}"
        self.printed = [json.loads(line) for line in printed.splitlines()]


class FarClient(FarProcess):
    """Writes through the client Service from a node, inside ``async with``; then ``writes`` has what it did.

    Args:
        nodes: The machines.
        node: On which of them.
        cluster: The cluster.
        address: Of the client Service.
        prefix: Of the keys; not that of another client.
    """

    def __init__(
        self, nodes: Nodes, node: str, cluster: ManagedCluster, address: tuple[str, int], prefix: str = "far"
    ) -> None:
        super().__init__(nodes, node, cluster, __name__, address[0], str(address[1]), prefix)
        self.writes: list[Write] = []
        self.prefix: Final = prefix

    async def __aexit__(self, *exc: object) -> None:
        await super().__aexit__(*exc)
        self.writes = [Write(**{**entry, "outcome": Outcome(entry["outcome"])}) for entry in self.printed]

    def acknowledged(self, start_ns: int, end_ns: int) -> list[int]:
        """When its writes were acknowledged within an interval of ``time.monotonic_ns``, in order; after the end."""
        moments = (w.answered_ns or 0 for w in self.writes if w.outcome is Outcome.ACKNOWLEDGED)
        return sorted(moment for moment in moments if start_ns < moment < end_ns)


async def _main(host: str, port: int, prefix: str) -> None:
    password = sys.stdin.readline().rstrip("\n")
    ledger = Ledger(prefix)
    async with Writers(ledger, lambda: (host, port), password or None, LOAD):
        await asyncio.to_thread(sys.stdin.read)
    for write in ledger.writes:
        sys.stdout.write(json.dumps(asdict(write)) + "\n")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
