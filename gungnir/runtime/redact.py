"""Keeps secrets out of logs, by key and by value.

By key: the value of any field whose name ends in a word such as ``password`` or ``token``, at any depth. By value:
every registered secret, wherever it occurs in a text, also in its base64 form as the API server carries it, or escaped.
"""

import base64
import json
import re
from collections.abc import Hashable, Iterable, Mapping, MutableMapping
from typing import Any, Final

REDACTED: Final = "[redacted]"
_KEY: Final = re.compile(
    r"(^|[-_.\s])(password|passwd|token|authorization|credentials?|secret|stringdata|operator[-_]?key|"
    r"primaryauth|masterauth|requirepass|default\.acl|operator_users)$",
    re.IGNORECASE,
)
_SHORT_CHARS: Final = 6
"""A shorter secret is only recognised as a whole word: else ``a`` as a password would blot out every text."""
_MAX_DEPTH: Final = 12


class Redactor:
    """Knows the secrets that must not be shown. As a structlog processor, put it after the rendering of exceptions."""

    def __init__(self) -> None:
        self._values: dict[Hashable, frozenset[str]] = {}
        self._pattern: re.Pattern[str] | None = None

    def register(self, owner: Hashable, values: Iterable[str | bytes]) -> None:
        """Remember an owner's secrets in place of its former ones."""
        texts: set[str] = set()
        for value in values:
            raw = value.encode() if isinstance(value, str) else value
            if raw:
                text = raw.decode(errors="replace")
                texts |= {text, base64.b64encode(raw).decode(), json.dumps(text)[1:-1], repr(text)[1:-1]}
        self._values[owner] = frozenset(texts)
        self._compile()

    def forget(self, owner: Hashable) -> None:
        """Forget the secrets of an owner that is gone."""
        if self._values.pop(owner, None):
            self._compile()

    def text(self, text: str) -> str:
        """The text without registered secrets."""
        return self._pattern.sub(REDACTED, text) if self._pattern is not None else text

    def value(self, value: Any, depth: int = 0) -> Any:
        """The value without secrets, as plain types; what is nested too deep is left out."""
        if isinstance(value, str):
            return self.text(str(value))
        if isinstance(value, bool | int | float) or value is None:
            return value
        if isinstance(value, bytes | bytearray):
            return self.text(value.decode(errors="replace"))
        if depth >= _MAX_DEPTH:
            return "[too deep]"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value]
        return self.text(str(value))

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Redact one log event."""
        return self._mapping(event, 0)

    def _mapping(self, mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        hide_data = mapping.get("kind") == "Secret"
        return {
            str(key): REDACTED
            if value not in (None, "") and (_KEY.search(str(key)) or (hide_data and key == "data"))
            else self.value(value, depth + 1)
            for key, value in mapping.items()
        }

    def _compile(self) -> None:
        texts = sorted({text for owned in self._values.values() for text in owned}, key=len, reverse=True)
        parts = [re.escape(t) if len(t) >= _SHORT_CHARS else rf"(?<!\w){re.escape(t)}(?!\w)" for t in texts]
        self._pattern = re.compile("|".join(parts)) if parts else None
