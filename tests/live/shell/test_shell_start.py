"""What the operator makes of wrong options, and of a start at a bad moment."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import pytest

from gungnir.demo.waiting import wait_for

pytestmark = [pytest.mark.anyio, pytest.mark.live]
Shell = Any  # that of conftest: test folders are no packages, so it cannot be imported

EXIT_USAGE: Final = 2


async def run(*flags: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run ``gungnir run`` to its end; returns its exit status and what it said on standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gungnir", "run", *flags),
        env={**os.environ, **(env or {})},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(20):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return int(process.returncode or 0), said.decode()


@pytest.mark.parametrize(
    ("flags", "env", "words"),
    [
        pytest.param(["--namespaces", "a"], {}, "--namespace", id="flag"),
        pytest.param([], {"GUNGNIR_LEASE_NAMES": "a"}, "GUNGNIR_LEASE_NAME", id="variable"),
        pytest.param(["--api-timeout-ms", "soon"], {}, "'soon' is not a whole number", id="value"),
        pytest.param(["--lease-duration-ms", "1000"], {}, "lease_renew_deadline_ms", id="times"),
        pytest.param(["--kubeconfig", "/nowhere/kubeconfig"], {}, "/nowhere/kubeconfig", id="kubeconfig"),
    ],
)
async def test_a_wrong_option_ends_the_start_with_the_fix(flags: list[str], env: dict[str, str], words: str) -> None:
    code, said = await run(*flags, env=env)
    assert code == EXIT_USAGE
    assert words in said
    assert "Traceback" not in said


async def test_a_trace_file_that_cannot_be_written_ends_the_start_with_the_fix(shell: Shell) -> None:
    code, said = await run("--kubeconfig", str(shell.world.local.kubeconfig), "--trace-file", "/nowhere/trace")
    assert code == EXIT_USAGE
    assert "--trace-file" in said
    assert "cannot append to '/nowhere/trace'" in said
    assert "Traceback" not in said


async def test_a_port_that_is_taken_ends_the_start_with_a_sentence(shell: Shell) -> None:
    address = shell.operator.options.http_address
    code, said = await run("--kubeconfig", str(shell.world.local.kubeconfig), "--http-address", address)
    assert code != 0
    assert address in said
    assert "Traceback" not in said


async def test_an_operator_that_starts_before_its_api_server_waits_for_it(shell: Shell) -> None:
    await shell.operator.stop()
    await shell.world.local.server.set_down("refuse")
    await shell.operator.start()

    async def alive() -> bool:
        url = f"http://{shell.operator.options.http_address}"
        try:
            async with aiohttp.ClientSession() as session:
                health, ready = await session.get(f"{url}/healthz"), await session.get(f"{url}/readyz")
                return health.ok and not ready.ok
        except aiohttp.ClientError:
            return False

    await wait_for("it to be alive and not ready", alive, timeout_ms=10_000)
    await shell.world.local.server.set_down("")
    await shell.operator.wait_leader()


async def test_a_second_operator_waits_for_its_turn_and_takes_it(shell: Shell) -> None:
    other = shell.world.new_operator("waiting")
    await other.start()
    try:

        async def follows() -> bool:
            return "ready" in other.log_path.read_text() and not await other.leads()

        await wait_for("it to be ready without leading", follows, timeout_ms=10_000)
        await shell.operator.stop()
        await other.wait_leader()
    finally:
        await other.stop()
