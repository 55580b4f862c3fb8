"""Objects and permissions that are not as they should be: the operator says so, harms nothing, goes on when it can."""

import contextlib
import copy
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import pytest

from gungnir.api import names
from gungnir.api.crd import crd
from gungnir.demo.api import CRDS, NAMESPACES
from gungnir.demo.managed import ClusterView
from gungnir.demo.waiting import wait_for
from gungnir.local.node.volumes import claim_directory
from gungnir.runtime.kube_resources import (
    PERSISTENTVOLUMECLAIMS,
    PODDISRUPTIONBUDGETS,
    PODS,
    SECRETS,
    SERVICES,
    STATEFULSETS,
    VALKEYCLUSTERS,
    Resource,
)

pytestmark = [pytest.mark.anyio, pytest.mark.live]
# Those of conftest: test folders are no packages, so it cannot be imported.
Shell = Any
Deploy = Any
UnderLoad = Any

MERGE_ALL: Final = {"durability": {"mode": "required", "replicasToAck": 5}}
"""More copies than pods: refused by a rule of the schema over two fields."""
NOBODY_REPLICATES: Final = "spec.durability.replicasToAck"


# --- permissions ----------------------------------------------------------------------------------------------------


async def test_an_object_that_may_not_be_created_is_named_and_created_when_it_may(shell: Shell, deploy: Deploy) -> None:
    with shell.fault(verb="create", resource="poddisruptionbudgets", code=403):
        cluster = await deploy()
        view = await shell.condition(cluster, "Reconciled", "False", "Forbidden", "create", "poddisruptionbudgets")
        assert view.condition("Ready")["status"] == "True", "one missing object keeps nothing else from running"
        event = await shell.event(cluster, "Forbidden", "create", "poddisruptionbudgets")
        assert event["type"] == "Warning"
    await shell.condition(cluster, "Reconciled", "True", "AsDesired")
    budget = names.disruption_budget(cluster.name)
    assert await shell.world.api.get(PODDISRUPTIONBUDGETS, cluster.namespace, budget) is not None


async def test_what_was_forbidden_is_tried_again_also_after_passes_that_had_nothing_to_do(
    shell: Shell, deploy: Deploy
) -> None:
    """Nobody tells that a permission was granted; news of the cluster must not take the next try's place."""
    cluster = await deploy()
    with shell.fault(verb="update", resource="statefulsets", code=403):
        await cluster.change({"replicas": 4})
        await shell.condition(cluster, "Reconciled", "False", "Forbidden", "update", "statefulsets")
        await shell.world.api.annotate(VALKEYCLUSTERS, cluster.namespace, cluster.name, news="of no consequence")
    assert len(await cluster.pods()) == 3
    view = await cluster.wait_ready()
    assert view.size == view.ready == 4


