"""Rules over the entries of the spec's maps: config, labels, annotations."""

import re
from collections.abc import Iterable
from typing import Final

from gungnir.api.config_keys import KEY_PATTERN, OWNED_KEYS, OWNED_PREFIXES, is_owned
from gungnir.api.names import GROUP
from gungnir.api.rule import EntryRule

RESERVED_LABEL_PREFIXES: Final = (
    "app.kubernetes.io/",
    f"{GROUP}/",
    "statefulset.kubernetes.io/",
    "apps.kubernetes.io/",
    "controller-revision-hash",
)
_LABEL_KEY: Final = "^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
"""Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
_LABEL_VALUE: Final = "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$"
_CONTROL: Final = "[\\x00-\\x1f\\x7f]"
_DOUBLE_QUOTED: Final = r'"(\\.|[^"\\])*"'
_SINGLE_QUOTED: Final = r"'([^'\\]|\\+[^'\\]|\\+')*'"
_ARGUMENT: Final = rf"""([^ "']*({_DOUBLE_QUOTED}|{_SINGLE_QUOTED})|[^ "']+)"""
_ARGUMENTS: Final = rf"^ *({_ARGUMENT}( +{_ARGUMENT})*)? *$"
"""How Valkey splits a line: a closing quote ends its argument (``sdssplitargs`` in ``src/sds.c``)."""


def _matches(pattern: str, text: str) -> bool:
    # fullmatch would not do: the patterns carry their own anchors, and "$" alone lets a final newline pass.
    return re.search(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern, text) is not None


def _cel_list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


def _cel_no_prefix(prefixes: Iterable[str]) -> str:
    return " && ".join(f"!key.startsWith('{prefix}')" for prefix in prefixes)


ENTRY_RULES: Final = (
    EntryRule(
        name="config-key-spelling",
        scope="spec.config",
        field="spec.config",
        condition=f"key.matches('{KEY_PATTERN}')",
        message="keys must be names of valkey.conf directives in lower case, such as maxmemory-policy; correct the key",
        entries=lambda cluster: cluster.spec.config,
        allows=lambda key, _: _matches(KEY_PATTERN, key),
    ),
    EntryRule(
        name="config-key-owned",
        scope="spec.config",
        field="spec.config",
        condition=f"!(key in {_cel_list(OWNED_KEYS)}) && {_cel_no_prefix(OWNED_PREFIXES)}",
        message="may not set directives that the operator owns (address, port, files, users, replication, fencing, "
        "tls-*, cluster-*); remove them, and use the field of spec that serves the purpose, if there is one",
        entries=lambda cluster: cluster.spec.config,
        allows=lambda key, _: not is_owned(key),
    ),
    EntryRule(
        name="config-value-one-line",
        scope="spec.config",
        field="spec.config",
        condition=f"!self[key].matches(r'{_CONTROL}')",
        message="values must be one line without control characters; write the arguments of one directive only",
        entries=lambda cluster: cluster.spec.config,
        allows=lambda _, value: not _matches(_CONTROL, value),
    ),
    EntryRule(
        name="config-value-quotes",
        scope="spec.config",
        field="spec.config",
        condition=f"self[key].matches(r'''{_ARGUMENTS}''')",
        message="values must have every quote closed at the end of its argument, or valkey-server would not start; "
        "close it, or put the whole argument in double quotes",
        entries=lambda cluster: cluster.spec.config,
        allows=lambda _, value: _matches(_ARGUMENTS, value),
    ),
    EntryRule(
        name="labels-well-formed",
        scope="spec.labels",
        field="spec.labels",
        condition=f"key.matches('{_LABEL_KEY}') && self[key].matches('{_LABEL_VALUE}')",
        message="keys and values must be Kubernetes labels: letters, digits, '-', '_' and '.', at most 63 characters, "
        "the key with an optional DNS prefix and '/'; correct them",
        entries=lambda cluster: cluster.spec.labels,
        allows=lambda key, value: _matches(_LABEL_KEY, key) and _matches(_LABEL_VALUE, value),
    ),
    EntryRule(
        name="labels-not-reserved",
        scope="spec.labels",
        field="spec.labels",
        condition=f"{_cel_no_prefix(RESERVED_LABEL_PREFIXES)}",
        message=f"may not set labels under {', '.join(RESERVED_LABEL_PREFIXES)}, by which pods are selected; "
        "use another prefix",
        entries=lambda cluster: cluster.spec.labels,
        allows=lambda key, _: not key.startswith(RESERVED_LABEL_PREFIXES),
    ),
    EntryRule(
        name="annotations-well-formed",
        scope="spec.annotations",
        field="spec.annotations",
        condition=f"key.matches('{_LABEL_KEY}') && !key.startsWith('{GROUP}/')",
        message=f"keys must be Kubernetes annotation keys outside {GROUP}/, which the operator uses; correct the key",
        entries=lambda cluster: cluster.spec.annotations,
        allows=lambda key, _: _matches(_LABEL_KEY, key) and not key.startswith(f"{GROUP}/"),
    ),
)
