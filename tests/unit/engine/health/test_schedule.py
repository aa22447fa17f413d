"""When addresses are probed."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.health.schedule import JITTER, Schedule


def test_the_first_probe_comes_an_interval_after_the_start_and_none_comes_twice_at_once() -> None:
    schedule: Schedule[str] = Schedule(random.Random(1))
    schedule.keep({"a": 10.0}, 100.0)
    first = schedule.next_at()
    assert first is not None
    assert 109.0 <= first <= 111.0
    assert list(schedule.due(first - 0.01)) == []
    assert list(schedule.due(first)) == ["a"]
    assert list(schedule.due(first + 50)) == [], "it is under way"
    assert schedule.next_at() is None
    schedule.done("a", first + 50)
    assert list(schedule.due(first + 50)) == ["a"], "it took longer than its interval"


def test_what_goes_is_probed_no_more_and_another_interval_counts_from_now() -> None:
    schedule: Schedule[str] = Schedule(random.Random(1))
    schedule.keep({"a": 10.0, "b": 10.0}, 0.0)
    schedule.keep({"a": 1.0}, 5.0)
    assert list(schedule.due(7.0)) == ["a"]
    schedule.keep({}, 7.0)
    schedule.done("a", 8.0)
    assert list(schedule.due(1e9)) == []
    assert len(schedule) == 0


plans = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0.5, 1.0, 7.0])),
        st.floats(0.01, 3.0),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(plans, st.integers(0, 1000))
def test_each_is_probed_once_per_interval_whatever_changes(plan: list[dict[str, float] | float], seed: int) -> None:
    schedule: Schedule[str] = Schedule(random.Random(seed))
    now, wanted = 0.0, dict[str, float]()
    last: dict[str, float] = {}
    for step in plan:
        if isinstance(step, dict):
            for each in "abcd":
                if step.get(each) != wanted.get(each):
                    last[each] = now
            wanted = step
            schedule.keep(wanted, now)
            continue
        now += step
        begun = list(schedule.due(now))
        assert len(set(begun)) == len(begun)
        for each in begun:
            assert each in wanted
            assert now - last[each] >= wanted[each] * (1 - JITTER) - 1e-9
            last[each] = now
            schedule.done(each, now)
        for each, interval in wanted.items():
            assert now - last[each] <= interval * (1 + JITTER) + step, "it was forgotten"
