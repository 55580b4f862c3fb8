"""Spans of rounds: when each step of a machine asked, what it was answered and how long that took, for OpenTelemetry.

A round is kept as plain values while it runs and handed on when it has ended, so nothing is exported while writes wait.
Rounds that only looked are dropped. Without an endpoint nothing is kept, and no package of OpenTelemetry is imported.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from gungnir.machines.kernel import Step
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    Answer,
    GetCluster,
    GetOwned,
    GetService,
    GetTemplate,
    Observe,
    Pause,
    PodCommand,
    Pods,
    Reply,
    Request,
    Verb,
)
from gungnir.runtime.errors import SettingsError
from gungnir.runtime.log import get_logger

_LOOKS: Final = (Observe, Pause, GetCluster, GetService, GetTemplate, GetOwned)


class CommandTaken(NamedTuple):
    """One command to one pod, with its answer. Times by ``time.monotonic_ns``."""

    command: PodCommand
    answer: Answer
    started_ns: int
    ended_ns: int


class StepTaken(NamedTuple):
    """One step of a round: from its request to the state that the reply led to.

    Attributes:
        source: Phase in which the request was made.
        request: What was asked for.
        reply: The answer; None if none came (the round was ended while it waited).
        trigger: Row of the table that was taken; empty without a reply.
        dest: Phase that it led to.
        epoch: Of the record that the round goes by; 0 if it has none.
        started_ns: By ``time.monotonic_ns``.
        ended_ns: By ``time.monotonic_ns``.
        commands: Each command of a request to pods.
    """

    source: str
    request: Request
    reply: Reply | None
    trigger: str
    dest: str
    epoch: int
    started_ns: int
    ended_ns: int
    commands: tuple[CommandTaken, ...] = ()


class RoundTaken(NamedTuple):
    """One round of a machine.

    Attributes:
        cluster: ``namespace/name``.
        machine: Name of the machine.
        outcome: Phase that it ended in, or why it was ended.
        detail: In a word, why it ended so.
        unix_ns: Wall clock at its beginning.
        started_ns: By ``time.monotonic_ns``.
        ended_ns: By ``time.monotonic_ns``.
        steps: In their order.
    """

    cluster: str
    machine: str
    outcome: str
    detail: str
    unix_ns: int
    started_ns: int
    ended_ns: int
    steps: tuple[StepTaken, ...]

    @property
    def acted(self) -> bool:
        """Whether it asked for more than a look."""
        return any(_acts(step.request) for step in self.steps)


Export = Callable[[RoundTaken], None]


class Recording:
    """What one round does, in ``with``. This one keeps nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return

    def asks(self, step: Step[Any]) -> None:
        """The request of this step goes out now."""

    def took(self, step: Step[Any], reply: Reply) -> None:
        """The reply led to this step."""

    def ends(self, outcome: str) -> None:
        """Say how the round ends; without this, that it failed."""


