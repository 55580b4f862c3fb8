"""The health rule for Argo CD under deploy/, run by a Lua of Argo CD's version, on statuses as we write them."""

from pathlib import Path
from typing import Any

import lupa.lua51
import pytest
import yaml

from gungnir.api.crd import crd
from gungnir.machines.record import Record
from gungnir.machines.summary import Notes, summarize
from gungnir.machines.view import View
from gungnir.runtime.status_writer import with_summary
from tests.unit.machines.worlds import FACTS, claimed, dead, record, view

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "deploy/argocd/argocd-cm.yaml").read_text())
(KEY,) = CONFIG["data"]


def judged(obj: dict[str, Any]) -> tuple[str, str]:
    """Status and message of Argo CD's health for this object."""
    lua = lupa.lua51.LuaRuntime(unpack_returned_tuples=True)
    rule = lua.eval(f"function(obj)\n{CONFIG['data'][KEY]}\nend")
    health = rule(lua.table_from(obj, recursive=True))
    return health.status, health.message


def shown(stored: Record, seen: View, notes: Notes, **spec: Any) -> dict[str, Any]:
    """A ValkeyCluster with the status that the operator writes of it."""
    base = {"metadata": {"name": "vc", "generation": 4}, "spec": {"replicas": 3, **spec}}
    return with_summary(base, summarize(FACTS, stored, seen, notes))


def test_it_is_filed_under_the_name_of_our_type() -> None:
    """Argo CD finds a rule by group and kind."""
    names = crd()["spec"]
    assert f"resource.customizations.health.{names['group']}_{names['names']['kind']}" == KEY


@pytest.mark.parametrize(
    ("stored", "seen", "notes", "status", "message"),
    [
        (record(), view(), Notes(), "Healthy", "vc-0 is primary; all 3 pods are in sync"),
        (Record(), view(), Notes(), "Progressing", "no pod was primary yet"),
        (claimed(), dead(), Notes(), "Progressing", "Fencing in epoch"),
        (record(), view(), Notes(invalid="spec.replicas: 0"), "Degraded", "spec.replicas: 0"),
        (claimed(), dead(), Notes(blocked="TooFewWholePods: x"), "Degraded", "TooFewWholePods: x"),
    ],
)
def test_health(stored: Record, seen: View, notes: Notes, status: str, message: str) -> None:
    """Done, under way, or in need of a person."""
    found = judged(shown(stored, seen, notes))
    assert found[0] == status
    assert found[1].startswith(message)


def test_a_paused_cluster_is_suspended() -> None:
    """Nothing is wrong with it, and nothing will happen to it."""
    assert judged(shown(record(), view(), Notes(), paused=True))[0] == "Suspended"


def test_a_change_that_the_operator_has_not_seen_is_under_way() -> None:
    """A sync would be over too early otherwise, with the health of what was before."""
    obj = shown(record(), view(), Notes())
    obj["metadata"]["generation"] += 1
    assert judged(obj)[0] == "Progressing"
    assert judged({"metadata": {"generation": 1}, "spec": {}})[0] == "Progressing"
