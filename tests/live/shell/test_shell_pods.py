"""Pods that speak nonsense, say nothing, refuse the operator, or cannot write to their disk."""

import asyncio
import base64
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from bench.faults.nemeses.data import fill, free
from gungnir.api import names
from gungnir.demo.connection import Connection
from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.errors import UserError
from gungnir.resources.credentials import operator_user, password
from gungnir.resources.pod_template import DATA_DIR
from gungnir.resources.secret import OPERATOR_KEY
from gungnir.resp.commands import Command, auth
from gungnir.runtime.kube_resources import SECRETS, VALKEYCLUSTERS

pytestmark = [pytest.mark.anyio, pytest.mark.live]
# Those of conftest: test folders are no packages, so it cannot be imported.
Shell = Any
Deploy = Any
UnderLoad = Any

LONG_DELAY_MS: Final = 600_000
FOUR: Final = {"replicas": 4, "durability": {"replicasToAck": 2}}
"""Any two pods are enough for a quorum, so that one may fail over beside one that is of no use."""


async def as_operator(cluster: ManagedCluster, pod: str, *commands: Command) -> list[Any]:
    """Send commands as the operator of the present epoch: what a person who reads the Secret can do."""
    secret = await cluster.api.get(SECRETS, cluster.namespace, names.secret(cluster.name))
    owner = await cluster.api.get(VALKEYCLUSTERS, cluster.namespace, cluster.name)
    assert secret is not None
    assert owner is not None
    user = operator_user((await cluster.view()).epoch)
    await cluster.pods()
    connection = await Connection.open(*cluster.addresses()[pod])
    try:
        key = base64.b64decode(secret["data"][OPERATOR_KEY]).decode()
        login = auth(user, password(key, owner["metadata"]["uid"], user))
        return [await connection.call(command) for command in (login, *commands)][1:]
    finally:
        connection.close()


def data_directory(shell: Shell, pod: str) -> Path:
    """Where the local cluster keeps a pod's volume."""
    worker = shell.world.local.worker("default", pod)
    container = worker.sandbox.pod["spec"]["containers"][0]
    return Path(worker.sandbox.volumes.mounts(container)[DATA_DIR])


def state_of(view: ClusterView, pod: str) -> str:
    return next((str(node["state"]) for node in view.status["nodes"] if node["pod"] == pod), "")


def a_replica(view: ClusterView) -> str:
    return next(str(node["pod"]) for node in view.status["nodes"] if node["pod"] != view.primary)


# --- what is no Valkey ----------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def impostor(shell: Shell, cluster: ManagedCluster, pod: str, says: bytes) -> AsyncIterator[None]:
    """Put something else in place of a pod's server: it accepts connections and answers anything with these bytes."""
    address = cluster.addresses()[pod]
    shell.world.local.restart_delay_ms = shell.world.local.settings.restart_delay_cap_ms = LONG_DELAY_MS
    await shell.world.local.kill(pod)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(4096):
                writer.write(says)
        writer.close()

    async def listen() -> asyncio.Server | None:
        with contextlib.suppress(OSError):  # the killed server's port is not closed yet
            return await asyncio.start_server(serve, *address)
        return None

    server = await wait_for("the address to be free", listen, timeout_ms=5_000)
    try:
        yield
    finally:
        server.close()
        shell.world.local.settings.restart_delay_cap_ms = 10_000
        shell.world.local.restart_delay_ms = 100
        shell.world.local.delete_pod(pod, grace_s=0)


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", "not the Valkey protocol", id="garbage"),
        pytest.param(b"", "no answer", id="nothing"),
    ],
)
async def test_a_pod_that_answers_no_valkey_is_shown_and_delays_no_failover(
    shell: Shell, deploy: Deploy, under_load: UnderLoad, says: bytes, shown: str
) -> None:
    cluster = await deploy(**FOUR)
    async with under_load(cluster) as trial:
        before = await cluster.wait_ready()
        strange = a_replica(before)
        async with impostor(shell, cluster, strange, says):
            view = await cluster.wait_view("its state", lambda view: shown in state_of(view, strange))
            assert view.condition("Degraded")["status"] == "True"
            assert view.condition("Ready")["status"] == "True"
            shell.world.local.restart_delay_ms = 100
            await shell.world.local.kill(before.primary)
            view = await trial.next_primary(before)
            assert view.primary != strange
        view = await trial.ready()
    assert view.epoch == before.epoch + 1


# --- authentication -------------------------------------------------------------------------------------------------


