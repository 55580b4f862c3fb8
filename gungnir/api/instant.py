"""Points in time as the Kubernetes API writes them (RFC 3339, UTC), and as machines count them (Unix milliseconds)."""

import datetime as dt


def to_rfc3339(unix_ms: int) -> str:
    """Return the instant with millisecond precision, as in ``2026-01-31T12:00:00.250Z``."""
    seconds, milliseconds = divmod(unix_ms, 1000)
    return f"{dt.datetime.fromtimestamp(seconds, tz=dt.UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def from_rfc3339(text: str) -> int:
    """Return the instant in Unix milliseconds, rounded down.

    Raises:
        ValueError: if ``text`` is not an RFC 3339 date and time with an offset.
    """
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError(f"{text!r} is not a point in time: write it as 2026-01-31T12:00:00Z") from None
    return (instant - dt.datetime.fromtimestamp(0, tz=dt.UTC)) // dt.timedelta(milliseconds=1)
