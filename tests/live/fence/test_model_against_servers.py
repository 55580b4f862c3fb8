"""The world of the model checker against real servers: the same commands, writes and ends, and the same is read.

What a pod's server does in ``spec/environment`` is compared with what ``valkey-server`` does, after each step and once
both have come to rest: role, whom it follows, its link, how many keys it holds, whether its file holds all of them, the
position of its fence, whether a command was refused, which pods have a replication id in common, which of two of those
is ahead, and who forgot where its data ends. Steps are drawn at random from a seed; a difference names the seed, the
steps and both readings.
Directed sequences beside them go through what the protocol rests on.
"""

import asyncio
import os
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from gungnir.machines.facts import Facts
from gungnir.machines.requests import PodCommand, Verb
from gungnir.machines.view import Server
from gungnir.resources.fence import voting
from gungnir.resp.commands import client_pause, config_set
from gungnir.runtime.valkey import executor
from spec.environment.commands import carried_out
from spec.environment.faults import ended
from spec.environment.replication import moves, written
from spec.environment.server import forgetting, reading
from spec.models.scenes import booting
from spec.world import Budget, Setup, World, address_of, pod_name, uid_of
from tests.live.fence.conftest import DEADLINE_S, Pod
from tests.live.fence.test_fence_on_real_servers import client, one, operator, write

if TYPE_CHECKING:
    from tests.live.fence.conftest import Start

pytestmark = [pytest.mark.live, pytest.mark.anyio]
COUNT: Final = 3
STEPS: Final = 30
WRITES, RESTARTS, HANDOVERS, ARRIVES = 0.2, 0.08, 0.7, 0.95
"""How likely a step is to be a write, a restart, or part of a failover, and a command of that to come at all."""
SEEDS: Final = tuple(int(seed) for seed in os.environ.get("GUNGNIR_MODEL_SEEDS", "1 2 3").split())
SETUP: Final = Setup(Facts("c", "uid-c", COUNT, 1, persistent=True), rewrites=True)
KEY_US: Final = 30_000_000
"""Microseconds for each key of a new append-only file: longer than a test takes."""
PAUSE_MS: Final = 60_000
"""Longer than a test takes; whatever an operator commands ends it."""
LOOKS: Final = b"Connecting to PRIMARY"
"""What a fenced server writes to its log each second."""
PING_S: Final = 3600
NO_PINGS: Final = {"repl-ping-replica-period": f"{PING_S}", "repl-timeout": f"{2 * PING_S}"}
"""A ping is part of the stream, as a write is: 14 bytes, by which a replica that was just detached is behind those that
are still attached, and behind the primary. The models have none. Every verb sets their period, so ``no_pings``."""
VERBS: Final = (Verb.DETACH, Verb.PROMOTE, Verb.FOLLOW, Verb.READ)
Seen = tuple[tuple[object, ...], ...]


