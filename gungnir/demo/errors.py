"""What goes wrong while a cluster is watched from outside."""

from gungnir.errors import GungnirError, RetryableError


class ConnectError(RetryableError):
    """No usable connection to a Valkey was made: no command was sent."""


class LostError(RetryableError):
    """The connection broke, or the deadline passed, after a command was sent: it may or may not have happened."""


class NotInTimeError(GungnirError):
    """What was waited for did not happen; the text says what, how long, and what was seen last."""


class ProcessError(GungnirError):
    """A process that the demo started ended by itself; the text carries the end of its log."""
