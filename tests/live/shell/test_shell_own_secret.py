"""A password of the user's own, ``spec.auth.existingSecret``: misspelt, changed, deleted, and put right again."""

from typing import Any, Final

import pytest

from gungnir.demo.api import ApiRefusedError
from gungnir.runtime.kube_resources import SECRETS
from gungnir.runtime.password_watch import LOOK_MS

pytestmark = [pytest.mark.anyio, pytest.mark.live]
# Those of conftest: test folders are no packages, so it cannot be imported.
Shell = Any
Deploy = Any
UnderLoad = Any

NOTICED_MS: Final = LOOK_MS + 15_000


async def put(shell: Shell, name: str, password: str) -> None:
    metadata = {"name": name, "namespace": "default"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": password}}
    await shell.world.api.apply([secret])


async def stop(shell: Shell) -> None:
    shell.operator.sigkill()
    await shell.operator.ended()


async def start(shell: Shell) -> None:
    await shell.operator.start()
    await shell.operator.wait_leader()


@pytest.mark.timeout(150)
async def test_all_pods_keep_one_password_whatever_becomes_of_the_users_secret(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    """Another one when the operator starts, gone when the next one starts: it is told, and failovers go on.

    That it is right again is seen by the operator that runs. A pod whose volume is new gets the password of the others,
    so that clients can use it once it is primary.
    """
    await put(shell, "own", "theirs")
    cluster = await deploy(auth={"existingSecret": "own"})
    async with under_load(cluster) as trial:
        await stop(shell)
        await put(shell, "own", "another")
        await start(shell)
        words = "password is not the one that the pods know"
        await shell.condition(cluster, "Reconciled", "False", "SecretChanged", words)
        await shell.event(cluster, "SecretChanged", words)
        await stop(shell)
        await shell.world.api.delete(SECRETS, "default", "own")
        await start(shell)
        await shell.condition(cluster, "Reconciled", "False", "SecretChanged", "Secret 'own' does not exist")
        before = await cluster.view()
        fresh = next(name for name in await cluster.pods() if name != before.primary)
        shell.world.local.wipe(fresh)
        await cluster.wait_view("the wiped pod to be left", lambda view: view.ready < view.size)
        await trial.ready()
        await shell.world.local.kill(before.primary)
        after = await trial.next_primary(before)
        await trial.ready()
        if after.primary != fresh:
            await cluster.switch_over(fresh)
            assert (await trial.next_primary(after)).primary == fresh
        await trial.more_writes(50)
        await put(shell, "own", "theirs")
        await shell.condition(cluster, "Reconciled", "True", "AsDesired", timeout_ms=NOTICED_MS)


async def test_a_misspelt_secret_is_put_right_and_fixed_once_there_are_pods(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    """Nothing was created under the wrong name, so nothing has to be deleted."""
    await put(shell, "rightly-spelt", "theirs")
    cluster = await deploy(auth={"existingSecret": "rihgtly-spelt"}, wait=False)
    await shell.condition(cluster, "Reconciled", "False", "CredentialsUnusable", "'rihgtly-spelt' does not exist")
    await cluster.change({"auth": {"existingSecret": "rightly-spelt"}})
    await cluster.wait_ready()
    async with under_load(cluster) as trial:
        with pytest.raises(ApiRefusedError, match=r"spec.auth.existingSecret cannot change once there are pods"):
            await cluster.change({"auth": {"existingSecret": "another"}})
        await trial.more_writes(10)
