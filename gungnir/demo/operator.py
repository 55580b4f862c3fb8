"""The operator as a process of its own, as on a cluster: started, watched, and hurt."""

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import aiohttp

from gungnir.demo.errors import ProcessError
from gungnir.demo.trace import Trace
from gungnir.demo.waiting import wait_for

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LEADS: Final = re.compile(r"^gungnir_leader(?:\{[^}]*\})? 1(?:\.0)?$", re.MULTILINE)
_STOP_TIMEOUT_S: Final = 15.0
_POLL_MS: Final = 5
_LOG_TAIL_BYTES: Final = 4000


@dataclass(frozen=True)
class OperatorOptions:
    """How an operator is started.

    Attributes:
        kubeconfig: Path of the kubeconfig.
        http_address: ``address:port`` of its probes and metrics.
        directory: Where its log and trace go.
        identity: Its name in the lease.
        lease_namespace: Namespace of the lease.
        valkey_source_address: Address from which it connects to pods; empty for any.
        extra: More command-line arguments.
        variables: More of its environment.
        traced: Whether it writes a trace, which takes time at every step.
        bytecode: Directory in which it keeps its compiled modules, whatever this process is told about that; None: as
            this process does. The image brings compiled modules; a start that compiles them takes twice as long.
    """

    kubeconfig: Path
    http_address: str
    directory: Path
    identity: str = "gungnir"
    lease_namespace: str = "default"
    valkey_source_address: str = ""
    extra: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    traced: bool = True
    bytecode: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Its environment: ours, without settings of an operator."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GUNGNIR_")}
        ours.update(self.variables)
        if self.bytecode is None:
            return ours
        return ours | {"PYTHONPYCACHEPREFIX": str(self.bytecode), "PYTHONDONTWRITEBYTECODE": ""}

    @property
    def argv(self) -> list[str]:
        """The command line."""
        source = self.valkey_source_address
        return [
            *(sys.executable, "-m", "gungnir", "run"),
            *("--kubeconfig", str(self.kubeconfig)),
            *("--http-address", self.http_address),
            *("--identity", self.identity),
            *("--lease-namespace", self.lease_namespace),
            *(("--trace-file", str(self.directory / f"{self.identity}.trace.jsonl")) if self.traced else ()),
            *(("--valkey-source-address", source) if source else ()),
            *self.extra,
        ]


class OperatorProcess:
    """One operator process. It ends when this process ends, however that happens."""

    def __init__(self, options: OperatorOptions) -> None:
        self.options: Final = options
        self.log_path: Final = options.directory / f"{options.identity}.log"
        self.trace: Final = Trace(options.directory / f"{options.identity}.trace.jsonl")
        self._process: asyncio.subprocess.Process | None = None
        self._started_s = 0.0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """Process id.

        Raises:
            ProcessError: It was not started.
        """
        if self._process is None:
            raise ProcessError("the operator was not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there, frozen or not."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process; its log and trace are appended to those of an earlier start."""
        parent = os.getpid()

        def die_with_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # the parent died before the call above
                os._exit(1)

        with self.log_path.open("ab") as log:
            self._started_s = time.perf_counter()
            self._process = await asyncio.create_subprocess_exec(
                *self.options.argv,
                env=self.options.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for the demo, which then stops the operator properly.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    async def wait_leader(self, *, timeout_ms: int = 20_000) -> float:
        """Wait until it leads with its caches filled; returns the milliseconds since it was started.

        Raises:
            ProcessError: It ended instead.
            NotInTimeError: It did neither.
        """
        async with aiohttp.ClientSession() as session:
            await wait_for(
                "the operator to lead", lambda: self._leads(session), timeout_ms=timeout_ms, poll_ms=_POLL_MS
            )
        return (time.perf_counter() - self._started_s) * 1000

    async def leads(self) -> bool:
        """Whether it says that it leads, now."""
        async with aiohttp.ClientSession() as session:
            return await self._leads(session)

    async def metrics(self) -> str:
        """Its metrics, in the text format of Prometheus; empty if it does not answer."""
        async with aiohttp.ClientSession() as session:
            return await self._get(session, "/metrics") or ""

    def sigkill(self) -> None:
        """Kill it without a chance to release its lease."""
        self._signal(signal.SIGKILL)

    def sigstop(self) -> None:
        """Freeze it."""
        self._signal(signal.SIGSTOP)

    def sigcont(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    async def ended(self) -> int:
        """Wait for its end; returns its exit status, negative for a signal."""
        return await self._process.wait() if self._process is not None else 0

    async def stop(self) -> None:
        """End it as Kubernetes does: SIGTERM, and SIGKILL when it takes too long."""
        if not self.running:
            return
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self.ended()
        finally:
            self._signal(signal.SIGKILL)
            await self.ended()

    def rss_mb(self) -> float:
        """Resident memory in MB (``VmRSS`` of proc(5))."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1000
        raise ProcessError(f"/proc/{self.pid}/status has no VmRSS: the operator has ended")

    def cpu_seconds(self) -> float:
        """CPU time used so far, user and system (proc(5), fields 14 and 15 of ``stat``)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log_tail(self) -> str:
        """The end of its log."""
        with contextlib.suppress(FileNotFoundError):
            return self.log_path.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")
        return ""

    async def _leads(self, session: aiohttp.ClientSession) -> bool:
        if not self.running:
            raise ProcessError(f"the operator ended by itself; the end of its log:\n{self.log_tail()}")
        metrics = await self._get(session, "/metrics")
        return bool(metrics and _LEADS.search(metrics)) and await self._get(session, "/readyz") is not None

    async def _get(self, session: aiohttp.ClientSession, path: str) -> str | None:
        url = f"http://{self.options.http_address}{path}"
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=1)) as response:
                return await response.text() if response.ok else None
        return None

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
