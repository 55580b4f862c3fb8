"""Waiting for a condition instead of a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, overload

from gungnir.demo.errors import NotInTimeError
from gungnir.errors import RetryableError

T = TypeVar("T")

POLL_MS: Final = 10


@overload
async def wait_for(
    what: str,
    probe: Callable[[], Awaitable[T | None]],
    *,
    timeout_ms: int,
    poll_ms: int = ...,
    last: Callable[[], object] = ...,
) -> T: ...


@overload
async def wait_for(
    what: str,
    probe: Callable[[], T | None],
    *,
    timeout_ms: int,
    poll_ms: int = ...,
    last: Callable[[], object] = ...,
) -> T: ...


async def wait_for(
    what: str,
    probe: Callable[[], Any],
    *,
    timeout_ms: int,
    poll_ms: int = POLL_MS,
    last: Callable[[], object] = lambda: "",
) -> Any:
    """Call ``probe`` until it returns something true, and return that.

    A ``RetryableError`` of the probe counts as "not yet".

    Args:
        what: What is waited for, for the error text.
        probe: Returns what was waited for, or something false; may be a coroutine function.
        timeout_ms: Milliseconds before giving up. The probe is always called once more at the end.
        poll_ms: Milliseconds between two calls.
        last: Returns what was seen last, for the error text.

    Raises:
        NotInTimeError: It did not happen in time.
    """
    deadline = time.monotonic() + timeout_ms / 1000
    problem = ""
    while True:
        over = time.monotonic() >= deadline
        try:
            found = probe()
            value = (await found) if inspect.isawaitable(found) else found
        except RetryableError as error:
            value, problem = None, str(error)
        if value:
            return value
        if over:
            seen = " | ".join(text for text in (str(last() or ""), problem) if text)
            raise NotInTimeError(f"waited {timeout_ms} ms for {what}; last seen: {seen or 'nothing'}")
        await asyncio.sleep(poll_ms / 1000)
