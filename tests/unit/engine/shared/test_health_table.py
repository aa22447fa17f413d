"""The table of health that the processes of a node share: whole for every reader, whoever is killed meanwhile."""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.shared.health_table import DOWN, OFFERED, TAKEN, HealthTable, Key
from gwctl.engine.shared.memory import STRIPES, Layout, SharedMemory
from gwctl.engine.shared.stripes import Busy, Stripes

SMALL = Layout(health_slots=128, rows=2, columns=8)
FRESH = 2
NOW = 1_000.0


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    memory = SharedMemory.create(SMALL)
    yield memory
    memory.close()


def put(table: HealthTable, key: Key, record: int, now: float = NOW) -> bool:
    return table.update(key, lambda _: record, now, fresh=FRESH)


def test_what_one_mapping_writes_another_reads(memory: SharedMemory) -> None:
    one, other = HealthTable(memory), HealthTable(SharedMemory(os.dup(memory.descriptor), SMALL))
    assert other.record((1, 2)) == 0
    assert put(one, (1, 2), DOWN | 3)
    assert (other.record((1, 2)), other.epoch) == (DOWN | 3, 1)
    assert not put(other, (1, 2), DOWN | 2), "the availability is the same"
    assert (one.record((1, 2)), one.epoch) == (DOWN | 2, 1)
    entry = one.entry((1, 2))
    assert entry is not None
    assert (entry.down_since, entry.gone_since) == (1_000_000, 0)
    assert put(one, (1, 2), FRESH)
    assert other.epoch == 2
    entry = one.entry((1, 2))
    assert entry is not None
    assert entry.down_since == 0


def test_what_changes_nothing_takes_no_place(memory: SharedMemory) -> None:
    table = HealthTable(memory)
    assert not put(table, (1, 2), FRESH)
    assert list(table.entries()) == []


def test_a_full_table_leaves_the_rest_unknown_and_says_so_once(
    memory: SharedMemory, caplog: pytest.LogCaptureFixture
) -> None:
    table = HealthTable(memory)
    with caplog.at_level(logging.ERROR):
        stored = [put(table, (number, 5), DOWN | 3) for number in range(SMALL.health_slots)]
    assert 0 < stored.count(False) < len(stored)
    assert len([record for record in caplog.records if "no room" in record.message]) == 1
    for number, was in enumerate(stored):
        assert table.record((number, 5)) == (DOWN | 3 if was else 0)


def test_removed_entries_make_room_and_hide_nothing_behind_them(memory: SharedMemory) -> None:
    table = HealthTable(memory)
    for number in range(10):
        put(table, (number, 7), DOWN | 3)
    for entry in list(table.entries()):
        if entry.key[0] % 2:
            table.forget(entry)
    assert sorted(entry.key[0] for entry in table.entries()) == [0, 2, 4, 6, 8]
    assert [bool(table.record((number, 7))) for number in range(10)] == [True, False] * 5
    put(table, (99, 7), DOWN | 3)
    assert [entry.slot for entry in table.entries() if entry.key == (99, 7)] == [8]


keys = st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 127, (1 << 64) - 1]))
steps = st.lists(st.tuples(st.sampled_from(["put", "forget"]), keys, st.sampled_from([2, 3, DOWN | 2, DOWN | 3])))


@settings(max_examples=150, deadline=None)
@given(steps)
def test_it_is_a_dictionary(done: list[tuple[str, Key, int]]) -> None:
    memory = SharedMemory.create(SMALL)
    table = HealthTable(memory)
    model: dict[Key, int] = {}
    epoch = 0
    for what, key, record in done:
        before = model.get(key, FRESH)
        if what == "put":
            assert put(table, key, record) == bool((before ^ record) & DOWN)
            epoch += bool((before ^ record) & DOWN)
            if record != before:
                model[key] = record
        elif (entry := table.entry(key)) is not None:
            table.forget(entry)
            del model[key]
            epoch += 1
        assert {entry.key: entry.record for entry in table.entries()} == model
        assert all(table.record(each) == value for each, value in model.items())
        assert table.epoch == epoch
    memory.close()


