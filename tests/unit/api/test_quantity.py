from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.api.quantity import parse_quantity, quantity_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (0, "0"),
        (2, "2"),
        ("2", "2"),
        ("250m", "0.25"),
        ("1k", "1000"),
        ("1Ki", "1024"),
        ("1.5Gi", str(3 * 2**29)),
        ("1E", "1e18"),
        ("1Ei", str(2**60)),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("5n", "0.000000005"),
    ],
)
def test_a_quantity_has_the_value_that_kubernetes_gives_it(text: int | str, value: str) -> None:
    assert parse_quantity(text) == Fraction(value)


@pytest.mark.parametrize("text", ["", "1GB", "1 Gi", "-1", -1, "1.", ".5", "1Gi\n", "1K", "٣Gi", True, None, 1.5, []])
def test_what_is_not_a_quantity_is_refused_with_the_fix(text: Any) -> None:
    with pytest.raises(ValueError, match="write a number and a unit, such as 1Gi"):
        parse_quantity(text)


@given(number=st.integers(0, 10**15 - 1), power=st.integers(1, 6))
def test_binary_and_decimal_suffixes_scale(number: int, power: int) -> None:
    assert parse_quantity(f"{number}{'KMGTPE'[power - 1]}i") == number * 1024**power
    assert parse_quantity(f"{number}{'kMGTPE'[power - 1]}") == number * 1000**power


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0"),
        (1, "1"),
        (1023, "1023"),
        (1024, "1Ki"),
        (1000, "1k"),
        (2 * 2**30, "2Gi"),
        (3 * 2**29, "1536Mi"),
        (500 * 10**6, "500M"),
        (2**60, "1Ei"),
        (1024 * 1000, "1000Ki"),
    ],
)
def test_a_size_is_written_in_the_largest_unit_that_divides_it(size_bytes: int, text: str) -> None:
    assert quantity_text(size_bytes) == text


@given(size_bytes=st.integers(0, 10**15 - 1))
def test_a_size_that_was_written_reads_back_as_itself(size_bytes: int) -> None:
    assert parse_quantity(quantity_text(size_bytes)) == size_bytes


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 is not a size in bytes: give 0 or more"):
        quantity_text(-1)