async def test_a_primary_that_refuses_the_operator_is_named_and_keeps_its_role(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        user = operator_user(before.epoch).encode()
        await as_operator(
            cluster,
            before.primary,
            (b"ACL", b"SETUSER", user, b"resetpass", b">another"),
            (b"CLIENT", b"KILL", b"USER", user),
        )
        await shell.condition(cluster, "Degraded", "True", "EvidenceInDoubt", before.primary, "WRONGPASS")
        await shell.event(cluster, "PodUnusable", "WRONGPASS")
        await trial.more_writes(50)
        assert (await cluster.view()).epoch == before.epoch, "a refusal is no proof of death"
        await shell.world.local.kill(before.primary)
        view = await trial.next_primary(before)
        view = await trial.ready()
    assert view.epoch == before.epoch + 1
    assert view.condition("Degraded")["status"] == "False"


EDITS: Final = [
    pytest.param({"operator-key": base64.b64encode(b"cd" * 32).decode()}, id="key"),
    pytest.param({"operator-key": "AAAA", "password": "AAAA"}, id="nonsense"),
    pytest.param(None, id="deleted"),
]


async def _edit(shell: Shell, name: str, data: dict[str, str] | None) -> None:
    if data is None:
        await shell.world.api.delete(SECRETS, "default", name)
    else:
        await shell.world.api.patch(SECRETS, "default", name, {"data": data})


@pytest.mark.parametrize("data", EDITS)
async def test_a_secret_that_is_edited_or_deleted_is_written_back(
    shell: Shell, deploy: Deploy, under_load: UnderLoad, data: dict[str, str] | None
) -> None:
    cluster = await deploy()
    name = names.secret(cluster.name)
    values = (await shell.world.api.get(SECRETS, "default", name))["data"]
    async with under_load(cluster) as trial:
        await _edit(shell, name, data)

        async def restored() -> bool:
            found = await shell.world.api.get(SECRETS, "default", name)
            return found is not None and found["data"] == values

        await wait_for("the Secret to be as it was", restored, timeout_ms=10_000)
        before = await cluster.view()
        await shell.world.local.kill(before.primary)
        view = await trial.next_primary(before)
        await trial.ready()
    assert view.epoch == before.epoch + 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(EDITS[0].values[0], "not the one that the pods know", id="key"),
        pytest.param(EDITS[1].values[0], "operator-key", id="nonsense"),
        pytest.param(None, "restore the Secret", id="deleted"),
    ],
)
async def test_a_secret_that_was_lost_while_no_operator_ran_is_asked_for_and_not_made_up(
    shell: Shell, deploy: Deploy, under_load: UnderLoad, data: dict[str, str] | None, words: str
) -> None:
    cluster = await deploy()
    name = names.secret(cluster.name)
    backup = await shell.world.api.get(SECRETS, "default", name)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        shell.operator.sigkill()
        await shell.operator.ended()
        await _edit(shell, name, data)
        await shell.operator.start()
        await shell.operator.wait_leader()
        await shell.condition(cluster, "Reconciled", "False", "CredentialsUnusable", words)
        await shell.event(cluster, "SecretChanged", words)
        await trial.more_writes(50)
        metadata = {key: backup["metadata"][key] for key in ("name", "namespace", "labels", "ownerReferences")}
        await shell.world.api.apply([backup | {"metadata": metadata}])
        await shell.condition(cluster, "Reconciled", "True", "AsDesired")
        await shell.world.local.kill(before.primary)
        view = await trial.next_primary(before)
        await trial.ready()
    assert view.epoch == before.epoch + 1


async def test_a_password_that_was_edited_while_no_operator_ran_is_written_back(shell: Shell, deploy: Deploy) -> None:
    cluster = await deploy()
    name = names.secret(cluster.name)
    values = (await shell.world.api.get(SECRETS, "default", name))["data"]
    shell.operator.sigkill()
    await shell.operator.ended()
    await _edit(shell, name, {"password": base64.b64encode(b"what no pod knows").decode()})
    await shell.operator.start()
    await shell.operator.wait_leader()

    async def restored() -> bool:
        found = await shell.world.api.get(SECRETS, "default", name)
        return found is not None and found["data"] == values

    await wait_for("the password that the pods know", restored, timeout_ms=10_000)


# --- the disk -------------------------------------------------------------------------------------------------------


async def test_a_pod_that_cannot_save_its_fence_is_not_elected(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    """A directory in place of the ACL file stands for a full disk: ``ACL SAVE`` fails, also for root."""
    cluster = await deploy(**FOUR)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        full = a_replica(before)
        (acl_file,) = data_directory(shell, full).glob("*.acl")
        kept = acl_file.with_suffix(".kept")
        shutil.copy(acl_file, kept)
        acl_file.unlink()
        acl_file.mkdir()
        await shell.world.local.kill(before.primary)
        view = await trial.next_primary(before)
        assert view.primary != full
        assert "ACL" in dict(view.status["lastFailover"]["operands"])["notCounted"]
        acl_file.rmdir()
        kept.rename(acl_file)
        view = await trial.ready()
        user = f"user {operator_user(view.epoch)} "
        await wait_for("the fence to be on the disk", lambda: user in acl_file.read_text(), timeout_ms=5_000)
    assert view.epoch == before.epoch + 1


@contextlib.asynccontextmanager
async def full_disk(shell: Shell, cluster: ManagedCluster, pod: str) -> AsyncIterator[None]:
    """``/dev/full`` in place of the next append-only file: every write to it fails with ENOSPC, also for root."""
    following = fill(data_directory(shell, pod))
    await as_operator(cluster, pod, (b"BGREWRITEAOF",))
    try:
        yield
    finally:
        free(following)


async def test_a_primary_whose_disk_is_full_is_named_and_hands_over(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        async with full_disk(shell, cluster, before.primary):
            view = await trial.next_primary(before)
            assert view.primary != before.primary
            assert view.status["lastFailover"]["reason"] == "DiskFull"
            await shell.event(cluster, "DiskFull", before.primary)
            await trial.more_writes(50)
        with contextlib.suppress(UserError):  # a replica that cannot write its file ends by itself (replication.c)
            await shell.world.local.kill(before.primary)
        await trial.ready()
        await trial.until("nothing to be degraded", lambda view: view.condition("Degraded")["status"] == "False")
