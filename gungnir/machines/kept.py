"""Whose data is the newest, when a cluster begins on volumes that earlier ones left: what their marks allow to say.

Rules
- A pod's volume is marked before the pod takes a write of the epoch that it is promoted in, if its disk holds all of
  its data then. A mark of this very cluster comes first: nobody was recorded as primary yet, so it is a candidate that
  was chosen before, by these rules or by a person.
- Else the pod that was promoted in the newest epoch that any of the volumes knows, of the latest cluster that any pod
  with data acted for. Why it holds every confirmed write that is left on any of them: who confirmed a write of an epoch
  had acted in it, and its volume knows that. No epoch is newer than that of the mark. The marked pod held all that was
  confirmed before it was promoted, and each later write before any other pod did.
- A volume that knows a newer epoch than the mark was part of a failover whose end nobody here knows: its beginning says
  that something was wrong with the primary, and perhaps with its disk. Then nobody is named.
- Nor where a pod holds data and its volume does not know of which cluster, nor where the order of two clusters is not
  known: a volume that was part of both, and has acted for the former alone, tells it.

What this does not decide: whether all pods have answered, and what to do where nobody is named (recovery.py). That a
mark does not count where the last process did not end in order was seen to before (resources/fence.py).
"""

from typing import NamedTuple

from gungnir.machines.view import Server


class Kept(NamedTuple):
    """One pod of the new cluster, and what its server and its volume say."""

    name: str
    server: Server


def last_primary(pods: tuple[Kept, ...]) -> str:
    """Return the name of the pod that holds every confirmed write that is left on any of these volumes; empty if none.

    Args:
        pods: All pods of the cluster, detached. The pod that is named may hold no key: then its data was deleted.
    """
    promoted = max((pod.server.promoted for pod in pods), default=0)
    if promoted:
        return _only(tuple(pod.name for pod in pods if pod.server.promoted == promoted))
    if any(pod.server.keys and not pod.server.lives for pod in pods):
        return ""
    life = _latest(pods)
    told = tuple((pod.name, each) for pod in pods for each in pod.server.lives if each.cluster == life)
    newest = max((each.epoch for _, each in told), default=0)
    return _only(tuple(name for name, each in told if 0 < each.promoted == newest))


def _latest(pods: tuple[Kept, ...]) -> str:
    """Return the latest cluster that any of these pods acted for, or may have; empty if that is not known."""
    # A pod that acts forgets all clusters before: the earliest that it knows is the last that it acted for. One without
    # a key that was never told anything there has not.
    acted_for = {pod.server.lives[-1].cluster for pod in pods if pod.server.lives and _mattered(pod.server)}
    later = {
        (after.cluster, before.cluster)
        for pod in pods
        for at, before in enumerate(pod.server.lives)
        for after in pod.server.lives[:at]
    }
    return _only(
        tuple(life for life in acted_for if all(life == other or (life, other) in later for other in acted_for))
    )


def _mattered(server: Server) -> bool:
    return server.keys > 0 or server.lives[-1].epoch > 0


def _only(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ""
