import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.api.instant import from_rfc3339, to_rfc3339


def test_an_instant_is_written_in_utc_with_milliseconds() -> None:
    assert to_rfc3339(1_769_860_800_250) == "2026-01-31T12:00:00.250Z"
    assert from_rfc3339("2026-01-31T12:00:00Z") == 1_769_860_800_000
    assert from_rfc3339("2026-01-31T13:00:00.250999+01:00") == 1_769_860_800_250


@given(st.integers(0, 253_402_300_799_999))
def test_reading_undoes_writing(unix_ms: int) -> None:
    assert from_rfc3339(to_rfc3339(unix_ms)) == unix_ms


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31T12:00:00", "2026-01-31"])
def test_what_is_not_an_instant_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 2026-01-31T12:00:00Z"):
        from_rfc3339(text)