def test_one_trial_for_all_processes(memory: SharedMemory) -> None:
    one, other = HealthTable(memory), HealthTable(SharedMemory(os.dup(memory.descriptor), SMALL))
    assert not one.offer_trial((1, 2), NOW), "nothing is known about it"
    put(one, (1, 2), DOWN | 3)
    assert not other.take_trial((1, 2), NOW)
    assert one.offer_trial((1, 2), NOW)
    assert not one.offer_trial((1, 2), NOW)
    assert other.epoch == 2, "so that balancers look"
    entry = one.entry((1, 2))
    assert entry is not None
    assert (entry.trial, entry.trial_at) == (OFFERED, 1_000_000)
    assert [table.take_trial((1, 2), NOW + 1) for table in (one, other, one)] == [True, False, False]
    entry = one.entry((1, 2))
    assert entry is not None
    assert (entry.trial, entry.trial_at) == (TAKEN, 1_001_000)
    put(one, (1, 2), DOWN | 2)
    entry = one.entry((1, 2))
    assert entry is not None
    assert entry.trial == 0, "its outcome is known"


def test_memory_of_another_layout_is_refused(memory: SharedMemory) -> None:
    with pytest.raises(ValueError, match="size"):
        SharedMemory(os.dup(memory.descriptor), Layout(health_slots=256, rows=2, columns=8))
    with pytest.raises(ValueError, match="layout"):
        SharedMemory(os.dup(memory.descriptor), Layout(health_slots=128, rows=1, columns=16))
    with pytest.raises(PermissionError):
        os.ftruncate(memory.descriptor, 0)


# Processes that are killed


def child(work: object) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()  # type: ignore[operator]
        finally:
            os._exit(0)
    return pid


def test_a_killed_owner_frees_its_lock_and_what_it_left_is_told(memory: SharedMemory) -> None:
    table = HealthTable(memory)
    put(table, (1, 2), DOWN | 3)
    read, write = os.pipe()

    def die() -> None:
        with Stripes(memory).hold(2):
            os.write(write, b"x")
            time.sleep(60)

    pid = child(die)
    os.read(read, 1)
    with pytest.raises(Busy), Stripes(memory).hold(2):
        pass
    assert not put(table, (1, 2), FRESH), "it is held by another: nothing is written, and nobody waits"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    before = table.epoch
    table.mend()
    assert table.epoch == before + 1, "what the dead writer changed may have gone untold"
    assert put(table, (1, 2), FRESH)
    assert Stripes(memory).unfinished() == []


RECORDS = (DOWN | 3, FRESH, 3, DOWN | 2)


def write_for_ever(memory: SharedMemory, seed: int) -> None:
    """Each key has a record that says which key it is."""
    table, rng = HealthTable(memory), random.Random(seed)
    while True:
        number = rng.randrange(24)
        record = rng.choice(RECORDS) | number << 8 | (number ^ 0xFF) << 16
        try:
            put(table, (number, number), record)
            if rng.random() < 0.2 and (entry := table.entry((number, number))) is not None:
                table.forget(entry)
        except Busy:
            continue


def check_whole(table: HealthTable) -> None:
    found = list(table.entries())
    assert len({entry.key for entry in found}) == len(found), "a key is there twice"
    for entry in found:
        number, record = entry.key[0], entry.record
        assert entry.key == (number, number)
        if record & 0xFFFFFF != FRESH:
            assert (record & 0xFF in RECORDS, record >> 8 & 0xFF, record >> 16 & 0xFF) == (True, number, number ^ 0xFF)


def test_killing_writers_never_tears_the_table_and_never_blocks_it(memory: SharedMemory) -> None:
    rng = random.Random(4)
    table = HealthTable(memory)
    writers = [child(lambda seed=seed: write_for_ever(memory, seed)) for seed in range(2)]
    try:
        for round_ in range(60):
            time.sleep(rng.random() * 0.01)
            victim = rng.randrange(2)
            os.kill(writers[victim], signal.SIGKILL)
            os.waitpid(writers[victim], 0)
            writers[victim] = child(lambda seed=round_ + 2: write_for_ever(memory, seed))
            check_readable(table)
    finally:
        for pid in writers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    table.mend()
    check_whole(table)
    assert Stripes(memory).unfinished() == []
    for stripe in range(STRIPES + 1):
        with Stripes(memory).hold(stripe):
            pass
    for number in range(24):
        put(table, (number, number), DOWN | 3 | 0xFF << 16 | number << 8)
        assert table.record((number, number)) == DOWN | 3 | 0xFF << 16 | number << 8


def check_readable(table: HealthTable) -> None:
    """While others write: each record that is read is one that somebody wrote for that key."""
    for number in range(24):
        record = table.record((number, number))
        if record and record != FRESH:
            assert (record & 0xFF in RECORDS, record >> 8 & 0xFF, record >> 16 & 0xFF) == (True, number, number ^ 0xFF)