class Both:
    """Three pods in the world of the model, and three servers."""

    def __init__(self, servers: list[Pod]) -> None:
        """Start with servers that run, fenced, in epoch 1."""
        self.servers = servers
        world = booting(SETUP)
        pods = tuple(pod._replace(saved=voting(1)) for pod in world.pods)
        self.world = at_rest(world._replace(pods=pods))
        self.epoch = 1
        self.told: list[str] = []
        self.writes_files = True

    def epochs(self) -> tuple[int, int, int]:
        """Return epochs to command in: one before, the newest, and one that is new."""
        return max(1, self.epoch - 1), self.epoch, self.epoch + 1

    async def command(self, verb: Verb, index: int, epoch: int, host: int) -> None:
        """Tell one pod something, here and there."""
        self.told.append(f"{verb} e{epoch} at {index}" + (f" to {host}" if verb is Verb.FOLLOW else ""))
        pods = self.world.pods
        address = address_of(host, pods[host].uid) if verb is Verb.FOLLOW else ""
        sent = PodCommand(verb, pod_name(index), uid_of(index, pods[index].uid), epoch, "", address)
        self.world, expected = carried_out(SETUP, self.world, sent)
        self.epoch = max(self.epoch, epoch)
        for server in self.servers:
            server.epoch = self.epoch
        real_host = self.servers[host].address if verb is Verb.FOLLOW else ""
        answer = await self.servers[index].tell(verb, epoch, host=real_host)
        assert answer.kind is expected.kind, f"{self.told}: {answer}, in the model {expected}"

    async def write(self, index: int) -> None:
        """Write one more key to a primary."""
        self.told.append(f"write at {index}")
        key = f"key-{self.world.ghost.writes}"
        self.world = written(self.world._replace(budget=Budget(write=1)), index)
        assert await write(self.servers[index], key) == b"OK"

    async def detach_held_back(self, index: int, epoch: int, host: int) -> None:
        """Detach a replica that has received one more write from its primary, and holds back what it receives."""
        session = await operator(self.servers[index], self.epoch)
        await session.transaction([client_pause(PAUSE_MS)])
        async with client(self.servers[index]) as connection:
            await self.write(host)
            async with asyncio.timeout(DEADLINE_S):
                while "blocked_clients:0" in str(await one(connection, "INFO", "clients")):
                    continue
        session.close()
        self.world = self.world.with_pod(index, forgetting(self.world.pods[index]))
        await self.command(Verb.DETACH, index, epoch, host)

    async def restart(self, index: int) -> None:
        """Kill a process once its file is written, as in the model at rest; another one starts on its volume."""
        await self._written(index)
        await self.kill(index)

    async def kill(self, index: int) -> None:
        """Kill a process, whatever it does; another one starts on its volume."""
        self.told.append(f"restart {index}")
        former = self.servers[index].monitor.server
        self.world = ended(SETUP, self.world, index)
        self.servers[index].kill()
        looked = log_of(self.servers[index]).count(LOOKS)
        self.servers[index].boot()
        await self.servers[index].until(lambda server: former is None or server.run_id != former.run_id)
        # A server looks after its replication once a second, pings at the first time, whatever the period is, and comes
        # to that up to a second after it loaded a file (replication.c, replicationCron; server.c, whileBlockedCron). So
        # it may have no replica before. Fenced, it looks for its primary then.
        async with asyncio.timeout(DEADLINE_S):
            while log_of(self.servers[index]).count(LOOKS) == looked:
                await self.servers[index].tell(Verb.READ, self.epoch)

    async def write_no_file(self, index: int) -> None:
        """From now on a new append-only file of this server takes too long, and none is written in the model."""
        self.told.append(f"no new file at {index}")
        self.writes_files = False
        session = await operator(self.servers[index], self.epoch)
        await session.transaction([config_set({"rdb-key-save-delay": KEY_US})])
        session.close()

    async def _written(self, index: int) -> None:
        """Wait until the server writes no new append-only file."""
        async with asyncio.timeout(DEADLINE_S), client(self.servers[index]) as connection:
            text = b""
            while b"aof_rewrite_in_progress:0" not in text or b"aof_rewrite_scheduled:0" not in text:
                answer = await one(connection, "INFO", "persistence")
                text = answer if isinstance(answer, bytes) else str(answer).encode()

    async def agree(self) -> None:
        """Wait until the same is read from the servers as from the model at rest.

        Raises:
            AssertionError: it does not become so.
        """
        self.world = at_rest(self.world, writes_files=self.writes_files)
        model = [reading(self.world.pods, self.world.cuts, index) for index in range(COUNT)]
        places = {address_of(index, pod.uid): index for index, pod in enumerate(self.world.pods)}
        expected = seen(model, lambda follows: places.get(follows, -1))
        real = {server.address: index for index, server in enumerate(self.servers)}
        found: Seen = ()
        try:
            async with asyncio.timeout(DEADLINE_S):
                while found != expected:
                    for server in self.servers:
                        await server.tell(Verb.READ, self.epoch)
                    heard = [server.monitor.server for server in self.servers]
                    found = seen([one for one in heard if one], lambda follows: real.get(follows, -1))
        except TimeoutError:
            lines = [f"{left}\n    in the model {right}" for left, right in zip(found, expected, strict=False)]
            raise AssertionError("\n".join([f"after {self.told}:", *lines])) from None


def log_of(server: Pod) -> bytes:
    """Return what the processes of a pod wrote to their log."""
    return (server.root / "log").read_bytes()


def at_rest(world: World, *, writes_files: bool = True) -> World:
    """Return the world after everything that pods do by themselves."""
    while following := [after for label, after in moves(SETUP, world) if writes_files or label.name != "rewrite"]:
        world = following[0]
    return world


