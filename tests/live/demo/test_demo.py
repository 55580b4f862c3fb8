"""``gungnir demo`` as a newcomer starts it."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gungnir.demo.waiting import wait_for
from spec.replay import replay

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@contextlib.asynccontextmanager
async def demo(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gungnir", "demo", *options, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def alive(pattern: str, root: int) -> list[int]:
    """Processes whose command line matches, among the descendants that a demo leaves if it does not clean up."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if re.search(pattern, line) and status[0] != "Z" and int(entry.name) > root:
                found.append(int(entry.name))
    return found


@pytest.mark.timeout(150)
async def test_the_demo_ends_well_and_writes_its_figures_and_its_picture(tmp_path: Path) -> None:
    figures, picture, trace = tmp_path / "figures.json", tmp_path / "demo.svg", tmp_path / "trace.jsonl"
    options = ("--json", str(figures), "--svg", str(picture), "--trace", str(trace), "--no-color")
    async with demo(*options) as process:
        printed = (await process.communicate())[0].decode()
    assert process.returncode == 0, printed
    content = json.loads(figures.read_text())
    assert content["ok"] is True
    names = [fault["name"] for fault in content["faults"]]
    assert names == ["sigkill-primary", "sigstop-primary", "empty-restart", "switchover"]
    assert all(fault["lost_wait1"] == 0 and fault["acked_wait1"] > 0 for fault in content["faults"])
    assert "<svg" in picture.read_text()
    assert "write accepted" in printed
    assert "\x1b" not in printed
    with trace.open(encoding="utf-8") as file:
        done = replay(file)
    assert done.rounds > len(names)
    assert not done.skipped


@pytest.mark.timeout(150)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_demo_leaves_nothing_behind(number: signal.Signals) -> None:
    async with demo() as process:
        assert process.stdout is not None
        output = b""
        while b"is primary" not in output:
            output += await process.stdout.readline()
        kubeconfig = operator_kubeconfig(process.pid)
        os.kill(process.pid, number)
        await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    directory = os.path.dirname(kubeconfig)  # noqa: PTH120 - only text is wanted
    await wait_for("its processes to be gone", lambda: not alive(re.escape(directory), 0), timeout_ms=10_000)
    assert not there(directory)


@pytest.mark.timeout(150)
async def test_a_kept_demo_goes_on_and_says_how_to_look_around() -> None:
    async with demo("--keep") as process:
        assert process.stdout is not None
        output = b""
        while b"kubectl get vc" not in output:
            line = await process.stdout.readline()
            assert line, output.decode()
            output += line
        found = re.search(rb"export KUBECONFIG=(\S+)", output)
        assert found is not None
        server = re.search(r"server: (\S+)", text_of(found.group(1).decode()))
        assert server is not None
        url = f"{server.group(1)}/apis/valkey.verilean.io/v1/valkeyclusters"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            (cluster,) = (await response.json())["items"]
        assert cluster["status"]["readyReplicas"] == 3
        os.kill(process.pid, signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130


@pytest.mark.parametrize(
    "options",
    [("--json", "/nowhere/at/all.json"), ("--manifest", "/nowhere/at/all.yaml"), ("--manifest", "pyproject.toml")],
)
async def test_a_wrong_option_is_refused_at_once_with_the_fix(options: tuple[str, str]) -> None:
    async with demo(*options) as process:
        shown, _ = await process.communicate()
    assert process.returncode == 2
    assert b"Start" not in (shown or b""), "nothing was started for it"


def there(path: str) -> bool:
    return Path(path).exists()


def text_of(path: str) -> str:
    return Path(path).read_text()


def operator_kubeconfig(root: int) -> str:
    """Path of the kubeconfig of the operator that this demo started."""
    for pid in alive("gungnir run", root):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        if parent == root:
            return arguments[arguments.index("--kubeconfig") + 1]
    raise AssertionError("no operator of this demo is running")
