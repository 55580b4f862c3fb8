"""Links are cut, in both directions or one, slow, or come and go; and a process dies behind a cut."""

import itertools
from typing import Final

from bench.faults.nemeses.base import Expect, Nemesis
from bench.faults.nemeses.process import away_ms
from bench.faults.scene import Scene
from gungnir.local.plane.faults import ALL
from gungnir.resp.commands import config_set

FLAP_UP_MS: Final = 3000
FLAP_DOWN_FACTOR: Final = 0.4
"""A flapping link is away for this part of ``down_after_ms`` each time."""
FLAPS_MS: Final = 15_000
"""For how long links come and go at most."""
LINK_CUT_MS: Final = 6000
DELAY_MS: Final = (20, 150)
TRAP_CUT_MS: Final = 1500


async def _watchers(scene: Scene) -> None:
    scene.strike(f"cut between {scene.primary} and {', '.join(scene.contestant.watchers)}")
    for watcher in scene.contestant.watchers:
        await scene.local.cut(watcher, scene.primary)
    await scene.pause(away_ms(scene))


async def _replicas(scene: Scene) -> None:
    scene.strike(f"cut between {scene.primary} and its replicas")
    for replica in scene.replicas:
        await scene.local.cut(scene.primary, replica)
    await scene.pause(max(LINK_CUT_MS, away_ms(scene)))


async def _isolate(scene: Scene) -> None:
    scene.strike(f"cut between {scene.primary} and everybody but clients")
    for other in (*scene.replicas, *scene.contestant.watchers):
        await scene.local.cut(scene.primary, other)
    await scene.pause(max(LINK_CUT_MS, away_ms(scene)))


async def _power_off(scene: Scene) -> None:
    scene.strike(f"cut between {scene.primary} and everybody")
    await scene.local.cut(scene.primary, ALL)
    await scene.pause(away_ms(scene))


async def _one_way(scene: Scene) -> None:
    peers = scene.choose("peers", "replicas", "watchers")
    direction = scene.choose("direction", "from the primary", "to the primary")
    scene.strike(f"one-way cut {direction}, {peers}")
    for peer in scene.replicas if peers == "replicas" else scene.contestant.watchers:
        ends = (scene.primary, peer) if direction == "from the primary" else (peer, scene.primary)
        await scene.local.cut(*ends, one_way=True)
    await scene.pause(away_ms(scene))


async def _one_replica(scene: Scene) -> None:
    victim = scene.choose("victim", *scene.replicas)
    scene.strike(f"cut between {victim} and everybody")
    await scene.local.cut(victim, ALL)
    await scene.pause(away_ms(scene))


async def _slow(scene: Scene) -> None:
    delay_ms = scene.choose_ms("delay_ms", *DELAY_MS)
    scene.strike(f"{delay_ms} ms more between all pods and who watches them")
    parties = (scene.primary, *scene.replicas)
    for one, other in itertools.combinations(parties, 2):
        await scene.local.network.delay(one, other, delay_ms)
    for one, other in itertools.product(parties, scene.contestant.watchers):
        await scene.local.network.delay(one, other, delay_ms)
    await scene.pause(away_ms(scene))
    for one, other in (*itertools.combinations(parties, 2), *itertools.product(parties, scene.contestant.watchers)):
        await scene.local.network.delay(one, other, 0)


