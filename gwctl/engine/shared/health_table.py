"""The health of addresses that the processes of a node share: open addressing by a 128-bit key, one record per key.

A record is one word, so a reader finds it whole or not at all, whatever became of its writer. Readers take no lock and
make no system call. Only addresses with something to remember are in it: an unknown one is healthy.

An entry has eight words: the key (two), the record, since when the address is down and since when nobody has it
configured (milliseconds since 1970, 0 for neither), its trial, when the record changed, and a spare one. An entry that
is removed stays as a vacant one, so that those behind it are found; the next new entry may take its place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gwctl.engine.shared.memory import EPOCH, SLOT_WORDS, STRIPES, SharedMemory
from gwctl.engine.shared.stripes import Busy, Stripes

Key = tuple[int, int]
"""Two words that identify an address of an upstream."""

DOWN = 0x80
"""Set in the record of an address that gets no requests."""
_VACANT = 1
_MOST_STEPS = 64
_MASK = (1 << 64) - 1
_RECORD, _DOWN_SINCE, _GONE_SINCE, _TRIAL, _CHANGED = 2, 3, 4, 5, 6

OFFERED = 1
TAKEN = 2

_log = logging.getLogger("gwctl.engine")


@dataclass(frozen=True, slots=True)
class Entry:
    """A copy of one entry; times in milliseconds. ``trial`` is OFFERED, TAKEN or 0, and ``trial_at`` when that was."""

    slot: int
    key: Key
    record: int
    down_since: int
    gone_since: int
    trial: int
    trial_at: int
    changed: int


class HealthTable:
    """``record`` words are the caller's, but for two rules: bit ``DOWN``, and that none is 0 or 1."""

    def __init__(self, memory: SharedMemory) -> None:
        self._words = memory.words
        self._stripes = Stripes(memory)
        self._base = memory.layout.health
        self._used = memory.layout.used
        self._slots = memory.layout.health_slots
        self._told_full = False
        self._told_busy = False

    # Reading

    @property
    def epoch(self) -> int:
        """Grows whenever the availability of an address changes, or a trial is offered."""
        return self._words[EPOCH]

    def record(self, key: Key) -> int:
        """The record of ``key``, 0 when nothing is known about it."""
        at = self._find(key)
        return 0 if at < 0 else self._record_at(at, key)

    def entry(self, key: Key) -> Entry | None:
        """All that is known about ``key``."""
        at = self._find(key)
        return None if at < 0 else self._entry_at(at)

    def entries(self) -> Iterator[Entry]:
        """Every entry in use, in no order."""
        for index in range(self._slots // 64):
            bits = self._words[self._used + index]
            while bits:
                low = bits & -bits
                bits ^= low
                entry = self._entry_at(self._at(index * 64 + low.bit_length() - 1))
                if entry.record > _VACANT:
                    yield entry

    # Writing

    def update(self, key: Key, change: Callable[[int], int], now: float, *, fresh: int) -> bool:
        """Replace the record of ``key`` by what ``change`` makes of it; whether its availability changed.

        ``fresh`` is the record of an unknown address. What stays as it is costs no lock; a key that is unknown is added
        only when its record changes. A full table, or a lock that a stopped process keeps, leaves things as they are.
        """
        at = self._find(key)
        before = (0 if at < 0 else self._record_at(at, key)) or fresh
        if change(before) == before:
            return False
        try:
            if at < 0:
                at = self._add(key, fresh)
            return at >= 0 and self._change(at, key, change, now)
        except Busy as error:
            self._say_once(str(error))
            return False

    def offer_trial(self, key: Key, now: float) -> bool:
        """Let one request try the address, which is down. Raises Busy."""
        return self._move_trial(key, lambda phase: phase != OFFERED, OFFERED, now)

    def offers(self, key: Key) -> bool:
        """Whether a trial of the address waits to be taken."""
        at = self._find(key)
        return at >= 0 and self._words[at + _TRIAL] & 0xFF == OFFERED

    def take_trial(self, key: Key, now: float) -> bool:
        """Whether this caller, alone among all processes, may try the address now."""
        try:
            return self._move_trial(key, lambda phase: phase == OFFERED, TAKEN, now)
        except Busy:
            return False

    def mark_gone(self, entry: Entry, now: float | None) -> None:
        """Note since when nobody has the address configured; None: somebody has. Raises Busy."""
        with self._stripes.hold(self._stripe(entry.slot)) as broken:
            at = self._at(entry.slot)
            if self._key_at(at) == entry.key:
                self._words[at + _GONE_SINCE] = 0 if now is None else int(now * 1000)
            if broken:
                self._news()

    def forget(self, entry: Entry) -> None:
        """Remove the entry: the address is as good as any again. Raises Busy."""
        with self._stripes.hold(STRIPES):
            with self._stripes.hold(self._stripe(entry.slot)):
                at = self._at(entry.slot)
                if self._key_at(at) != entry.key:
                    return
                self._words[at + _RECORD] = _VACANT
                self._news()
            self._set_used(entry.slot, used=False)

    def mend(self) -> None:
        """Finish what processes left that died while they wrote: everybody looks at everything again. Raises Busy."""
        for stripe in self._stripes.unfinished():
            with self._stripes.hold(stripe) as broken:
                if broken:
                    self._news()

    # Inside

    def _at(self, slot: int) -> int:
        return self._base + slot * SLOT_WORDS

    def _stripe(self, slot: int) -> int:
        return slot % STRIPES

    def _key_at(self, at: int) -> Key:
        return self._words[at], self._words[at + 1]

    def _record_at(self, at: int, key: Key) -> int:
        """The record there if it is that of ``key``: the place may have got another owner meanwhile."""
        record = self._words[at + _RECORD]
        return record if record > _VACANT and self._key_at(at) == key else 0

    def _entry_at(self, at: int) -> Entry:
        words = self._words
        trial = words[at + _TRIAL]
        return Entry(
            slot=(at - self._base) // SLOT_WORDS,
            key=self._key_at(at),
            record=words[at + _RECORD],
            down_since=words[at + _DOWN_SINCE],
            gone_since=words[at + _GONE_SINCE],
            trial=trial & 0xFF,
            trial_at=trial >> 8,
            changed=words[at + _CHANGED],
        )

    def _places(self, key: Key) -> Iterator[int]:
        """Where ``key`` may be, in the order of looking."""
        home = key[1] % self._slots
        for step in range(min(_MOST_STEPS, self._slots)):
            yield self._at((home + step) % self._slots)

    def _find(self, key: Key) -> int:
        words, base, slots = self._words, self._base, self._slots
        first, second = key
        slot = second % slots
        for _ in range(_MOST_STEPS):
            at = base + slot * SLOT_WORDS
            record = words[at + _RECORD]
            if record == 0:
                return -1
            if record != _VACANT and words[at] == first and words[at + 1] == second:
                return at
            slot = (slot + 1) % slots
        return -1

    def _add(self, key: Key, fresh: int) -> int:
        """A new entry for ``key``, or the one that another process has just made; -1 when there is no room."""
        with self._stripes.hold(STRIPES):
            found = self._find(key)
            if found >= 0:
                return found
            words = self._words
            for at in self._places(key):
                if words[at + _RECORD] > _VACANT:
                    continue
                words[at], words[at + 1] = key
                for field in range(_RECORD + 1, SLOT_WORDS):
                    words[at + field] = 0
                self._set_used((at - self._base) // SLOT_WORDS, used=True)
                words[at + _RECORD] = fresh  # from here on it is found
                return at
        self._say_full()
        return -1

    def _change(self, at: int, key: Key, change: Callable[[int], int], now: float) -> bool:
        words = self._words
        with self._stripes.hold(self._stripe((at - self._base) // SLOT_WORDS)) as broken:
            old = self._record_at(at, key)
            if not old:
                return False
            new = change(old)
            words[at + _RECORD] = new
            changed = (old ^ new) & DOWN != 0
            if changed:
                words[at + _DOWN_SINCE] = int(now * 1000) if new & DOWN else 0
            if old != new:
                words[at + _TRIAL] = 0
                words[at + _CHANGED] = int(now * 1000)
            if changed or broken:
                self._news()
        return changed

    def _move_trial(self, key: Key, may: Callable[[int], bool], phase: int, now: float) -> bool:
        at = self._find(key)
        if at < 0 or not may(self._words[at + _TRIAL] & 0xFF):
            return False
        with self._stripes.hold(self._stripe((at - self._base) // SLOT_WORDS)) as broken:
            if broken:
                self._news()
            if not self._record_at(at, key) & DOWN or not may(self._words[at + _TRIAL] & 0xFF):
                return False
            self._words[at + _TRIAL] = int(now * 1000) << 8 | phase
            if phase == OFFERED:
                self._news()
            return True

    def _news(self) -> None:
        # two writers may make one step together: each has changed its record before it reads the epoch
        self._words[EPOCH] = (self._words[EPOCH] + 1) & _MASK

    def _set_used(self, slot: int, *, used: bool) -> None:
        at, bit = self._used + slot // 64, 1 << slot % 64
        self._words[at] = self._words[at] | bit if used else self._words[at] & ~bit

    def _say_full(self) -> None:
        if not self._told_full:
            self._told_full = True
            _log.error("no room to keep the health of another address: it counts as healthy")

    def _say_once(self, text: str) -> None:
        if not self._told_busy:
            self._told_busy = True
            _log.error("health is not written down: %s", text)
