"""Where running local clusters are: one small file per name, so that every command finds the cluster it means."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from gungnir.errors import UserError
from gungnir.local.node.leftovers import start_ticks

DEFAULT_NAME: Final = "default"


@dataclass(frozen=True)
class State:
    """A running local cluster: its process (pid and start time together are unique) and its addresses."""

    pid: int
    start_ticks: int
    url: str
    kubeconfig: str
    data_dir: str

    @property
    def is_running(self) -> bool:
        """Whether the process still exists, and is not another one with the same pid."""
        return start_ticks(self.pid) == self.start_ticks


def state_directory() -> Path:
    """``$XDG_RUNTIME_DIR/gungnir``, or a directory of this user below the temporary directory."""
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR")
    if runtime_dir and Path(runtime_dir).is_dir():
        return Path(runtime_dir) / "gungnir"
    return Path(tempfile.gettempdir()) / f"gungnir-{os.getuid()}"


def publish(name: str, *, url: str, kubeconfig: Path, data_dir: Path) -> None:
    """Say that this process runs the local cluster ``name``."""
    pid = os.getpid()
    state = State(pid, start_ticks(pid) or 0, url, str(kubeconfig), str(data_dir))
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{pid}")
    scratch.write_text(json.dumps(asdict(state)))
    scratch.replace(path)


def withdraw(name: str) -> None:
    """The local cluster ``name`` is no more; nothing happens if another process has published the name since."""
    state = read(name)
    if state is not None and state.pid == os.getpid():
        _path(name).unlink(missing_ok=True)


def read(name: str) -> State | None:
    """The running local cluster ``name``, None if there is none."""
    try:
        state = State(**json.loads(_path(name).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return state if state.is_running else None


def find(name: str) -> State:
    """The running local cluster ``name``.

    Raises:
        UserError: There is none.
    """
    state = read(name)
    if state is None:
        running = sorted(path.stem for path in state_directory().glob("*.json") if read(path.stem))
        others = f"; running: {', '.join(running)} (choose with --name)" if running else ""
        raise UserError(f"no local cluster {name!r} is running: start one with 'gungnir local up'{others}")
    return state


def _path(name: str) -> Path:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise UserError(f"--name {name!r}: use letters, digits, '-' and '_' only")
    return state_directory() / f"{name}.json"
