"""The positions of the fence: which users a pod accepts, as one number that only rises.

Rules
- Each epoch has two positions. A pod that *votes* in epoch e accepts ``vote-<e>`` alone: it was told to stop following
  and to give its position. A pod that *acts* in epoch e accepts ``op-<e>`` and ``repl-<e>``: it was told to be primary
  or to follow. Acting comes after voting, so a late DETACH of the very epoch cannot undo a promotion.
- Raising the fence deletes every user of another position, which cuts their connections, on replicas too.
"""

import re
from typing import Final

from gungnir.resources.credentials import operator_user, replication_user, voting_user

_USER: Final = re.compile(r"(vote|op|repl)-([0-9]{1,18})")


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
