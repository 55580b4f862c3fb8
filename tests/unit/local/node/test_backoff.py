from hypothesis import given
from hypothesis import strategies as st

from gungnir.local.node.backoff import Backoff
from gungnir.local.settings import NodeSettings


def test_the_wait_doubles_up_to_the_cap_and_begins_anew_after_a_stable_run() -> None:
    backoff = Backoff(NodeSettings(restart_delay_ms=500, restart_delay_cap_ms=3000))
    assert [backoff.next_delay_ms(100) for _ in range(5)] == [500, 1000, 2000, 3000, 3000]
    assert backoff.next_delay_ms(6000) == 500


def test_without_a_delay_a_container_that_fails_for_ever_is_slowed_down_nevertheless() -> None:
    backoff = Backoff(NodeSettings(restart_delay_ms=0, restart_delay_cap_ms=1000))
    assert [backoff.next_delay_ms(1) for _ in range(9)] == [0, 0, 0, 0, 0, 100, 200, 400, 800]


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 200))
def test_no_wait_is_longer_than_the_cap_or_the_first_wait(first_ms: int, cap_ms: int, restarts: int) -> None:
    backoff = Backoff(NodeSettings(restart_delay_ms=first_ms, restart_delay_cap_ms=cap_ms))
    assert all(0 <= backoff.next_delay_ms(-1) <= max(first_ms, cap_ms) for _ in range(restarts))


def test_a_changed_setting_counts_from_the_next_restart_on() -> None:
    settings = NodeSettings(restart_delay_ms=500)
    backoff = Backoff(settings)
    backoff.next_delay_ms(1)
    settings.restart_delay_ms = 0
    assert backoff.next_delay_ms(1) == 0
