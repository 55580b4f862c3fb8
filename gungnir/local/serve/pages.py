"""Pages of a list: each shows the list as of its first page, as long as the server remembers it."""

import base64
import itertools
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from gungnir.local.errors import BadRequestError, ExpiredError
from gungnir.local.store import Record

Obj = dict[str, Any]
_KEPT: Final = 128
"""Lists that are in the middle of being read; a client that is slower than so many others begins anew (410)."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    records: list[Record]
    meta: Obj


@dataclass(slots=True)
class Pages:
    """The rest of each list that somebody is reading. Records are immutable and shared, so a rest costs little."""

    _rests: OrderedDict[int, tuple[int, list[Record]]] = field(default_factory=OrderedDict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def first(self, records: list[Record], revision: int, limit: int | None, *, counted: bool) -> Page:
        """Return the first page of a list as of ``revision``; ``counted``: say how many remain."""
        return self._page(records, revision, limit, counted=counted)

    def next(self, token: str, limit: int | None, *, counted: bool) -> Page:
        """Return the page that a continue token leads to.

        Raises:
            BadRequestError: It is no token of ours.
            ExpiredError: The rest of that list is no longer kept.
        """
        number, done = _read(token)
        if number not in self._rests:
            raise ExpiredError(
                "The provided continue parameter is too old to display a consistent list result. You can start a new "
                "list without the continue parameter."
            )
        revision, records = self._rests[number]
        return self._page(records[done:], revision, limit, counted=counted)

    def forget(self) -> None:
        """Expire every token."""
        self._rests.clear()

    def _page(self, records: list[Record], revision: int, limit: int | None, *, counted: bool) -> Page:
        meta: Obj = {"resourceVersion": str(revision)}
        if not limit or len(records) <= limit:
            return Page(records, meta)
        number = next(self._numbers)
        self._rests[number] = (revision, records)
        while len(self._rests) > _KEPT:
            self._rests.popitem(last=False)
        meta["continue"] = base64.urlsafe_b64encode(json.dumps([number, limit]).encode()).decode().rstrip("=")
        if counted:
            meta["remainingItemCount"] = len(records) - limit
        return Page(records[:limit], meta)


def _read(token: str) -> tuple[int, int]:
    try:
        number, done = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(number), int(done)
    except (ValueError, TypeError) as exc:
        raise BadRequestError(f"invalid continue token: continue key is not valid: {exc}") from exc
