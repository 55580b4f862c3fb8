from hypothesis import given
from hypothesis import strategies as st

from gungnir.runtime.backoff import Backoff
from gungnir.runtime.schedule import Priority, Schedule


def test_requests_for_one_key_become_one_run() -> None:
    schedule: Schedule[str] = Schedule(limit=2, slow_after_ms=100)
    for due_ms in (30, 10, 20):
        schedule.add("a", due_ms)
    assert schedule.take(9) == []
    assert schedule.wake_ms(9) == 10
    assert schedule.take(10) == ["a"]
    assert (schedule.waiting, schedule.running) == (0, 1)


def test_a_running_key_runs_again_only_after_it_finished() -> None:
    schedule: Schedule[str] = Schedule(limit=2, slow_after_ms=100)
    schedule.add("a", 0)
    assert schedule.take(0) == ["a"]
    schedule.add("a", 0, Priority.URGENT)
    assert schedule.is_waiting("a")
    assert schedule.take(1) == []
    assert schedule.wake_ms(1) is None, "only finish() can make it start"
    schedule.finish("a")
    assert schedule.take(2) == ["a"]


def test_urgent_work_overtakes_and_needs_no_place() -> None:
    schedule: Schedule[str] = Schedule(limit=1, slow_after_ms=100)
    for key in ("a", "b", "c"):
        schedule.add(key, 0)
    assert schedule.take(0) == ["a"]
    schedule.add("c", 0, Priority.URGENT)
    assert schedule.take(1) == ["c"]
    schedule.finish("a")
    assert schedule.take(2) == ["b"]


def test_what_is_urgent_stays_urgent_when_asked_for_again() -> None:
    schedule: Schedule[str] = Schedule(limit=1, slow_after_ms=100)
    schedule.add("a", 0)
    assert schedule.take(0) == ["a"]
    schedule.add("b", 0, Priority.URGENT)
    schedule.add("b", 0)
    assert schedule.take(1) == ["b"]


def test_hung_keys_give_their_places_up() -> None:
    schedule: Schedule[str] = Schedule(limit=2, slow_after_ms=100)
    for key in ("a", "b", "c"):
        schedule.add(key, 0)
    assert schedule.take(0) == ["a", "b"]
    assert schedule.take(99) == []
    assert schedule.wake_ms(99) == 100
    assert schedule.take(100) == ["c"]


def test_what_is_dropped_never_runs() -> None:
    schedule: Schedule[str] = Schedule(limit=2, slow_after_ms=100)
    schedule.add("a", 0)
    schedule.add("b", 0)
    schedule.drop("a")
    schedule.drop("unknown")
    assert schedule.take(0) == ["b"]
    schedule.add("c", 0)
    schedule.clear()
    assert schedule.take(0) == []


KEYS = st.sampled_from("abcd")
STEPS = st.one_of(
    st.tuples(st.just("add"), KEYS, st.integers(0, 50), st.sampled_from(Priority)),
    st.tuples(st.just("finish"), KEYS),
    st.tuples(st.just("tick"), st.integers(1, 60)),
)


@given(st.lists(STEPS, max_size=60), st.integers(1, 3))
def test_no_key_runs_twice_none_is_lost_and_the_limit_holds(steps: list[tuple[object, ...]], limit: int) -> None:
    schedule: Schedule[str] = Schedule(limit=limit, slow_after_ms=40)
    now_ms = 0
    running: dict[str, tuple[int, Priority]] = {}
    wanted: dict[str, tuple[int, Priority]] = {}
    for step in steps:
        match step:
            case ("add", str(key), int(delay_ms), Priority() as priority):
                due_ms, known = wanted.get(key, (now_ms + delay_ms, priority))
                wanted[key] = (min(due_ms, now_ms + delay_ms), max(known, priority))
                schedule.add(key, now_ms + delay_ms, priority)
            case ("finish", str(key)):
                if key in running:
                    del running[key]
                    schedule.finish(key)
            case ("tick", int(elapsed_ms)):
                wake_ms = schedule.wake_ms(now_ms)
                assert wake_ms is None or wake_ms > now_ms
                now_ms += elapsed_ms
            case _:
                raise AssertionError(step)
        for key in schedule.take(now_ms):
            assert key not in running
            assert wanted[key][0] <= now_ms
            running[key] = (now_ms, wanted.pop(key)[1])
        held = [k for k, (since, p) in running.items() if p is Priority.NORMAL and now_ms - since < 40]
        assert len(held) <= limit
        due = [k for k, (due_ms, _p) in wanted.items() if due_ms <= now_ms and k not in running]
        assert not [k for k in due if wanted[k][1] is Priority.URGENT], "urgent work never waits"
        assert not due or len(held) == limit, "a free place is always used"
    assert schedule.waiting == len(wanted)


@given(st.integers(1, 100_000), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_in_the_upper_half_of_its_bound_and_never_exceeds_the_cap(failures: int, drawn: float) -> None:
    delay_ms = Backoff(100, 5_000, lambda: drawn).delay_ms(failures)
    bound = min(5_000, 100 * 2 ** min(failures - 1, 10))
    assert bound // 2 <= delay_ms <= bound
