"""The operator's trace file: one JSON object a line, for every step of a machine and every piece of evidence."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line, reduced to what a person reads.

    Attributes:
        at_ms: Milliseconds since the Unix epoch, by the wall clock.
        machine: ``failover``, ``reconcile``, ...; ``monitor`` for evidence.
        event: Kind of evidence; empty for a step.
        phase: Phase that the step led to; empty for evidence.
        trigger: What led there.
        request: Kind of the request that the step issued; empty for none.
        pod: Pod that the line is about; empty for none.
        detail: Operands, in words.
    """

    at_ms: float
    cluster: str
    machine: str
    event: str = ""
    phase: str = ""
    trigger: str = ""
    request: str = ""
    pod: str = ""
    detail: str = ""

    @classmethod
    def parse(cls, line: str) -> "TraceLine | None":
        """Read a line; None for one that is incomplete (being written) or of another shape."""
        try:
            raw: dict[str, Any] = json.loads(line)
            at_ms = float(raw["at_ms"])
        except (ValueError, KeyError, TypeError):
            return None
        names = ("cluster", "machine", "event", "phase", "trigger", "request", "pod", "detail")
        return cls(at_ms, *(_text(raw.get(name)) for name in names))


class Trace:
    """Reads the file again from where it stopped, so that asking often costs little."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._lines: list[TraceLine] = []

    def lines(self, since_ms: float = 0.0, cluster: str = "") -> list[TraceLine]:
        """All lines written so far that are of ``since_ms`` or later, of one cluster (``namespace/name``) or of all."""
        self._lines.extend(self._fresh())
        return [
            line for line in self._lines if line.at_ms >= since_ms and (not cluster or line.cluster in ("", cluster))
        ]

    def _fresh(self) -> Iterator[TraceLine]:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return
        whole, newline, _rest = data.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        for line in whole.split(b"\n"):
            parsed = TraceLine.parse(line.decode("utf-8", "replace"))
            if parsed is not None:
                yield parsed


def _text(value: object) -> str:
    if isinstance(value, dict):  # a request with its operands: its kind is enough here
        return str(value.get("type", ""))
    return "" if value is None else str(value)
