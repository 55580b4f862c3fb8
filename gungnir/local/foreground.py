"""Runs a local cluster in this process until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final

from gungnir.errors import RetryableError
from gungnir.local.cluster import LocalCluster
from gungnir.local.state import publish, withdraw

_GRACE_S: Final = 3.0


async def serve(cluster: LocalCluster, name: str, on_ready: Callable[[LocalCluster], None]) -> None:
    """Run ``cluster`` as ``name`` until SIGINT, SIGTERM or ``gungnir local down``.

    Raises:
        UserError: The cluster cannot be started.
        RetryableError: A part of it ended by itself.
    """
    loop = asyncio.get_running_loop()
    await cluster.start()
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, cluster.stop_requested.set)
        publish(name, url=cluster.url, kubeconfig=cluster.kubeconfig, data_dir=cluster.data_dir)
        on_ready(cluster)
        await cluster.stop_requested.wait()
    finally:
        await cluster.stop(_GRACE_S)
        withdraw(name)
    if cluster.failure:
        raise RetryableError(f"the local cluster stopped: {cluster.failure}; start it again")
