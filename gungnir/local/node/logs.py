"""The output of containers, for ``kubectl logs``."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from gungnir.local.errors import BadRequestError
from gungnir.local.serve.subresources import LogRequest

_CHUNK_BYTES: Final = 64 * 1024
_FOLLOW_S: Final = 0.1


class PodLogs:
    """Reads the files that the sandboxes write."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    async def read(self, wanted: LogRequest) -> AsyncIterator[bytes]:
        """Output of one container, from its present run or from the one before.

        Raises:
            BadRequestError: There is no such run, or lines are asked for by time.
        """
        if wanted.timestamps or wanted.since_seconds is not None:
            raise BadRequestError("the local node keeps no times of log lines: leave out --timestamps and --since")
        path = self._file(wanted)
        left = wanted.limit_bytes
        for chunk in _tail(path, wanted.tail_lines):
            piece = chunk if left is None else chunk[:left]
            left = None if left is None else left - len(piece)
            if piece:
                yield piece
        position = path.stat().st_size if path.exists() else 0
        while wanted.follow and left is None and self._is_current(path):
            await asyncio.sleep(_FOLLOW_S)
            with path.open("rb") as file:
                file.seek(position)
                while chunk := file.read(_CHUNK_BYTES):
                    position += len(chunk)
                    yield chunk

    def directory(self, uid: str, container: str) -> Path:
        """Where the files of one container are, one per start."""
        return self._data_dir / "pods" / uid / "logs" / container

    def _file(self, wanted: LogRequest) -> Path:
        runs = _runs(self.directory(wanted.pod["metadata"]["uid"], wanted.container))
        name, pod = wanted.container, wanted.pod["metadata"]["name"]
        if not runs:
            raise BadRequestError(f'container "{name}" in pod "{pod}" is waiting to start: it has no output yet')
        if not wanted.previous:
            return runs[-1]
        if len(runs) == 1:
            raise BadRequestError(f'previous terminated container "{name}" in pod "{pod}" not found')
        return runs[-2]

    @staticmethod
    def _is_current(path: Path) -> bool:
        return path.exists() and _runs(path.parent)[-1] == path


def _runs(directory: Path) -> list[Path]:
    files = directory.glob("*.log") if directory.is_dir() else ()
    return sorted(files, key=lambda path: int(path.stem))


def _tail(path: Path, lines: int | None) -> Iterable[bytes]:
    with path.open("rb") as file:
        if lines is None:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
            return
        wanted = file.read().splitlines(keepends=True)
        yield b"".join(wanted[-lines:] if lines > 0 else [])
