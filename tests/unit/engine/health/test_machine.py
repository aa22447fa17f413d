"""The state machine of one address against a model that keeps a plain history (proxy.md 7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.health.machine import FRESH, Event, Standing, State, after, is_manual, marked, tried
from gwctl.engine.shared.health_table import DOWN

standings = st.builds(
    Standing,
    st.sampled_from(State),
    *(st.integers(0, 255) for _ in range(4)),
    st.booleans(),
    st.integers(0, 255),
)


@given(standings)
def test_a_record_holds_all_of_a_standing(standing: Standing) -> None:
    assert Standing.unpack(standing.pack()) == standing
    assert (
        bool(standing.pack() & DOWN) == standing.down == (standing.state in (State.UNHEALTHY, State.MOSTLY_UNHEALTHY))
    )


class Model:
    """The rules of proxy.md 7, said as simply as they are there."""

    def __init__(self, limits: dict[Event, int]) -> None:
        self.limits = limits
        self.counts = dict.fromkeys(Event, 0)
        self.state = "healthy"

    def hear(self, event: Event) -> None:
        limit = self.limits[event]
        good = event is Event.SUCCESS
        if limit == 0 or self.state == ("healthy" if good else "unhealthy"):
            return
        for other in Event:
            if (other is Event.SUCCESS) != good:
                self.counts[other] = 0
        self.counts[event] += 1
        if self.counts[event] >= limit:
            self.state = "healthy" if good else "unhealthy"
            if good:
                self.counts = dict.fromkeys(Event, 0) | {Event.SUCCESS: self.counts[event]}
        elif self.state in ("healthy", "unhealthy"):
            self.state = "mostly_" + self.state


limits = st.fixed_dictionaries({event: st.integers(0, 4) for event in Event})


@given(limits, st.lists(st.sampled_from(Event), max_size=40))
def test_it_does_what_the_reference_says(limit: dict[Event, int], heard: list[Event]) -> None:
    model, record = Model(limit), FRESH
    for event in heard:
        model.hear(event)
        record = after(record, event, limit[event])
        standing = Standing.unpack(record)
        assert standing.state.name.lower() == model.state
        counts = (standing.success, standing.http, standing.tcp, standing.timeout)
        assert counts == tuple(model.counts[each] for each in Event)


@pytest.mark.parametrize("event", [Event.HTTP_FAILURE, Event.TCP_FAILURE, Event.TIMEOUT])
def test_without_a_limit_for_successes_failures_add_up_for_ever(event: Event) -> None:
    record = FRESH
    for _ in range(2):
        record = after(after(record, event, 3), Event.SUCCESS, 0)
    assert not record & DOWN
    assert after(record, event, 3) & DOWN


def test_kinds_of_failures_have_their_own_counters() -> None:
    record = FRESH
    for event in (Event.HTTP_FAILURE, Event.TCP_FAILURE, Event.TIMEOUT):
        record = after(record, event, 2)
    assert not record & DOWN


def test_counters_stop_at_their_end() -> None:
    record = FRESH
    for _ in range(300):
        record = after(record, Event.TCP_FAILURE, 255)
    assert Standing.unpack(record).tcp == 255
    assert record & DOWN


def test_a_mark_begins_anew() -> None:
    record = after(FRESH, Event.TCP_FAILURE, 1)
    assert marked(healthy=True) == FRESH
    down = marked(healthy=False)
    assert down & DOWN
    assert is_manual(down)
    assert not is_manual(record)
    assert not is_manual(after(down, Event.SUCCESS, 1))


def test_a_trial_heals_or_counts() -> None:
    down = after(FRESH, Event.TCP_FAILURE, 1)
    assert tried(down, well=True) == FRESH
    twice = tried(tried(down, well=False), well=False)
    assert Standing.unpack(twice).attempts == 2
    assert twice & DOWN
    assert Standing.unpack(after(twice, Event.SUCCESS, 1)).attempts == 0
