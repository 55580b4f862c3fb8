"""Whether the Secret that ``auth.existingSecret`` names still holds the password that the pods know.

No watch tells: that Secret is the user's, and the operator is told of its own objects only. So it is read now and then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from gungnir.api.cluster import ValkeyCluster
from gungnir.runtime.credentials import Credentials, doubt
from gungnir.runtime.errors import KubeError
from gungnir.runtime.kube_resources import Object

LOOK_MS: Final = 30_000
"""How often the Secret is read."""


class PasswordWatch:
    """Reads one cluster's Secret of the user.

    Attributes:
        doubt: What is wrong with it, for people; empty if nothing is.
    """

    def __init__(self, read: Callable[[str], Awaitable[Object | None]]) -> None:
        """Bind it to ``read``, which returns a Secret by its name, None if there is none, or raises ``KubeError``."""
        self._read = read
        self._due_s = 0.0
        self.doubt = ""

    async def look(self, cluster: ValkeyCluster, credentials: Credentials) -> int | None:
        """Look if it is time. Return in how many milliseconds to look again, None if there is nothing to look at."""
        name = cluster.spec.auth.existing_secret
        if name is None or credentials.pinned_hash is None:
            self.doubt = ""
            return None
        now_s = asyncio.get_running_loop().time()
        if now_s < self._due_s:
            return max(1, int((self._due_s - now_s) * 1000))
        self._due_s = now_s + LOOK_MS / 1000
        try:
            self.doubt = doubt(cluster, credentials, await self._read(name))
        except KubeError:
            return LOOK_MS  # unknown: what was said before stands
        return LOOK_MS
