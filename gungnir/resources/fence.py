"""The positions of the fence: which users a pod accepts, as one number that only rises.

Rules
- Each epoch has two positions. A pod that *votes* in epoch e accepts ``vote-<e>`` alone: it was told to stop following
  and to give its position. A pod that *acts* in epoch e accepts ``op-<e>`` and ``repl-<e>``: it was told to be primary
  or to follow. Acting comes after voting, so a late DETACH of the very epoch cannot undo a promotion.
- Raising the fence deletes every user of another position, which cuts their connections, on replicas too.

Beside them a pod's ACL file has marks: users that are off, and only a name.
- ``lead-<e>``: its process was about to be promoted in epoch e, with all of its data on its disk. It is added by the
  raise to the acting position and saved with it, so before the pod takes a write of that epoch. A pod that only votes
  afterwards keeps it; one that acts in another epoch loses it.
- ``torn``: its process ended without having written all to the disk, so its node may have lost power: the file of its
  process id was still there when its pod was started. It takes the word from the marks of its cluster and of those
  before, and goes when the pod acts again.
- ``was/<life>/<user>``: a user or a mark of an earlier cluster (``life`` is the start of its uid), whose ACL file was
  found on the volume when the first one of this cluster was made. They go when the pod acts for the first time: from
  then on its data is this cluster's. Those that were there before have ``was/`` once for each cluster since.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from gungnir.resources.credentials import operator_user, replication_user, voting_user

FORMER: Final = "was/"
TORN: Final = "torn"
_USER: Final = re.compile(r"(vote|op|repl|lead)-([0-9]{1,18})")


def voting(epoch: int) -> int:
    """Return the position of a pod that votes in this epoch."""
    return 2 * epoch


def acting(epoch: int) -> int:
    """Return the position of a pod that is primary or follows in this epoch."""
    return 2 * epoch + 1


def epoch_at(position: int) -> int:
    """Return the epoch of a position."""
    return position // 2


def is_voting(position: int) -> bool:
    """Tell whether this is the voting position of its epoch."""
    return position % 2 == 0


def commander(position: int) -> str:
    """Return the user as which the operator commands a pod at this position."""
    epoch = epoch_at(position)
    return voting_user(epoch) if is_voting(position) else operator_user(epoch)


def users(position: int) -> tuple[str, ...]:
    """Return every user that a pod at this position accepts, beside the clients' and the probe's."""
    epoch = epoch_at(position)
    return (commander(position),) if is_voting(position) else (commander(position), replication_user(epoch))


def position_of(user: str) -> int | None:
    """Return the position that a user belongs to; None for a user that belongs to none."""
    match = _USER.fullmatch(user)
    if match is None:
        return None
    epoch = int(match.group(2))
    return voting(epoch) if match.group(1) == "vote" else acting(epoch)


def mark(epoch: int) -> str:
    """Return the name of the mark of a pod that is promoted in this epoch."""
    return f"lead-{epoch}"


def is_mark(user: str) -> bool:
    """Tell whether this is the mark of a promotion, in this cluster's own life."""
    return user.startswith("lead-") and position_of(user) is not None


class Former(NamedTuple):
    """What a volume tells of an earlier cluster: the newest ``epoch`` that it knows, and in which it was ``promoted``.

    ``life`` is the start of that cluster's uid; 0 for a pod that was never promoted, or whose disk is in doubt.
    """

    life: str
    epoch: int
    promoted: int


def formers(users: Iterable[str]) -> tuple[Former, ...]:
    """Return what a pod's marks tell of earlier clusters, the latest first.

    Args:
        users: All that the pod knows.
    """
    told = [_taken_apart(user) for user in users]
    torn = [before for before, _, name in told if name == TORN]
    found: dict[tuple[int, str], Former] = {}
    for before, life, name in told:
        position = position_of(name)
        if not life or position is None:
            continue
        known = found.get((before, life), Former(life, 0, 0))
        epoch = epoch_at(position)
        promoted = epoch if is_mark(name) and all(before < since for since in torn) else 0
        found[before, life] = Former(life, max(known.epoch, epoch), max(known.promoted, promoted))
    return tuple(found[key] for key in sorted(found))


def _taken_apart(user: str) -> tuple[int, str, str]:
    """Return how many clusters there were since the one that a mark is of, its life, and the name that it had there."""
    depth, life = 0, ""
    while user.startswith(FORMER):
        life, _, user = user.removeprefix(FORMER).partition("/")
        depth += 1
    return depth, life, user
