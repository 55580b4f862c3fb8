"""The part of JSONPath that printer columns use: fields, indexes, wildcards and equality filters."""

import re
from functools import lru_cache
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"\.(?P<field>[A-Za-z0-9_\-]+|\*)|\[(?P<index>-?\d+|\*)\]|\['(?P<quoted>[^']+)'\]"
    r"|\[\?\(\s*@\.(?P<key>[A-Za-z0-9_.\-]+)\s*==\s*[\"'](?P<value>[^\"']*)[\"']\s*\)\]"
)


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[dict[str, str | None], ...]:
    text = path.replace("\\.", "\0")
    steps, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text.replace("\0", "."), at) if "\0" not in text else _escaped(text, at)
        if match is None:
            raise ValueError(
                f"JSONPath {path!r}: cannot read {text[at:]!r}: use .field, [index], [*] or [?(@.key=='value')]"
            )
        steps.append(
            {name: (value or "").replace("\0", ".") if value else value for name, value in match.groupdict().items()}
        )
        at = match.end()
    return tuple(steps)


_ESCAPED_TOKEN: Final = re.compile(_TOKEN.pattern.replace("[A-Za-z0-9_\\-]+", "[A-Za-z0-9_\\-/\0]+", 1))


def _escaped(text: str, at: int) -> re.Match[str] | None:
    return _ESCAPED_TOKEN.match(text, at)


def find(value: Any, path: str) -> list[Any]:
    """Return everything that a path leads to.

    Raises:
        ValueError: The path uses what is not supported.
    """
    found = [value]
    for step in _steps(path.strip("{}") or "."):
        found = [inner for item in found for inner in _follow(item, step)]
    return found


def first(value: Any, path: str) -> Any:
    """Return the first thing that a path leads to, or None."""
    try:
        found = find(value, path)
    except ValueError:
        return None
    return found[0] if found else None


def _follow(item: Any, step: dict[str, str | None]) -> list[Any]:
    name = step["field"] or step["quoted"]
    if name == "*" or step["index"] == "*":
        return list(item.values()) if isinstance(item, dict) else list(item) if isinstance(item, list) else []
    if name is not None:
        return [item[name]] if isinstance(item, dict) and name in item else []
    if step["index"] is not None:
        at = int(step["index"])
        return [item[at]] if isinstance(item, list) and -len(item) <= at < len(item) else []
    path, wanted = "." + (step["key"] or ""), step["value"]
    candidates = item if isinstance(item, list) else []
    return [candidate for candidate in candidates if str(first(candidate, path)) == wanted]