class _Kept(Recording):
    """A round that is kept until it ends."""

    def __init__(self, machine: str, cluster: str, export: Export) -> None:
        self._machine, self._cluster, self._export = machine, cluster, export
        self._unix_ns, self._started_ns = time.time_ns(), time.monotonic_ns()
        self._outcome, self._detail = "error", ""
        self._steps: list[StepTaken] = []
        self._asked: Step[Any] | None = None
        self._asked_ns = 0
        self.commands: list[CommandTaken] = []

    def __enter__(self) -> Self:
        self._token = _RECORDING.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _RECORDING.reset(self._token)
        if self._asked is not None:
            self._add(self._asked, self._asked, None)
        ended_ns = time.monotonic_ns()
        taken = RoundTaken(
            cluster=self._cluster,
            machine=self._machine,
            outcome=self._outcome,
            detail=self._detail,
            unix_ns=self._unix_ns,
            started_ns=self._started_ns,
            ended_ns=ended_ns,
            steps=tuple(self._steps),
        )
        if taken.acted:
            self._export(taken)

    def asks(self, step: Step[Any]) -> None:
        self._asked, self._asked_ns = step, time.monotonic_ns()

    def took(self, step: Step[Any], reply: Reply) -> None:
        if self._asked is not None:
            self._add(self._asked, step, reply)
        self._asked = None

    def ends(self, outcome: str) -> None:
        self._outcome = outcome

    def _add(self, asked: Step[Any], taken: Step[Any], reply: Reply | None) -> None:
        record = getattr(taken.state, "record", None)
        self._detail = str(taken.state.detail)
        self._steps.append(
            StepTaken(
                source=str(asked.state.phase),
                request=asked.request,  # type: ignore[arg-type]  # asked only with a request
                reply=reply,
                trigger="" if reply is None else taken.trigger,
                dest=str(taken.state.phase),
                epoch=record.epoch if isinstance(record, Record) else 0,
                started_ns=self._asked_ns,
                ended_ns=time.monotonic_ns(),
                commands=tuple(self.commands),
            )
        )
        self.commands.clear()


_RECORDING: Final[ContextVar[_Kept | None]] = ContextVar("recording", default=None)
"""The round that runs in this task, or that started it."""
_NOTHING: Final = Recording()


class Spans:
    """Where rounds are recorded. Without ``export``, nowhere."""

    def __init__(self, export: Export | None = None, close: Callable[[int], None] = lambda _timeout_ms: None) -> None:
        """Say who gets each round that has ended, and what ends the export."""
        self._export = export
        self._close = close
        self._log = get_logger("gungnir.spans")

    @property
    def enabled(self) -> bool:
        """Whether anything is recorded."""
        return self._export is not None

    def begin(self, machine: str, cluster: str) -> Recording:
        """Begin to record a round."""
        return _NOTHING if self._export is None else _Kept(machine, cluster, self._hand_on)

    def close(self, timeout_ms: int) -> None:
        """Send what waits, for at most so long."""
        self._close(timeout_ms)

    def _hand_on(self, taken: RoundTaken) -> None:
        try:
            if self._export is not None:
                self._export(taken)
        except Exception:  # noqa: BLE001 - a round has done its work whether or not anybody is told of it
            self._log.exception("a round could not be exported", cluster=taken.cluster, machine=taken.machine)


OFF: Final = Spans()
"""Records nothing."""


def command_taken(command: PodCommand, answer: Answer, started_ns: int) -> None:
    """Note a command to a pod in the round that it belongs to, if that one is recorded."""
    recording = _RECORDING.get()
    if recording is not None:
        recording.commands.append(CommandTaken(command, answer, started_ns, time.monotonic_ns()))


def connect(endpoint: str, identity: str) -> Spans:
    """Return spans that are exported to ``endpoint``, a base URL of OTLP over HTTP; if it is empty, none are.

    Raises:
        SettingsError: The packages of OpenTelemetry are not installed, or one of their own variables is wrong.
    """
    if not endpoint:
        return OFF
    name = "otlp_endpoint (--otlp-endpoint, GUNGNIR_OTLP_ENDPOINT)"
    try:
        from gungnir.runtime import otlp  # noqa: PLC0415 - an optional extra, and 0.2 s of imports
    except ModuleNotFoundError as exc:
        if not str(exc.name).startswith("opentelemetry"):
            raise
        text = f"the package {exc.name} is not installed; install gungnir[otel], or leave the setting out"
        raise SettingsError((f"{name}: {text}",)) from exc
    try:
        exporter = otlp.to_collector(endpoint, identity)
    except ValueError as exc:
        raise SettingsError((f"{name}: a variable OTEL_... is wrong: {exc}; correct or remove it",)) from exc
    return Spans(exporter, exporter.close)


def _acts(request: Request) -> bool:
    if isinstance(request, Pods):
        return any(command.verb is not Verb.READ for command in request.commands)
    return not isinstance(request, _LOOKS)
