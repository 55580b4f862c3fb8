"""Kubernetes quantities such as ``1Gi``, ``250m`` or ``1e3``.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import PlainValidator, WithJsonSchema

_NUMBER: Final = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_SUFFIX: Final = r"(?:n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?"
_PARTS: Final = re.compile(f"({_NUMBER})({_SUFFIX})", re.ASCII)
PATTERN: Final = f"^{_NUMBER}{_SUFFIX}$"
"""Non-negative quantities. Lengths are bounded so that a comparison stays exact and cheap."""

_SUFFIXES: Final = {
    "": Fraction(1),
    "n": Fraction(10) ** -9,
    "u": Fraction(10) ** -6,
    "m": Fraction(10) ** -3,
    **{suffix: Fraction(10) ** (3 * power) for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Fraction(2) ** (10 * power) for power, suffix in enumerate("KMGTPE", start=1)},
}


def parse_quantity(value: int | str) -> Fraction:
    """Return the value of a quantity as an exact number of its base unit (bytes, cores, ...).

    Raises:
        ValueError: if ``value`` is not a non-negative quantity.
    """
    text = str(value)
    match = _PARTS.fullmatch(text)
    if match is None or isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{value!r} is not a quantity: write a number and a unit, such as 1Gi, 500M, 250m or 2")
    number, suffix = match.groups()
    if suffix in _SUFFIXES:
        return Fraction(number) * _SUFFIXES[suffix]
    return Fraction(number) * Fraction(10) ** int(suffix[1:])


def quantity_text(value: int) -> str:
    """Return a whole number of bytes as people write it: in the largest unit that divides it, binary before decimal.

    Raises:
        ValueError: if ``value`` is negative.
    """
    if value < 0:
        raise ValueError(f"{value!r} is not a size in bytes: give 0 or more")
    for base, suffixes in ((1024, ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")), (1000, tuple("kMGTPE"))):
        for power in range(len(suffixes), 0, -1):
            if value and value % base**power == 0:
                return f"{value // base**power}{suffixes[power - 1]}"
    return str(value)


def _checked(value: Any) -> int | str:
    try:
        parse_quantity(value)
    except ValueError:
        raise ValueError("must be a quantity; write a number and a unit, such as 1Gi, 500M, 250m or 2") from None
    checked: int | str = value
    return checked


Quantity = Annotated[
    int | str,
    PlainValidator(_checked),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "minimum": 0,
            "maxLength": 32,
            "pattern": PATTERN,
        }
    ),
]
