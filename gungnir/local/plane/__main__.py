"""Entry point of the plane: ``python -m gungnir.local.plane CONTROL_FD``."""

import contextlib
import resource
import signal
import socket
import sys

from gungnir.local.plane.control import ControlChannel
from gungnir.local.plane.reactor import Reactor


def main(control_fd: int) -> None:
    """Relay until the control channel ends, then kill every child."""
    # A terminal's Ctrl-C reaches the whole foreground group; the parent decides, and its end is the end of the channel.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    reactor = Reactor()
    channel = ControlChannel(reactor, socket.socket(fileno=control_fd))
    try:
        reactor.run()
    finally:
        channel.plane.children.kill_all()


if __name__ == "__main__":
    main(int(sys.argv[1]))
