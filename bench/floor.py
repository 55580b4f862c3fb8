"""``python -m bench.floor [--runs N]``: the outage that a direct observer needs, beside that of the operator.

The observer holds a connection to each pod of a cluster whose operator was stopped. It sees the primary's connection
end, sends the very commands that the operator sends (fence, detach, promote, follow), and tells clients where to go.
It has no API server, no record, no second witness, no Service and no checks: a bound from below, nothing to run. The
price of these is what lies between it and the operator.
"""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Final

import typer

from bench import failover
from bench.stats import Figure, conditions, print_table, write
from gungnir.api import names
from gungnir.demo.check import check
from gungnir.demo.errors import NotInTimeError
from gungnir.demo.ledger import Ledger
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.demo.writers import Writers
from gungnir.local.node.images import find_server
from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Pods, Verb
from gungnir.machines.view import Server
from gungnir.resources.secret import OPERATOR_KEY
from gungnir.runtime.kube_resources import SECRETS, VALKEYCLUSTERS
from gungnir.runtime.monitors import Monitors
from gungnir.runtime.valkey.monitor import Target
from gungnir.runtime.valkey.session import Keys

RESULTS: Final = Path(__file__).parent / "results" / "floor"
NAMES: Final = ("sigkill", "switchover")
OBSERVER: Final = "observer"
OPERATOR: Final = "operator"
ACKS: Final = 1
HOLD_MS: Final = 2000
_WHOLE_MS: Final = 30_000
_BLOCK: Final = 5
"""So many samples of the one, then of the other: the machine's moods meet both."""


class Observer:
    """Fails over by itself as soon as the primary's connection ends, and by hand with ``switch_over``.

    Attributes:
        primary: The pod that clients are told to use.
        address: Its address and port.
    """

    def __init__(self, keys: Keys, epoch: int, primary: str, targets: dict[str, Target]) -> None:
        self.primary = primary
        self._targets = targets
        self._epoch = epoch
        self._task: asyncio.Task[None] | None = None
        self._monitors = Monitors(lambda: keys, lambda: self._epoch, self._event)
        self._monitors.follow(targets)

    @property
    def address(self) -> tuple[str, int]:
        """Where clients are told to go."""
        target = self._targets[self.primary]
        return target.address, target.port

    async def close(self) -> None:
        """End its connections."""
        await self._monitors.close()

    async def whole(self) -> None:
        """Attach whoever follows nobody, until all others follow the primary.

        Raises:
            NotInTimeError: They do not.
        """

        async def look() -> bool:
            if self._task is not None:
                await self._task
            for name in self._others():
                server = self._seen(name)
                if server is not None and server.follows != self.address[0]:
                    await self._tell(Verb.FOLLOW, [name])
            return all((server := self._seen(name)) and server.link_up for name in self._others())

        await wait_for("all replicas to follow", look, timeout_ms=_WHOLE_MS, poll_ms=50)

    async def switch_over(self) -> None:
        """Hand the role over to the first replica."""
        target, former = self._others()[0], self.primary
        self._epoch += 1
        (held,) = await self._tell(Verb.HOLD_WRITES, [former], epoch=self._epoch - 1)
        goal = _reading(held).offset
        while _reading((await self._tell(Verb.READ, [target]))[0]).offset < goal:
            pass
        await self._tell(Verb.DETACH, [*self._targets])
        await self._lead(target)

    # --- what it does by itself -------------------------------------------------------------------------------------

    def _event(self, pod: str, event: str) -> None:
        if pod == self.primary and event == "connection-lost" and (self._task is None or self._task.done()):
            self._epoch += 1
            self._task = asyncio.create_task(self._fail_over())

    async def _fail_over(self) -> None:
        answers = await self._tell(Verb.DETACH, self._others())
        voted = [answer for answer in answers if answer.kind is AnswerKind.DONE]
        await self._lead(max(voted, key=lambda answer: _reading(answer).offset).pod)

    async def _lead(self, target: str) -> None:
        """Promote it, and at the same time tell clients; then the others may follow."""
        former, self.primary = self.primary, target
        _reading((await self._tell(Verb.PROMOTE, [target]))[0])
        alive = [name for name in self._others() if name != former or self._seen(name) is not None]
        await self._tell(Verb.FOLLOW, alive)

    def _others(self) -> list[str]:
        return [name for name in self._targets if name != self.primary]

    def _seen(self, pod: str) -> Server | None:
        """What the pod says of itself while it can be reached."""
        monitor = self._monitors.by_pod[pod]
        return monitor.server if monitor.contact.name == "UP" else None

    async def _tell(self, verb: Verb, pods: list[str], epoch: int = 0) -> tuple[Answer, ...]:
        commands = tuple(
            PodCommand(
                verb,
                pod,
                self._targets[pod].uid,
                epoch or self._epoch,
                host=self.address[0] if verb is Verb.FOLLOW else "",
                pause_ms=HOLD_MS if verb is Verb.HOLD_WRITES else 0,
            )
            for pod in pods
        )
        return (await self._monitors.execute(Pods(commands), ACKS)).answers