async def test_a_failover_that_is_forbidden_names_the_permission_and_goes_on_when_it_is_granted(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        with shell.fault(verb="update", resource="services", code=403):
            await shell.world.local.kill(before.primary)
            view = await shell.condition(cluster, "Reconciled", "False", "Forbidden", "update services")
            assert view.failing_over
            await shell.event(cluster, "Forbidden", "update services")
        view = await trial.next_primary(before)
        await trial.ready()
        await shell.condition(cluster, "Reconciled", "True", "AsDesired")
    assert view.epoch == before.epoch + 1


async def test_a_watch_that_is_forbidden_is_named(shell: Shell, deploy: Deploy) -> None:
    cluster = await deploy()
    with shell.fault(verb="list", resource="pods", code=403):
        shell.world.local.server.expire_watches()
        await shell.condition(cluster, "Reconciled", "False", "Forbidden", "list pods")
        await shell.event(cluster, "Forbidden", "list pods")
    await shell.condition(cluster, "Reconciled", "True", "AsDesired")


async def test_a_status_that_may_not_be_written_is_an_event(shell: Shell, deploy: Deploy) -> None:
    cluster = await deploy()
    with shell.fault(verb="update", resource="valkeyclusters", subresource="status", code=403):
        primary = (await cluster.view()).primary
        pod = next(pod for pod in await cluster.pods() if pod != primary)
        await shell.world.local.kill(pod)
        await shell.event(cluster, "Forbidden", "update valkeyclusters/status")
    await cluster.wait_ready()


async def test_an_operator_that_may_not_list_says_so_in_its_readiness(shell: Shell) -> None:
    with shell.fault(verb="list", resource="pods", code=403):
        other = shell.world.new_operator("operator-2")
        await other.start()
        text = await wait_for("readiness to say why", lambda: _readiness(other.options.http_address), timeout_ms=20_000)
        assert "pods" in text
        assert "list pods" in text
    await other.stop()


async def _readiness(address: str) -> str:
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(f"http://{address}/readyz") as response:
            text = await response.text()
            return text if "forbidden" in text else ""
    return ""


# --- a spec that cannot be honoured ---------------------------------------------------------------------------------


@pytest.fixture
async def lenient_schema(shell: Shell) -> AsyncIterator[None]:
    """An installed schema that is older than the operator: it has none of the rules over several fields."""
    definition = crd()
    name, versions = definition["metadata"]["name"], definition["spec"]["versions"]
    without_rules = copy.deepcopy(versions)
    _strip(without_rules)
    await shell.world.api.patch(CRDS, "", name, {"spec": {"versions": without_rules}})
    yield
    await shell.world.api.patch(CRDS, "", name, {"spec": {"versions": versions}})


def _strip(node: Any) -> None:
    if isinstance(node, dict):
        node.pop("x-kubernetes-validations", None)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _strip(child)


@pytest.mark.usefixtures("lenient_schema")
async def test_an_invalid_cluster_is_named_and_leaves_the_others_alone(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    good = await deploy()
    bad = await deploy(wait=False, **MERGE_ALL)
    view = await shell.condition(bad, "Valid", "False", "Invalid", NOBODY_REPLICATES)
    assert view.phase == "Invalid"
    await shell.event(bad, "InvalidSpec", NOBODY_REPLICATES)
    assert not await bad.pods(), "nothing is made of a spec that cannot be honoured"
    async with under_load(good) as trial:
        before = await good.view()
        await shell.world.local.kill(before.primary)
        await trial.next_primary(before)
    await shell.world.api.patch(VALKEYCLUSTERS, bad.namespace, bad.name, {"spec": {"durability": {"replicasToAck": 1}}})
    view = await bad.wait_ready()
    assert view.condition("Valid")["status"] == "True"


@pytest.mark.usefixtures("lenient_schema")
async def test_a_running_cluster_that_becomes_invalid_goes_on_as_it_was(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    await shell.world.api.patch(VALKEYCLUSTERS, cluster.namespace, cluster.name, {"spec": MERGE_ALL})
    await shell.condition(cluster, "Valid", "False", "Invalid", NOBODY_REPLICATES)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await shell.world.local.kill(before.primary)
        view = await trial.next_primary(before)
        assert view.epoch == before.epoch + 1
    correct = {"spec": {"durability": {"replicasToAck": 1}}}
    await shell.world.api.patch(VALKEYCLUSTERS, cluster.namespace, cluster.name, correct)
    await shell.condition(cluster, "Valid", "True", "Accepted")
    await cluster.wait_ready()


# --- names ----------------------------------------------------------------------------------------------------------


async def test_two_clusters_of_one_name_have_nothing_in_common(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    await shell.world.api.apply([{"apiVersion": "v1", "kind": NAMESPACES.kind, "metadata": {"name": "elsewhere"}}])
    here, there = await deploy(name="twin"), await deploy(name="twin", namespace="elsewhere")
    assert await here.password() != await there.password()
    async with under_load(here) as mine, under_load(there) as other:
        before = await here.view()
        await shell.world.local.kill(f"default/{before.primary}")
        await mine.next_primary(before)
        await other.more_writes(50)
    assert (await there.view()).epoch == 1


FOREIGN: Final = [
    pytest.param(SERVICES, names.client_service, {"spec": {"ports": [{"port": 80}]}}, id="Service"),
    pytest.param(SECRETS, names.secret, {"stringData": {"operator-key": "ab" * 32, "password": "x"}}, id="Secret"),
]


@pytest.mark.parametrize(("resource", "name_of", "content"), FOREIGN)
async def test_an_object_of_somebody_else_is_reported_and_never_touched(
    shell: Shell, deploy: Deploy, resource: Resource, name_of: Any, content: dict[str, Any]
) -> None:
    api, name = shell.world.api, f"foreign-{resource.plural}"
    taken = name_of(name)
    manifest = {"apiVersion": resource.group_version, "kind": resource.kind}
    await api.apply([manifest | {"metadata": {"name": taken, "namespace": "default"}} | content])
    before = await api.get(resource, "default", taken)
    cluster = await deploy(name=name, wait=False)
    await shell.condition(cluster, "Reconciled", "False", "NameTaken", "belongs to somebody else")
    await shell.event(cluster, "ObjectNotOwned", "belongs to somebody else")
    assert await api.get(resource, "default", taken) == before
    await api.delete(resource, "default", taken)
    await cluster.wait_ready()
    assert await api.get(resource, "default", taken) != before


# --- the cluster's own object ---------------------------------------------------------------------------------------


async def gone(shell: Shell, name: str) -> bool:
    kinds = (VALKEYCLUSTERS, STATEFULSETS, SECRETS, PODS)
    found = [item["metadata"]["name"] for kind in kinds for item in await shell.world.api.list(kind, "default")]
    return not [each for each in found if each == name or each.startswith(f"{name}-")]


async def test_a_cluster_that_is_made_anew_starts_from_nothing_of_the_former(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    in_memory = {"persistence": {"enabled": False}}
    former = await deploy(name="again", **in_memory)
    password = await former.password()
    await shell.world.api.delete(VALKEYCLUSTERS, "default", "again")
    cluster = await deploy(name="again", wait=False, **in_memory)
    view = await cluster.wait_ready()
    assert view.epoch == 1
    assert await cluster.password() != password
    async with under_load(cluster) as trial:
        await trial.more_writes(20)


async def test_a_cluster_that_is_deleted_and_made_anew_at_once_is_no_violation(shell: Shell, deploy: Deploy) -> None:
    """The former cluster's pods and objects, in a higher epoch, are still there when the new one's epoch is 0."""
    before = await shell.metric("invariant_violations_total")
    for _ in range(4):
        cluster = await deploy(name="at-once", persistence={"enabled": False})
        await shell.world.api.delete(VALKEYCLUSTERS, "default", "at-once")
    cluster = await deploy(name="at-once", persistence={"enabled": False})
    assert (await cluster.view()).epoch == 1
    assert await shell.metric("invariant_violations_total") == before


async def without_marks(shell: Shell, name: str) -> None:
    """Take from the volumes of a cluster what tells who was primary: the ACL files."""
    for claim in await shell.world.api.list(PERSISTENTVOLUMECLAIMS, "default"):
        if claim["metadata"]["name"].startswith(f"data-{name}-"):
            (acl_file,) = claim_directory(shell.world.local.data_dir, claim).glob("*.acl")
            acl_file.unlink()


async def test_kept_volumes_that_do_not_tell_who_was_primary_are_not_guessed_at(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    """All three hold data; the person who names the pod gets it."""
    former = await deploy(name="kept")
    async with under_load(former) as trial:
        await trial.more_writes(20)
    written = await former.read_all(trial.ledger.prefix)
    await shell.world.api.delete(VALKEYCLUSTERS, "default", "kept")
    await wait_for("the former cluster to be gone", lambda: gone(shell, "kept"), timeout_ms=20_000)
    await without_marks(shell, "kept")
    cluster = await deploy(name="kept", wait=False)
    view = await shell.condition(cluster, "Blocked", "True", "SeveralPodsHoldData", names.RECOVER_FROM_ANNOTATION)
    assert view.phase == "Blocked"
    await shell.event(cluster, "FailoverBlocked", "SeveralPodsHoldData")
    annotation = {names.RECOVER_FROM_ANNOTATION: f"kept-1@{view.epoch}"}
    await shell.world.api.annotate(VALKEYCLUSTERS, "default", "kept", **annotation)
    recovered: ClusterView = await cluster.wait_ready()
    assert recovered.primary == "kept-1"
    assert await cluster.read_all(trial.ledger.prefix) == written
