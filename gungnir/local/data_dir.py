"""The directory of one local cluster: locked while the cluster lives, temporary unless it is named."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from gungnir.errors import UserError


class DataDir:
    """Where a local cluster keeps its objects, volumes and logs."""

    def __init__(self, path: Path | None) -> None:
        """Create and lock the directory; None: a new temporary one, deleted by ``release``.

        Raises:
            UserError: Another local cluster uses the directory, or it cannot be written.
        """
        self.is_temporary = path is None
        self.path = Path(tempfile.mkdtemp(prefix="gungnir-local-")) if path is None else path.absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise UserError(
                f"--data-dir {self.path}: cannot be used ({exc}); name a directory that you may write"
            ) from exc
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(self._lock)
            raise UserError(
                f"--data-dir {self.path}: a running local cluster uses it; stop that one ('gungnir local down') "
                "or name another directory"
            ) from exc

    @property
    def block(self) -> int | None:
        """The loopback block that the cluster had last time, so that the Services' addresses can stay."""
        try:
            return int((self.path / "block").read_text())
        except (OSError, ValueError):
            return None

    @block.setter
    def block(self, number: int) -> None:
        (self.path / "block").write_text(f"{number}\n")

    def release(self) -> None:
        """Unlock the directory; a temporary one is deleted."""
        os.close(self._lock)
        if self.is_temporary:
            shutil.rmtree(self.path, ignore_errors=True)
