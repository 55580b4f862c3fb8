"""What the garbage collector looks through while a local cluster serves.

The API server, the kubelets and the proxy of the client Service are one process: whatever stops it stops every client.
A full pass of the collector over everything that was imported, and in a test run over what earlier tests left, took
150-450 ms: longer than a failover, and seen as a gap in the writes.
"""

import contextlib
import gc
from collections.abc import Iterator


def settle_heap() -> None:
    """Collect once, and leave what there is out of all passes until it is done again."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def settled_heap() -> Iterator[None]:
    """The same until the end of the block; then passes look at everything again."""
    settle_heap()
    try:
        yield
    finally:
        gc.unfreeze()