def _reading(answer: Answer) -> Server:
    """The reading that came with an answer.

    Raises:
        NotInTimeError: The pod did not do what it was told: a floor is not measured on such a machine.
    """
    if answer.server is None:
        raise NotInTimeError(f"{answer.pod}: {answer.kind.value} {answer.error}")
    return answer.server


@contextlib.asynccontextmanager
async def observed() -> AsyncIterator[tuple[World, ManagedCluster, Observer]]:
    """A cluster that an operator has set up, and whose only keeper is an observer."""
    async with World(as_shipped=True) as world:
        operator = await world.start_operator()
        cluster = await world.apply([failover.MANIFEST])
        view = await cluster.wait_ready()
        owner = await world.api.get(VALKEYCLUSTERS, cluster.namespace, cluster.name)
        secret = await world.api.get(SECRETS, cluster.namespace, names.secret(cluster.name))
        if owner is None or secret is None:
            raise NotInTimeError(f"{cluster.key}: is not there")
        await operator.stop()
        pods = await cluster.pods()
        targets = {
            name: Target(
                name,
                pods[name]["metadata"]["uid"],
                *address,
                ping_interval_ms=1000,
                down_after_ms=5000,
                connect_timeout_ms=1000,
                command_timeout_ms=1000,
            )
            for name, address in sorted(cluster.addresses().items())
        }
        keys = Keys(base64.b64decode(secret["data"][OPERATOR_KEY]).decode(), owner["metadata"]["uid"])
        observer = Observer(keys, view.epoch, view.primary, targets)
        try:
            await observer.whole()
            yield world, cluster, observer
        finally:
            await observer.close()


async def measure(name: str, runs: int) -> tuple[list[float], int]:
    """Return the samples of a fault in milliseconds, and how many acknowledged writes were lost in all of them."""
    async with observed() as (world, cluster, observer):
        ledger = Ledger("floor")
        samples = []
        async with Writers(ledger, lambda: observer.address, await cluster.password()):
            for _ in range(runs):
                await _more(ledger, 200)
                start_ns = time.monotonic_ns()
                if name == "sigkill":
                    await world.local.kill(observer.primary)
                else:
                    await observer.switch_over()
                after_ns = time.monotonic_ns()
                await _more(ledger, 20)
                first = ledger.first_acknowledged_after(after_ns)
                moment_ns = first.answered_ns if first is not None and first.answered_ns is not None else after_ns
                gap_ms = ledger.longest_gap_ms(start_ns, time.monotonic_ns())
                samples.append(round(gap_ms if failover.CASES[name].gap else (moment_ns - start_ns) / 1e6, 2))
                await observer.whole()
        there = await cluster.read_all(ledger.prefix + ":", observer.primary)
        return samples, len(check(ledger.writes, there).lost)


async def _more(ledger: Ledger, number: int) -> None:
    """Wait for so many more acknowledged writes."""
    moment_ns = time.monotonic_ns()

    def enough() -> bool:
        return sum(write.answered_ns is not None for write in ledger.since(moment_ns) if not write.error) >= number

    await wait_for(f"{number} more writes", enough, timeout_ms=_WHOLE_MS, poll_ms=20)


async def side_by_side(name: str, runs: int) -> list[Figure]:
    """Measure the observer and the operator in turns.

    Raises:
        RuntimeError: The operator lost a write that was confirmed, or the observer one in a planned change.
    """
    case = failover.CASES[name]
    samples: dict[str, list[float]] = {OBSERVER: [], OPERATOR: []}
    for start in range(0, runs, _BLOCK):
        block = min(_BLOCK, runs - start)
        floor, lost = await measure(name, block)
        if lost and case.lossless:
            raise RuntimeError(f"{name}: the observer lost {lost} writes")
        samples[OBSERVER] += floor
        samples[OPERATOR] += (await failover.measure(name, block)).samples
    return [
        Figure(f"{name}-{who}", f"{case.what}: {who}", "ms", case.target if who == OPERATOR else "", tuple(found))
        for who, found in samples.items()
    ]


def main(
    *,
    runs: Annotated[int, typer.Option(min=1, help="Samples of each of the two, for each fault.")] = 15,
    machine: Annotated[str, typer.Option(help="What to remember of the machine: idle, busy with others.")] = "",
    commit: Annotated[str, typer.Option(help="What to remember of the code.")] = "",
    out: Annotated[Path, typer.Option(help="Directory of the results.")] = RESULTS,
) -> None:
    """Measure what a direct observer needs, and the operator beside it."""
    under = conditions(
        valkey=find_server().version, operator="compiled, without a trace", machine=machine, commit=commit
    )
    figures = []
    for name in NAMES:
        print(f"measuring {name}, {runs} runs of each", flush=True)
        figures += asyncio.run(side_by_side(name, runs))
    for figure in figures:
        write(figure, out, under)
    print_table(figures)


if __name__ == "__main__":
    typer.run(main)
