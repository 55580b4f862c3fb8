"""The processes of the pods: started in sessions of their own, watched through pidfds, never outliving this process.

Rules:
- A child is the leader of its process group; when it ends, the rest of its group (a Valkey that saves, say) is killed,
  as the end of a container's first process ends the container.
- ``PR_SET_PDEATHSIG`` (prctl(2)) makes the kernel kill a child, a stopped one as well, when this process dies.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gungnir.local.plane.reactor import READ, Reactor

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class Children:
    """All children; ``on_exit(pid, status)`` is called once for each, status negative for a signal as in ``Popen``."""

    def __init__(self, reactor: Reactor, on_exit: Callable[[int, int], None]) -> None:
        self._reactor = reactor
        self._on_exit = on_exit
        self._children: dict[int, tuple[subprocess.Popen[bytes], int]] = {}

    def spawn(self, argv: Sequence[str], env: Mapping[str, str], cwd: str, log_path: str) -> int:
        """Start a process whose output is appended to the file ``log_path``; return its pid.

        Raises:
            OSError: The program or the working directory does not exist or cannot be used.
        """
        parent = os.getpid()

        def die_with_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # the parent died before the call above
                os._exit(1)

        log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            child = subprocess.Popen(  # noqa: S603 - runs what a pod says, that is its purpose
                list(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        finally:
            os.close(log)
        pidfd = os.pidfd_open(child.pid)
        self._children[child.pid] = (child, pidfd)
        self._reactor.watch(pidfd, READ, lambda _mask: self._ended(child.pid))
        return child.pid

    def lives(self, pid: int) -> bool:
        """Whether ``pid`` is a child whose end was not reported yet."""
        return pid in self._children

    def send_signal(self, pid: int, number: int, *, group: bool) -> None:
        """Send a signal to a child, or to its whole group; a child that has ended is left alone."""
        if pid not in self._children:
            return
        try:
            if group:
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
        except ProcessLookupError:
            return

    def kill_all(self) -> None:
        """Kill every child with its group and wait for its end."""
        for pid in tuple(self._children):
            self.send_signal(pid, signal.SIGKILL, group=True)
        for child, pidfd in self._children.values():
            child.wait()
            os.close(pidfd)
        self._children.clear()

    def _ended(self, pid: int) -> None:
        # The leader is a zombie until wait(): its group id cannot belong to anybody else yet.
        self.send_signal(pid, signal.SIGKILL, group=True)
        child, pidfd = self._children.pop(pid)
        self._reactor.forget(pidfd)
        os.close(pidfd)
        self._on_exit(pid, child.wait())
