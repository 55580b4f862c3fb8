"""What the kubelet says of a pod is about the process that answers, or it does not count."""

from typing import Any

import pytest

from gungnir.machines import repair
from gungnir.machines.pods import catch_up_target, restarts_of, same_process
from gungnir.machines.record import Candidate, Kind
from gungnir.machines.requests import GetCluster, Seen
from tests.unit.machines.worlds import EPOCH, FACTS, PRIMARY, claimed, following, pod, record, server, serving, view

STARTED_S = 1_700_000_000
PROMOTED = Candidate("vc-1", "uid1", "run1", EPOCH, 1000)


def seen(**changes: Any) -> Any:
    plain = pod(1, server(1, started_s=STARTED_S), restarts=2, started_s=STARTED_S)
    return plain._replace(**changes)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"started_s": STARTED_S + 3}, True),
        ({"started_s": STARTED_S - 4}, False),
        ({"started_s": 0}, False),
        ({"server": None}, False),
        ({"server": server(1, run_id="other", started_s=STARTED_S)}, False),
    ],
)
def test_one_start_is_one_process(changes: dict[str, Any], same: bool) -> None:
    assert same_process(seen(**changes), server(1, started_s=STARTED_S)) is same
    assert restarts_of(view(seen(**changes)), PROMOTED) == (2 if same else -1)


def test_restarts_that_were_not_known_at_the_promotion_are_recorded_later() -> None:
    unknown = record(primary=PRIMARY._replace(restarts=-1))
    primary = pod(0, serving(started_s=STARTED_S), restarts=4, started_s=STARTED_S)
    others = (pod(1, following(1)), pod(2, following(2)))
    taken = repair.step(FACTS, repair.start().state, Seen(unknown, view(primary, *others)))
    assert taken.request == GetCluster()
    assert taken.state.wanted.primary == PRIMARY._replace(restarts=4)
    late = primary._replace(started_s=STARTED_S - 60)
    taken = repair.step(FACTS, repair.start().state, Seen(unknown, view(late, *others)))
    assert taken.trigger == "nothing"


def test_a_handover_to_anybody_waits_for_the_most_advanced_pod_that_stays() -> None:
    """And for one that is to go only if nobody else is in sync."""
    intent = claimed(Kind.SWITCHOVER).intent
    ahead = pod(2, following(2, offset=1001))
    both = view(pod(0, serving()), pod(1, following(1)), ahead)
    alone = view(pod(0, serving()), pod(1, server(1)), ahead)
    narrow = FACTS._replace(asked=2)
    targets = [
        catch_up_target(facts, record(), intent, seen)
        for facts, seen in ((FACTS, both), (narrow, both), (narrow, alone), (narrow, view(pod(0, serving()))))
    ]
    assert [target and target.name for target in targets] == ["vc-2", "vc-1", "vc-2", None]
