"""Resource quantities in their canonical form.

A real API server parses every quantity and writes it back canonically (``apimachinery/pkg/api/resource``): ``1024Mi``
becomes ``1Gi``, ``0.5`` becomes ``500m``. A server that kept the spelling would hide drift that exists on a real one.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

_SHAPE: Final = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
_BINARY: Final = {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL: Final = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", 1)},
}
_NANO: Final = Fraction(1, 10**9)


@lru_cache(maxsize=1024)
def parse(text: str) -> Fraction:
    """Return the exact value of a quantity, rounded up to a multiple of 1e-9 as the API does.

    Raises:
        ValueError: It is no quantity.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    sign, digits, suffix = match.groups()
    value = Fraction(digits.rstrip(".") or "0") * _factor(suffix or "")
    value = -(-value // _NANO) * _NANO
    return -value if sign == "-" else value


def _factor(suffix: str) -> Fraction:
    if suffix in _BINARY:
        return Fraction(_BINARY[suffix])
    if suffix in _DECIMAL:
        return _DECIMAL[suffix]
    return Fraction(10) ** int(suffix[1:])


@lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """Return a quantity as the API writes it back.

    Raises:
        ValueError: It is no quantity.
    """
    value = parse(text)
    suffix = (_SHAPE.fullmatch(text) or [None] * 4)[3] or ""
    if suffix in _BINARY and abs(value) >= 1024 and value.denominator == 1:  # noqa: PLR2004  # the binary base
        number = int(value)
        unit = ""
        for name, factor in _BINARY.items():
            if number % factor == 0:
                unit = name
        return f"{number // _BINARY[unit]}{unit}" if unit else str(number)
    if value == 0:
        return "0"
    best = "n"
    for name, size in _DECIMAL.items():
        if (value / size).denominator == 1:
            best = name
    number = int(value / _DECIMAL[best])
    if suffix[:1] in {"e", "E"} and len(suffix) > 1 and best:
        return f"{number}e{_exponent(best)}"
    return f"{number}{best}"


def _exponent(unit: str) -> int:
    return {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}[unit]
