"""A Valkey server, as far as the operator can tell: roles, replication ids, offsets, partial and full sync, the fence.

Each rule names where Valkey has it. Every function takes the pods and returns the pods as they are afterwards.
"""

from gungnir.machines.view import Server
from gungnir.resources.fence import acting, epoch_at, is_voting
from spec.world import HOLD, Copy, Cuts, Link, Pod, Setup, address_of, run_of, start_of

Pods = tuple[Pod, ...]
LINKED = (Link.UP, Link.SYNC, Link.LOAD)
"""Links with a connection behind them."""
STALE_IO_S = 10


def put(pods: Pods, index: int, pod: Pod) -> Pods:
    """Return the pods with one changed."""
    return (*pods[:index], pod, *pods[index + 1 :])


def reading(pods: Pods, cuts: Cuts, index: int) -> Server:
    """Return what INFO says on this pod, with the fence of the connection that asks."""
    pod = pods[index]
    fresh = pod.link is Link.UP and not apart(cuts, index, pod.follows)
    follows = "" if pod.primary else "hold" if pod.follows == HOLD else address_of(pod.follows, pod.follows_uid)
    return Server(
        run_id=run_of(index, pod.run),
        primary=pod.primary,
        replid=pod.replid,
        replid2=pod.replid2,
        second_offset=pod.second + 1 if pod.replid2 else -1,
        offset=0 if pod.forgot else pod.offset,
        fence=epoch_at(pod.fence),
        voting=is_voting(pod.fence),
        follows=follows,
        link_up=pod.link in (Link.UP, Link.HALF),
        last_io_s=-1 if pod.primary or pod.link not in (Link.UP, Link.HALF) else 0 if fresh else STALE_IO_S,
        syncing=pod.link is Link.SYNC,
        loading=pod.link in (Link.LOAD, Link.LOAD_CUT),
        keys=len(pod.log),
        started_s=start_of(pod.run),
        forgot=pod.forgot,
        written=pod.former is None and pod.link not in (Link.LOAD, Link.LOAD_CUT),
        linked=sum(1 for q in range(len(pods)) if pods[q].follows == index and pods[q].link is Link.UP),
    )


def apart(cuts: Cuts, left: int, right: int) -> bool:
    """Tell whether two pods cannot talk."""
    return right != HOLD and bool(cuts.peers & (1 << left | 1 << right))


def broken(pods: Pods, cuts: Cuts, index: int, spared: int = -1) -> Pods:
    """End the connections of everyone attached to this pod, but for those with the ``spared`` epoch's credentials.

    Whoever can hear it notices at once; whoever is cut off believes in its link until it times out.
    """
    for other, pod in enumerate(pods):
        if pod.follows == index and pod.link in LINKED and pod.creds != spared:
            pods = put(pods, other, _unlinked(pod, half=apart(cuts, other, index)))
    return pods


def _unlinked(pod: Pod, *, half: bool) -> Pod:
    if pod.link is Link.LOAD:
        return pod._replace(link=Link.LOAD_CUT)
    # A copy that is cut off in the middle is thrown away; the old data is still there (repl-diskless-load disabled).
    return pod._replace(link=Link.HALF if half and pod.link is Link.UP else Link.DOWN, copy=None)


def forgetting(pod: Pod) -> Pod:
    """The link ends, and the position of the data is thrown away with it (networking.c, freeClient).

    So it is where a command on the link is held back at that moment (CLIENT PAUSE, a module), and where a copy cannot
    be loaded. Then the data is gone as well: neither is worth a vote, and a process that has the data is one more that
    must not be taken for what it says.
    """
    return pod._replace(link=Link.DOWN, copy=None, forgot=True)


def fenced(pods: Pods, cuts: Cuts, setup: Setup, index: int, position: int) -> Pods:
    """Raise the fence: ACL SETUSER, DELUSER, SAVE. Deleting a user ends its connections (acl.c, ACLFreeUser)."""
    pod = pods[index]
    if pod.fence == position:
        return pods
    pods = put(pods, index, pod._replace(fence=position, saved=position))
    # Only an acting position has a replication user, and whoever uses it already stays attached.
    spared = -1 if is_voting(position) else epoch_at(position)
    return broken(pods, cuts, index, spared) if setup.link_bound else pods


def detached(pods: Pods, cuts: Cuts, index: int) -> Pods:
    """``REPLICAOF`` to the hold address: role and link end, data, replication id and offset stay (replication.c)."""
    pod = pods[index]
    pods = broken(pods, cuts, index)
    return put(pods, index, pod._replace(primary=False, follows=HOLD, follows_uid=0, link=Link.DOWN, copy=None))


def promoted(pods: Pods, cuts: Cuts, index: int) -> Pods:
    """``REPLICAOF NO ONE``: a new replication id; the former one stays valid up to here (shiftReplicationId)."""
    pod = pods[index]
    if pod.primary:
        return pods
    pods = broken(pods, cuts, index)
    return put(
        pods,
        index,
        pod._replace(
            primary=True,
            follows=HOLD,
            follows_uid=0,
            creds=0,
            link=Link.DOWN,
            copy=None,
            replid=f"{index}.{pod.run}.{pod.ids + 1}",
            replid2=pod.replid,
            second=pod.offset,
            ids=pod.ids + 1,
            forgot=False,
        ),
    )


