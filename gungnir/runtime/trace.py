"""A trace of every step that a machine takes: one JSON line each, for people, the demo and the replay checker."""

import json
import time
from pathlib import Path
from typing import IO, Any

from gungnir.runtime.errors import SettingsError


class Trace:
    """Appends to a file, line by line; without a path it does nothing.

    Lines are numbered, from 1 in each process: a reader notices one that is missing. What a killed process left of its
    last line is a line of its own.

    Raises:
        SettingsError: The file cannot be opened for appending.
    """

    def __init__(self, path: str = "") -> None:
        self._file: IO[str] | None = None
        self._count = 0
        try:
            if path:
                torn = _is_torn(Path(path))
                self._file = Path(path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - open for the life of the process
                self._file.write("\n" if torn else "")
        except OSError as exc:
            text = f"cannot append to {path!r}: {exc.strerror}; give a file in an existing, writable directory"
            raise SettingsError((f"trace_file (--trace-file, GUNGNIR_TRACE_FILE): {text}",)) from exc

    @property
    def enabled(self) -> bool:
        """Whether lines are kept."""
        return self._file is not None

    def line(self, **fields: Any) -> None:
        """Append one line, stamped with its number and the wall clock in milliseconds."""
        if self._file is not None:
            self._count += 1
            stamped = {"number": self._count, "at_ms": time.time() * 1000, **fields}
            self._file.write(json.dumps(stamped, default=_plain) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def jsonable(value: Any) -> Any:
    """Return a request, reply or state as JSON, with the type's name beside the fields of a NamedTuple."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = {name: jsonable(getattr(value, name)) for name in value._fields}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return [jsonable(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _is_torn(path: Path) -> bool:
    """Tell whether a file ends in the middle of a line."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() != b"\n"


def _plain(value: object) -> str:
    return str(value)
