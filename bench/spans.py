"""``python -m bench.spans record|draw NAME``: the spans of one failover, from a running operator to a picture.

``record`` starts a local cluster and an operator that exports its spans, does the fault under load, and writes
``bench/results/spans/NAME.json``; ``draw`` prints such a file as SVG, which ``make docs`` keeps in docs/.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.collector import Collector, Span
from bench.failover import CASES, MANIFEST, Case
from bench.stats import conditions
from bench.waterfall import Bar, Waterfall, draw
from gungnir.demo.trial import Trial
from gungnir.demo.world import World
from gungnir.errors import UserError
from gungnir.local.node.images import find_server

RESULTS: Final = Path(__file__).parent / "results" / "spans"
NAMES: Final = ("sigkill", "switchover")
MACHINES: Final = frozenset({"failover", "switchover"})
"""Rounds that clients wait for; repair and the objects come after."""
_EXPORT_MS: Final = 20_000
"""The library sends what it has every 5 s."""
_PREFIX: Final = "gungnir."


@dataclass(frozen=True)
class Recording:
    """What was recorded of one fault. Times in milliseconds since the fault.

    Attributes:
        name: Of the fault.
        what: In words.
        last_ms: Acknowledgement of the last write before the gap.
        first_ms: Acknowledgement of the first write after it.
        bars: The spans, parents before their children.
        conditions: Under which it was made.
    """

    name: str
    what: str
    last_ms: float
    first_ms: float
    bars: list[Bar]
    conditions: dict[str, Any]


async def record(name: str) -> Recording:
    """Do one fault to a cluster under load and return the spans of its failover.

    Raises:
        NotInTimeError: It did not fail over.
        TimeoutError: No span came.
    """
    case = CASES[name]
    async with Collector() as collector, World(as_shipped=True) as world:
        operator = await world.start_operator(extra=("--otlp-endpoint", collector.url))
        cluster = await world.apply([MANIFEST])
        await cluster.wait_ready()
        async with Trial(cluster) as trial:
            await trial.more_writes(200)
            before = await cluster.view()
            unix_ns, start_ns = time.time_ns(), time.monotonic_ns()
            await case.fault(world, cluster, before.primary)
            after = await trial.next_primary(before)
            await trial.ready()
            gap = trial.ledger.longest_gap(start_ns, time.monotonic_ns())
        async with asyncio.timeout(_EXPORT_MS / 1000):
            while not (found := _rounds(collector.spans, unix_ns, after.epoch)):
                await collector.more()
        await operator.stop()
    last_ms, first_ms = ((moment_ns - start_ns) / 1e6 for moment_ns in gap)
    under = conditions(valkey=find_server().version, operator="compiled, without a trace, with spans")
    return Recording(name, case.what, round(last_ms, 2), round(first_ms, 2), list(_bars(found, unix_ns)), under)


def _rounds(spans: Sequence[Span], unix_ns: int, epoch: int) -> list[Span]:
    """The spans of the rounds since the fault up to the failover of this epoch; none while that one is missing."""
    roots = [span for span in spans if not span.parent_id and span.end_ns > unix_ns and span.name in MACHINES]
    done = [root for root in roots if root.attributes.get(_PREFIX + "outcome") == "Done"]
    ends = [root.end_ns for root in done if root.attributes.get(_PREFIX + "epoch") == epoch]
    traces = {root.trace_id for root in roots if ends and root.start_ns <= max(ends)}
    return [span for span in spans if span.trace_id in traces]


def _bars(spans: Sequence[Span], unix_ns: int) -> Iterable[Bar]:
    """The spans as bars, depth first."""

    def below(parent_id: str, depth: int) -> Iterable[Bar]:
        for span in sorted((s for s in spans if s.parent_id == parent_id), key=lambda span: span.start_ns):
            yield Bar(
                depth=depth,
                label=_label(span, depth),
                start_ms=round((span.start_ns - unix_ns) / 1e6, 3),
                end_ms=round((span.end_ns - unix_ns) / 1e6, 3),
                failed=span.failed,
            )
            yield from below(span.span_id, depth + 1)

    return below("", 0)


def _label(span: Span, depth: int) -> str:
    told = {key.removeprefix(_PREFIX): value for key, value in span.attributes.items()}
    match depth:
        case 0:
            return f"{span.name}: {told.get('outcome')}, epoch {told.get('epoch')}"
        case 1:
            return f"{told['phase']}: {told['request']}"
        case _:
            return f"{told['verb']} {told['pod']}: {told['answer']}"


def load(name: str, directory: Path = RESULTS) -> Recording:
    """Read a recording.

    Raises:
        UserError: There is none of this name.
    """
    path = directory / f"{name}.json"
    if not path.exists():
        raise UserError(f"{path.name}: there is no such recording; make it with python -m bench.spans record {name}")
    raw = json.loads(path.read_text())
    return Recording(**raw | {"bars": [Bar(**bar) for bar in raw["bars"]]})


def picture(recording: Recording) -> str:
    """The recording as SVG."""
    case: Case = CASES[recording.name]
    title = f"Spans of one failover: {case.what}"
    return draw(Waterfall(title, recording.last_ms, recording.first_ms, recording.bars))


def main(arguments: Sequence[str]) -> None:
    """Record faults, or draw one.

    Raises:
        UserError: The arguments are not as the module says.
    """
    match list(arguments):
        case ["record", *names] if set(names) <= set(NAMES):
            RESULTS.mkdir(parents=True, exist_ok=True)
            for name in names or NAMES:
                found = asyncio.run(record(name))
                (RESULTS / f"{name}.json").write_text(json.dumps(asdict(found), indent=1) + "\n")
                print(f"{name}: {found.first_ms - max(0.0, found.last_ms):.0f} ms, {len(found.bars)} spans")
        case ["draw", name]:
            print(picture(load(name)), end="")
        case _:
            raise UserError(f"say record or draw, and one of {', '.join(NAMES)}")


if __name__ == "__main__":
    main(sys.argv[1:])
