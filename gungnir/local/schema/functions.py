"""The functions that Kubernetes adds to CEL: quantities, regular expressions, lists.

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-cel-libraries. Of the URL, IP and CIDR
libraries only the tests ``isURL``, ``isIP`` and ``isCIDR`` are there; a rule that calls another function fails with
its name.
"""

import ipaddress
import logging
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

import cel
from cel.stdlib import add_stdlib_to_context

from gungnir.local.schema import quantities

_TAG: Final = "~quantity"


def _quantity(text: str) -> dict[str, str]:
    quantities.parse(text)
    return {_TAG: text}


def _is(parser: Callable[[str], object], text: Any) -> bool:
    try:
        parser(text)
    except (ValueError, TypeError):
        return False
    return True


def _value(item: Any) -> Any:
    return quantities.parse(item[_TAG]) if isinstance(item, dict) and _TAG in item else item


def _compare(left: Any, right: Any) -> int:
    a, b = _value(left), _value(right)
    return int(a > b) - int(a < b)


def _sign(item: Any) -> int:
    return _compare(item, {_TAG: "0"})


def _sum_of(left: Any, right: Any, sign: int) -> dict[str, str]:
    total = _value(left) + sign * _value(right)
    return {_TAG: f"{int(total * 10**9)}n"}


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    return match.group() if match else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in re.finditer(pattern, text)]
    return found if limit < 0 else found[:limit]


def _is_sorted(items: list[Any]) -> bool:
    return all(a <= b for a, b in pairwise(items))


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).scheme)
    except ValueError:
        return False


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "quantity": _quantity,
    "isQuantity": lambda text: _is(quantities.parse, text),
    "compareTo": _compare,
    "isLessThan": lambda left, right: _compare(left, right) < 0,
    "isGreaterThan": lambda left, right: _compare(left, right) > 0,
    "sign": _sign,
    "add": lambda left, right: _sum_of(left, right, 1),
    "sub": lambda left, right: _sum_of(left, right, -1),
    "isInteger": lambda item: _value(item).denominator == 1,
    "asInteger": lambda item: int(_value(item)),
    "asApproximateFloat": lambda item: float(_value(item)),
    "find": _find,
    "findAll": _find_all,
    "isSorted": _is_sorted,
    "isURL": _is_url,
    "isIP": lambda text: _is(ipaddress.ip_address, text),
    "isCIDR": lambda text: _is(ipaddress.ip_network, text),
}


@cache
def library() -> Any:
    """Return the one context that holds all functions; each evaluation sets its own variables in it."""
    # A text that is no quantity is an answer to the client, and nothing for the terminal of whoever runs the cluster.
    logging.getLogger("cel").setLevel(logging.ERROR)
    context = cel.Context()
    add_stdlib_to_context(context)
    for name, function in _FUNCTIONS.items():
        context.add_function(name, function)
    return context
