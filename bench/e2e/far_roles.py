"""The role of one pod, asked for on the pod's own node: what a cut does not hide.

    python -m bench.e2e.far_roles HOST PORT

reads the password from the first line of its input, asks until that ends, and prints a line for each answer.
"""

import asyncio
import contextlib
import json
import sys
import time
from typing import Any, Final

from gungnir.demo.connection import Connection
from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.managed import ManagedCluster
from gungnir.resp import ReplyError
from gungnir.resp.commands import role
from gungnir.resp.replies import PrimaryRole, parse_role
from tests.e2e.far_client import FarProcess
from tests.e2e.nodes import Nodes

PERIOD_MS: Final = 50


class FarRoles(FarProcess):
    """Samples the role of a pod from its node, inside ``async with``; ``printed`` has when, and how many replicas.

    Args:
        nodes: The machines.
        node: Where the pod is.
        cluster: The cluster.
        address: Of the pod.
    """

    def __init__(self, nodes: Nodes, node: str, cluster: ManagedCluster, address: tuple[str, int]) -> None:
        super().__init__(nodes, node, cluster, __name__, address[0], str(address[1]))


async def _sample(host: str, port: int, password: str) -> None:
    connection: Connection | None = None
    due = time.monotonic()
    while True:
        try:
            connection = connection or await Connection.open(host, port, password=password or None)
            answer = parse_role(await connection.call(role()))
        except (ConnectError, LostError, ReplyError):
            connection = None
        else:
            if isinstance(answer, PrimaryRole):
                sample: dict[str, Any] = {"at_ns": time.monotonic_ns(), "replicas": len(answer.replicas)}
                sys.stdout.write(json.dumps(sample) + "\n")
        due = max(due + PERIOD_MS / 1000, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


async def _main(host: str, port: int) -> None:
    password = sys.stdin.readline().rstrip("\n")
    sampling = asyncio.create_task(_sample(host, port, password))
    await asyncio.to_thread(sys.stdin.read)
    sampling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sampling


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