async def _flap(scene: Scene, peers: tuple[str, ...]) -> None:
    down_ms = int(FLAP_DOWN_FACTOR * scene.down_after_ms)
    for peer in peers:
        await scene.local.network.flap(scene.primary, peer, FLAP_UP_MS * down_ms // 2000, down_ms)
    await scene.pause(min(max(3 * scene.down_after_ms, 8000), FLAPS_MS))


async def _flap_watchers(scene: Scene) -> None:
    scene.strike(f"the links between {scene.primary} and {', '.join(scene.contestant.watchers)} come and go")
    await _flap(scene, scene.contestant.watchers)


async def _flap_replicas(scene: Scene) -> None:
    scene.strike(f"the links between {scene.primary} and its replicas come and go")
    await _flap(scene, tuple(scene.replicas))


async def _cut_then_kill(scene: Scene) -> None:
    """Power loss with data in flight."""
    scene.strike(f"cut between {scene.primary} and its replicas")
    await _kill_behind(scene, 100, 1000, one_way=False)


async def _unheard_then_kill(scene: Scene) -> None:
    """The primary goes on hearing its replicas, so it goes on taking writes that they do not hear of."""
    scene.strike(f"one-way cut from {scene.primary} to its replicas")
    await _kill_behind(scene, 1000, 9000, one_way=True)


async def _kill_behind(scene: Scene, low_ms: int, high_ms: int, *, one_way: bool) -> None:
    """Cut the replicas off for a while, then kill the primary; the cut ends with it."""
    scene.local.restart_delay_ms = away_ms(scene)
    for replica in scene.replicas:
        await scene.local.cut(scene.primary, replica, one_way=one_way)
    await scene.pause(scene.choose_ms("cut_ms", low_ms, high_ms))
    scene.mark(f"SIGKILL {scene.primary}")
    await scene.local.kill(scene.primary)
    await scene.local.heal(scene.primary)
    await scene.pause(away_ms(scene))


async def _priority_trap(scene: Scene) -> None:
    """The replica that is preferred by its priority is the one that lags."""
    preferred = scene.choose("preferred", *scene.replicas)
    await scene.contestant.admin(preferred, config_set({"replica-priority": "10"}))
    try:
        await scene.pause(1500)  # who watches has read the priority by then: Sentinel asks every 10 s, or 1 s when down
        scene.local.restart_delay_ms = away_ms(scene)
        scene.strike(f"cut between {scene.primary} and {preferred}, whose priority is 10")
        await scene.local.cut(scene.primary, preferred)
        await scene.pause(TRAP_CUT_MS)
        scene.mark(f"SIGKILL {scene.primary}")
        await scene.local.kill(scene.primary)
        await scene.local.heal(scene.primary)
        await scene.pause(away_ms(scene))
    finally:
        await scene.contestant.admin(preferred, config_set({"replica-priority": "100"}))


UNHEARD_MS: Final = 12_000
"""A replica that hears nothing gives its link up after ``repl-timeout`` (10 s); until then its acknowledgements of old
data keep the primary from refusing writes. The primary notices the end of the link within 2 s."""
WATCHED: Final = frozenset({"gungnir", "sentinel"})

TABLE: Final = (
    Nemesis(
        "cut-watchers",
        "the primary and who watches it (operator; all Sentinels) are cut off from each other",
        Expect.STAY,
        _watchers,
        offered=WATCHED,
    ),
    Nemesis("cut-replicas", "the primary and its replicas are cut off from each other", Expect.MAY, _replicas),
    Nemesis("isolate", "the primary is cut off from everybody but its clients", Expect.FAIL_OVER, _isolate),
    Nemesis("power-off", "the primary is cut off from everybody, clients too", Expect.FAIL_OVER, _power_off),
    Nemesis(
        "one-way", "packets are lost in one direction, to or from the primary", Expect.MAY, _one_way, offered=WATCHED
    ),
    Nemesis("cut-replica", "one replica is cut off from everybody", Expect.STAY, _one_replica),
    Nemesis("slow-links", "20-150 ms more in each direction between pods and watchers", Expect.STAY, _slow),
    Nemesis(
        "flap-watchers",
        "the links to who watches are away for 2/5 of down-after, again and again",
        Expect.STAY,
        _flap_watchers,
        offered=WATCHED,
    ),
    Nemesis(
        "flap-replicas",
        "the links to the replicas are away for 2/5 of down-after, again and again",
        Expect.STAY,
        _flap_replicas,
        flaps_ms=FLAPS_MS,
    ),
    Nemesis(
        "cut-then-kill", "replication is cut for 0.1-1 s, then SIGKILL of the primary", Expect.FAIL_OVER, _cut_then_kill
    ),
    Nemesis(
        "unheard-then-kill",
        "packets from the primary to its replicas are lost for 1-9 s, then SIGKILL of the primary",
        Expect.FAIL_OVER,
        _unheard_then_kill,
        window_ms=UNHEARD_MS,
    ),
    Nemesis(
        "priority-trap",
        "the replica with the better priority is cut off for 1.5 s, then SIGKILL of the primary",
        Expect.FAIL_OVER,
        _priority_trap,
        pairs=False,
    ),
)