def seen(servers: list[Server], place: Callable[[str], int]) -> Seen:
    """Return what is compared of each pod, then of each two."""
    each = tuple(
        (
            *(server.primary, None if server.primary else place(server.follows), server.link_up, server.keys),
            *(server.written, server.fence, server.voting, server.linked, server.forgot),
        )
        for server in servers
    )
    two = tuple(
        (
            one.replid == other.replid,
            one.replid2 == other.replid,
            (one.offset > other.offset) - (one.offset < other.offset) if one.replid == other.replid else None,
        )
        for one in servers
        for other in servers
    )
    return each + two


def handover(draw: random.Random, epoch: int) -> list[tuple[Verb, int, int, int]]:
    """Return the commands of a failover in this epoch, of which some do not arrive."""
    order = draw.sample(range(COUNT), COUNT)
    first = order[0]
    told = [(Verb.DETACH, index, epoch, first) for index in order]
    told += [(Verb.PROMOTE, first, epoch, first), *((Verb.FOLLOW, index, epoch, first) for index in order[1:])]
    return [command for command in told if draw.random() < ARRIVES]


def begun(epoch: int, first: int) -> list[tuple[object, ...]]:
    """Return the commands of a failover in which all arrives."""
    others = [index for index in range(COUNT) if index != first]
    told = [(Verb.DETACH, index, epoch, first) for index in range(COUNT)]
    return [*told, (Verb.PROMOTE, first, epoch, first), *((Verb.FOLLOW, index, epoch, first) for index in others)]


STORIES: Final[dict[str, list[tuple[object, ...]]]] = {
    "a replica goes on where it is, one that diverged copies all, and one that was told before keeps its link": [
        *begun(2, 0),
        ("write", 0),
        *begun(3, 1),
        ("write", 1),
        (Verb.FOLLOW, 2, 3, 1),
        (Verb.DETACH, 1, 4, 2),
        (Verb.DETACH, 2, 4, 2),
        (Verb.PROMOTE, 2, 4, 2),
        ("write", 2),
        (Verb.FOLLOW, 0, 4, 2),
        ("write", 2),
        (Verb.FOLLOW, 1, 4, 2),
    ],
    "an old primary that went on by itself loses what is only there": [
        *begun(2, 0),
        ("write", 0),
        (Verb.DETACH, 1, 3, 1),
        (Verb.DETACH, 2, 3, 1),
        ("write", 0),
        ("write", 0),
        (Verb.PROMOTE, 1, 3, 1),
        (Verb.FOLLOW, 2, 3, 1),
        ("write", 1),
        (Verb.DETACH, 0, 3, 1),
        (Verb.FOLLOW, 0, 3, 1),
    ],
    "what is of an older epoch, or of a vote that was given, is refused; a link of an older epoch ends": [
        *begun(2, 0),
        (Verb.DETACH, 0, 2, 0),
        (Verb.DETACH, 0, 3, 0),
        (Verb.FOLLOW, 0, 2, 1),
        (Verb.PROMOTE, 0, 2, 0),
        (Verb.PROMOTE, 0, 3, 0),
        ("write", 0),
        (Verb.FOLLOW, 1, 2, 0),
        (Verb.FOLLOW, 1, 3, 0),
    ],
    "a process that starts again is fenced where it was, and keeps its data; its replicas keep theirs": [
        *begun(2, 0),
        ("write", 0),
        ("restart", 1),
        (Verb.FOLLOW, 1, 2, 0),
        ("restart", 0),
        (Verb.PROMOTE, 0, 2, 0),
        ("write", 0),
        (Verb.FOLLOW, 2, 2, 0),
        ("restart", 2),
    ],
    "what was detached after a restart of its primary and a promotion in the same epoch is where that primary is": [
        *begun(2, 0),
        ("write", 0),
        ("restart", 0),
        (Verb.PROMOTE, 0, 2, 0),
        (Verb.DETACH, 2, 3, 1),
        (Verb.DETACH, 1, 3, 1),
        ("write", 0),
        (Verb.PROMOTE, 1, 3, 1),
        (Verb.FOLLOW, 2, 3, 1),
        (Verb.DETACH, 0, 3, 1),
        (Verb.FOLLOW, 0, 3, 1),
        ("write", 1),
    ],
    "a replica that is detached while its primary's stream is held back forgets where it is, and copies all": [
        *begun(2, 0),
        ("write", 0),
        ("detach held back", 2, 3, 0),
        (Verb.DETACH, 1, 3, 0),
        (Verb.DETACH, 0, 3, 0),
        (Verb.PROMOTE, 0, 3, 0),
        ("write", 0),
        (Verb.FOLLOW, 1, 3, 0),
        (Verb.FOLLOW, 2, 3, 0),
        ("write", 0),
    ],
}
"""Directed sequences, each named by what it holds."""


