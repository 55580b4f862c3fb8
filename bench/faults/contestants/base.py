"""What every contestant can be asked, so that a nemesis and the judge need not know which one it is."""

import abc
import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from valkey.asyncio.connection import ConnectionPool

from gungnir.demo.connection import Connection
from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.roles import RoleSampler
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.errors import UserError
from gungnir.local.cluster import LocalCluster
from gungnir.resp import ReplyError
from gungnir.resp.commands import Command, role
from gungnir.resp.replies import PrimaryRole, ReplicaRole, RoleReply, parse_role

RESTART_DELAY_MS: Final = 500
"""Between the end of a process and its next start, unless a nemesis says otherwise."""
MIN_REPLICAS: Final = 1
MAX_LAG_S: Final = 2
"""``min-replicas-to-write`` and ``min-replicas-max-lag`` of every contestant: what the operator sets by default."""
VALKEY_PY: Final = "valkey-py"
GLIDE: Final = "glide"
CLIENTS: Final = (VALKEY_PY, GLIDE)
_CALL_MS: Final = 1000
_POLL_MS: Final = 50


@dataclass(frozen=True)
class Settings:
    """What is the same for all contestants of one campaign.

    Attributes:
        down_after_ms: Silence in milliseconds after which a primary counts as down.
        pods: Primary and replicas together.
        client: Library of the clients, one of ``CLIENTS``.
    """

    down_after_ms: int = 1000
    pods: int = 3
    client: str = VALKEY_PY


class Contestant(abc.ABC):
    """One primary with replicas on a local cluster, and whoever looks after them."""

    name: ClassVar[str]

    def __init__(self, world: World, settings: Settings) -> None:
        self.world: Final = world
        self.settings: Final = settings

    @property
    def local(self) -> LocalCluster:
        """The local cluster, with its faults."""
        return self.world.local

    @property
    def operator(self) -> OperatorProcess | None:
        """The operator process; None where there is none, and faults of it are not offered."""
        return None

    @property
    def password(self) -> str | None:
        """Password of the clients' user; None without authentication."""
        return None

    @property
    @abc.abstractmethod
    def watchers(self) -> tuple[str, ...]:
        """Parties of the local network that judge whether the primary lives."""

    @abc.abstractmethod
    async def start(self) -> None:
        """Deploy it on the empty local cluster; ``settled`` tells when it serves."""

    @abc.abstractmethod
    async def refresh(self) -> None:
        """Learn anew where the pods are."""

    @abc.abstractmethod
    def addresses(self) -> Mapping[str, tuple[str, int]]:
        """Where the pods of Valkey were at the last ``refresh``."""

    @abc.abstractmethod
    async def primary(self) -> str:
        """The pod to which clients are led; empty if there is none."""

    @abc.abstractmethod
    async def generation(self) -> int:
        """A number that each failover raises."""

    @abc.abstractmethod
    def pool(self) -> ConnectionPool:
        """A pool of valkey-py whose connections lead to the primary, as the contestant wants clients to find it."""

    def address(self) -> tuple[str, int]:
        """The one address that clients may use for ever.

        Raises:
            UserError: There is none: the way to the primary is asked for.
        """
        raise UserError(f"{self.name}: has no address that always leads to the primary, which clients of {GLIDE} need")

    @abc.abstractmethod
    async def admin(self, pod: str, *commands: Command) -> list[Any]:
        """Send commands to a pod with all rights: what a person with every password can do.

        Raises:
            RetryableError: It cannot be reached, or did not answer.
        """

    async def blocked(self) -> str:
        """Why it waits for a person to decide; empty if it does not."""
        return ""

    async def switch_over(self) -> None:
        """Ask for a planned change of the primary.

        Raises:
            UserError: The contestant knows none.
        """
        raise UserError(f"{self.name}: knows no planned switchover")

    async def restore(self) -> None:
        """Undo every fault that may be in force; what is hurt may still need time to recover."""
        await self.local.server.set_down("")
        self.local.api_faults.clear()
        await self.local.heal()
        self.local.settings.restart_delay_ms = RESTART_DELAY_MS
        self.local.settings.restart_delay_cap_ms = 1  # the delay does not grow with each restart
        for pod in (*self.addresses(), *self.watchers):
            with contextlib.suppress(UserError):  # it does not run, or is no pod
                await self.local.resume(pod)

    async def settled(self, *, timeout_ms: int) -> None:
        """Wait for full redundancy: one primary, the one to which clients are led, and all others follow it.

        Raises:
            NotInTimeError: It did not come to that; the text says what the pods answered.
        """
        seen: dict[str, RoleReply | str] = {}

        async def look() -> bool:
            await self.refresh()
            seen.clear()
            answers = await asyncio.gather(*(self._role(pod) for pod in self.addresses()))
            seen.update(zip(self.addresses(), answers, strict=True))
            return await self._whole(seen)

        await wait_for(
            f"{self.name} to have a primary that all others follow",
            look,
            timeout_ms=timeout_ms,
            poll_ms=_POLL_MS,
            last=lambda: seen,
        )

    def sampler(self) -> RoleSampler:
        """A sampler of the roles of its pods; start it with ``async with``."""
        return RoleSampler(self.addresses, self.password, self.refresh)

    def story(self, since_ms: float) -> list[str]:
        """What it did since a moment (milliseconds since the Unix epoch), in lines for people."""
        del since_ms
        return []

    async def connect(self, pod: str, *, deadline_ms: int = _CALL_MS) -> Connection:
        """A connection to a pod as the clients' user.

        Raises:
            ConnectError: It cannot be reached.
        """
        await self.refresh()
        if pod not in self.addresses():
            raise ConnectError(f"pod {pod} has no address")
        return await Connection.open(*self.addresses()[pod], password=self.password, deadline_ms=deadline_ms)

    async def _role(self, pod: str) -> RoleReply | str:
        try:
            with contextlib.closing(await self.connect(pod)) as connection:
                return parse_role(await connection.call(role(), deadline_ms=_CALL_MS))
        except (ConnectError, LostError, ReplyError) as error:
            return str(error)

    async def _whole(self, seen: Mapping[str, RoleReply | str]) -> bool:
        primaries = [pod for pod, answer in seen.items() if isinstance(answer, PrimaryRole)]
        if len(seen) != self.settings.pods or len(primaries) != 1 or primaries[0] != await self.primary():
            return False
        address = self.addresses()[primaries[0]]
        followers = [answer for answer in seen.values() if isinstance(answer, ReplicaRole)]
        return all(answer.connected and (answer.host, answer.port) == address for answer in followers)