def following(pods: Pods, cuts: Cuts, index: int, host: int, host_uid: int, epoch: int) -> Pods:
    """``CONFIG SET primaryuser`` and ``REPLICAOF host``: told to the same address again, only the user changes."""
    pod = pods[index]
    if not pod.primary and (pod.follows, pod.follows_uid) == (host, host_uid):
        return put(pods, index, pod._replace(creds=epoch))
    pods = broken(pods, cuts, index)
    return put(
        pods,
        index,
        pod._replace(primary=False, follows=host, follows_uid=host_uid, creds=epoch, link=Link.DOWN, copy=None),
    )


def can_attach(pods: Pods, cuts: Cuts, setup: Setup, index: int) -> bool:
    """Tell whether a SYNC of this pod would be served now (others are answered -NOMASTERLINK, or WRONGPASS)."""
    pod = pods[index]
    if not pod.up or pod.primary or pod.follows in (HOLD, index) or pod.link is not Link.DOWN:
        return False
    host = pods[pod.follows]
    allowed = host.fence == acting(pod.creds) if setup.link_bound else pod.creds > 0
    alive = host.up and host.primary and host.uid == pod.follows_uid
    return alive and allowed and not apart(cuts, index, pod.follows)


def attached(pods: Pods, index: int) -> Pods:
    """Attach: continue where the data ends if the ids allow it, else begin a full copy (replication.c, syncCommand)."""
    pod = pods[index]
    host = pods[pod.follows]
    if _continues(host, pod):
        second = (pod.replid, pod.offset) if pod.replid != host.replid else (pod.replid2, pod.second)
        pod = pod._replace(link=Link.UP, replid=host.replid, replid2=second[0], second=second[1], backlog=True)
        return put(pods, index, pod)
    if not host.backlog:
        # "no valid past history": without a backlog the first replica makes it take a new id (changeReplicationId).
        host = host._replace(backlog=True, replid=f"{pod.follows}.{host.run}.{host.ids + 1}", replid2="", second=0)
        host = host._replace(ids=host.ids + 1)
        pods = put(pods, pod.follows, host)
    return put(pods, index, pod._replace(link=Link.SYNC, copy=Copy(host.log, host.offset, host.replid)))


def _continues(host: Pod, pod: Pod) -> bool:
    if not host.backlog:
        return False
    if pod.forgot:
        return False
    if pod.replid == host.replid:
        return pod.offset <= host.offset
    return bool(host.replid2) and pod.replid == host.replid2 and pod.offset <= host.second


def loading(pod: Pod) -> Pod:
    """The copy is here: the old data is thrown away, in memory; the append-only file still holds it.

    Or still holds what was there before an earlier copy that it does not have yet: whoever writes that is killed.
    """
    copy = None if pod.copy is None else pod.copy._replace(old=_on_disk(pod))
    return pod._replace(link=Link.LOAD, log=(), copy=copy, former=None)


def _on_disk(pod: Pod) -> tuple[int, ...]:
    return pod.log if pod.former is None else pod.former


def loaded(pod: Pod, setup: Setup) -> Pod:
    """The copy is loaded: its history and offset are the primary's. A new append-only file is begun with it."""
    copy = pod.copy
    if copy is None:
        raise ValueError("loaded: no copy is under way")
    link = Link.UP if pod.link is Link.LOAD else Link.DOWN
    pod = pod._replace(link=link, copy=None, log=copy.log, offset=copy.offset, replid=copy.replid)
    pod = pod._replace(replid2="", second=0, backlog=True, former=copy.old, forgot=False)
    return pod if setup.rewrites else rewritten(pod)


def rewritten(pod: Pod) -> Pod:
    """The new append-only file is there, with all that came in meanwhile; of the former one nothing counts any more."""
    return pod._replace(former=None, synced=0)


def next_write(host: Pod, pod: Pod) -> int | None:
    """Return the write that the stream carries next to this replica, or None if it has all."""
    position = pod.offset - (host.offset - len(host.log))
    return host.log[position] if 0 <= position < len(host.log) else None


def dead(pods: Pods, cuts: Cuts, setup: Setup, index: int) -> Pods:
    """The process ends. What it held in memory is gone."""
    pods = broken(pods, cuts, index)
    pod = pods[index]
    # A copy that was being loaded is not in the append-only file yet: the file still holds the data from before. So it
    # does until a new one is written, and what came in meanwhile is only in that.
    log = pod.copy.old if pod.copy is not None and pod.link in (Link.LOAD, Link.LOAD_CUT) else _on_disk(pod)
    # Of a former replid2 nothing is kept; a pod that was being loaded has the ids of its former data still.
    offset, replid = (pod.offset, pod.replid) if setup.remembers_ids else (0, "")
    kept = Pod(False, pod.uid, pod.run, log, offset, replid, saved=pod.saved, restarts=pod.restarts, shown=pod.shown)
    return put(pods, index, kept._replace(led=pod.led, torn=pod.torn, lives=pod.lives, synced=pod.synced))


def booted(pod: Pod, setup: Setup, index: int) -> Pod:
    """A process starts: boot-fenced, with the volume's data and ACL file, a new run id and a new replication id."""
    run = pod.run + 1
    pod = pod._replace(up=True, run=run, fence=pod.saved if setup.fence_survives else 0, restarts=pod.restarts + 1)
    if not setup.kubelet_lags:
        pod = pod._replace(shown=(pod.restarts, pod.exit_seen, pod.run))
    if setup.remembers_ids and pod.log and pod.replid:
        return pod
    return pod._replace(replid=f"{index}.{run}.0", offset=0)