@pytest.fixture(autouse=True)
def no_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No primary pings its replicas, neither as it starts nor as it is commanded."""
    monkeypatch.setattr(Pod, "more", NO_PINGS)
    monkeypatch.setattr(executor, "PING_PERIOD_S", PING_S)


async def told(both: Both, step: tuple[object, ...]) -> None:
    """Do one step of a story, and compare."""
    match step:
        case ("write", int(index)):
            await both.write(index)
        case ("restart", int(index)):
            await both.restart(index)
        case ("detach held back", int(index), int(epoch), int(host)):
            await both.detach_held_back(index, epoch, host)
        case (Verb() as verb, int(index), int(epoch), int(host)):
            await both.command(verb, index, epoch, host)
        case _:
            raise ValueError(step)
    await both.agree()


@pytest.mark.parametrize("name", STORIES)
async def test_servers_go_through_what_the_protocol_rests_on_as_the_model_has_it(pods: "Start", name: str) -> None:
    """Step by step, as in the random sequences."""
    both = Both([pods(pod_name(index)) for index in range(COUNT)])
    await both.agree()
    for step in STORIES[name]:
        await told(both, step)


@pytest.mark.parametrize("seed", SEEDS)
async def test_servers_do_what_the_model_has_them_do(pods: "Start", seed: int) -> None:
    """After each of some random steps, the same is read from real servers as from those of the model."""
    draw = random.Random(seed)  # noqa: S311 - a seed that is told repeats the run
    both = Both([pods(pod_name(index)) for index in range(COUNT)])
    plan: list[tuple[Verb, int, int, int]] = []
    await both.agree()
    for _ in range(STEPS):
        primaries = [index for index, pod in enumerate(both.world.pods) if pod.primary]
        index, step = draw.randrange(COUNT), draw.random()
        plan = plan or (handover(draw, both.epoch + 1) if step < HANDOVERS else [])
        if primaries and draw.random() < WRITES:
            await both.write(draw.choice(primaries))
        elif draw.random() < RESTARTS:
            await both.restart(index)
        elif plan and (plan[0][0] is not Verb.FOLLOW or plan[0][3] in primaries):
            await both.command(*plan.pop(0))
        else:
            plan, hosts = [], [host for host in primaries if host != index]
            verb = draw.choice([verb for verb in VERBS if hosts or verb is not Verb.FOLLOW])
            host = draw.choice(hosts) if verb is Verb.FOLLOW else index
            await both.command(verb, index, draw.choice(both.epochs()), host)
        await both.agree()


async def test_a_server_that_is_killed_before_its_file_holds_a_copy_starts_with_its_former_data(
    pods: "Start", monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the model. Releases from 9.1 on write no new file if what they receive can be the beginning of theirs."""
    monkeypatch.setattr(Pod, "more", {**NO_PINGS, "aof-use-rdb-preamble": "no"})
    both = Both([pods(pod_name(index)) for index in range(COUNT)])
    await both.agree()
    for index in range(COUNT):
        await both.command(Verb.DETACH, index, 2, 0)
    await both.command(Verb.PROMOTE, 0, 2, 0)
    for index in (1, 2):
        await both.command(Verb.FOLLOW, index, 2, 0)
    await both.write(0)
    await both.agree()
    await both.restart(1)
    await both.write(0)
    await both.agree()
    await both.write_no_file(1)
    await both.command(Verb.FOLLOW, 1, 2, 0)
    await both.agree()
    copied = both.servers[1].monitor.server
    assert copied is not None
    assert (copied.keys, copied.written) == (2, False)
    await both.kill(1)
    await both.agree()
    back = both.servers[1].monitor.server
    assert back is not None
    assert (back.keys, back.written) == (1, True)
