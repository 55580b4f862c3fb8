"""Wrong ways to go on without a replica that is away, one rule each."""

from typing import Final

from spec.mutants import Edit, Mutant, Of, explored

_electorate = Of("gungnir.machines.electorate")
_epochs = Of("gungnir.machines.epochs")
_failover = Of("gungnir.machines.failover")
_repair = Of("gungnir.machines.repair")

LOST: Final = "noAckedWriteLost"
COUNTED: Final = "followersCounted"
_LAST_COPY: Final = "release: the only one with a write, and the primary is lost"

MUTANTS: Final[tuple[Mutant, ...]] = (
    _electorate(
        "a replica is left out in the middle of an epoch",
        "Within an epoch nobody who may follow is left out.",
        "away = tuple(name for name in record.left_out if name not in here)",
        "away = tuple(sorted({name for name, _ in view.away} & record.counted))",
        explored("release: attached, and out of the operators' sight", LOST, COUNTED),
    ),
    _epochs(
        "a replica is forgotten before the others hold what it held",
        "Who is left out counts until everyone who was told was read at what the primary held.",
        "        electorate, left_out = record.electorate, record.left_out\n"
        "        admitted = tuple(each for each in record.admitted if each.pod != candidate.pod)\n",
        "        members = tuple(m for m in members if m.pod in record.told)\n"
        "        admitted, left_out = tuple(m for m in record.admitted if m.pod in record.told), ()\n"
        "        electorate = record.electorate._replace(size=record.electorate.size - len(record.left_out))\n",
        explored(_LAST_COPY, LOST),
    ),
    _repair(
        "the others are level with nothing",
        "Who is left out counts until everyone who was told was read at what the primary held.",
        "goal=server.offset, tries=LEVEL_TRIES",
        "goal=0, tries=LEVEL_TRIES",
        explored(_LAST_COPY, LOST),
    ),
    _failover(
        "a failover tells a replica that is left out to follow",
        "Who is left out is told nothing in the new epoch.",
        "        and pod.name in state.record.told\n",
        "        and pod.name in state.record.counted\n",
        explored("release: back at any step, the operator ends at any step", COUNTED),
    ),
    Mutant(
        "a replica is told to follow and stays left out",
        "A replica that is back is admitted before it is told to follow.",
        (
            Edit("gungnir.machines.electorate", "left_out=away)", "left_out=record.left_out)"),
            Edit("gungnir.machines.repair", "    if pod.name not in record.told:\n", "    if False:\n"),
        ),
        explored("release: back at any step, and the primary is lost", LOST, COUNTED),
    ),
    _electorate(
        "a replica that was left out returns as a new pod",
        "A replica that is back is counted with what it held before.",
        (
            "if name not in record.counted)",
            "record = record._replace(admitted=tuple(sorted(admitted)), left_out=away)",
        ),
        (
            "if name not in record.told)",
            (
                "back = {name for name in record.left_out if name in here}\n"
                "    staying = tuple(member for member in record.members if member.pod not in back)\n"
                "    record = record._replace(admitted=tuple(sorted(admitted)), left_out=away, members=staying)"
            ),
        ),
        explored(_LAST_COPY, LOST),
    ),
    _electorate(
        "one pod may be all that is left",
        "As many pods stay as it takes to confirm a write.",
        "    return max(facts.acks, record.electorate.acks) + 1\n",
        "    return 1\n",
        explored("release: lost for good, then another one", COUNTED),
    ),
)
