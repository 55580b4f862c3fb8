"""The roots of every error that Gungnir raises. Each class says who has to act, so that a handler can decide by class.

``UserError``: a person gave something wrong; the text names the field, the value and the fix. ``RemoteError``: another
system failed or refused; its three branches say what the caller does next. ``BugError``: Gungnir itself is wrong.
"""


class GungnirError(Exception):
    """Root of all errors raised on purpose by Gungnir."""


class UserError(GungnirError):
    """A person gave a wrong value. Shown as it is, without a traceback; the program exits or the cluster is refused."""


class RemoteError(GungnirError):
    """Another system (API server, Valkey) failed or refused."""


class RetryableError(RemoteError):
    """The same request may succeed later: retry with backoff."""


class RefusedError(RemoteError):
    """The request was understood and refused; the same request stays refused until something else changes."""


class ConflictError(RemoteError):
    """The request was built on a view that is no longer true: observe again, then decide anew."""


class BugError(GungnirError):
    """Gungnir broke one of its own rules. The round stops loudly; never retried blindly."""
