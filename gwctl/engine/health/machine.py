"""The state machine of one address (proxy.md 7), sans-IO: what is known about it, packed into one word.

An address goes from healthy to unhealthy and back over two states in between, which keep its availability: only the
ends change it. A counted failure zeroes the successes, a counted success zeroes all failures. A limit of 0 turns a
counter off: what it would count is not even noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from types import MappingProxyType

from gwctl.engine.shared.health_table import DOWN


class State(IntEnum):
    """The lowest byte of a record; those with the bit DOWN get no requests."""

    HEALTHY = 2
    MOSTLY_HEALTHY = 3
    MOSTLY_UNHEALTHY = DOWN | 2
    UNHEALTHY = DOWN | 3


class Event(IntEnum):
    """What one request or probe tells; the value is the place of its counter in a record."""

    SUCCESS = 8
    HTTP_FAILURE = 16
    TCP_FAILURE = 24
    TIMEOUT = 32


_FLAGS = 40
_ATTEMPTS = 48
_MANUAL = 1
_MOST = 255

_AFTER: Mapping[tuple[State, bool, bool], State] = MappingProxyType(
    {
        # state, success, limit reached
        (State.HEALTHY, False, False): State.MOSTLY_HEALTHY,
        (State.HEALTHY, False, True): State.UNHEALTHY,
        (State.MOSTLY_HEALTHY, False, False): State.MOSTLY_HEALTHY,
        (State.MOSTLY_HEALTHY, False, True): State.UNHEALTHY,
        (State.MOSTLY_HEALTHY, True, False): State.MOSTLY_HEALTHY,
        (State.MOSTLY_HEALTHY, True, True): State.HEALTHY,
        (State.MOSTLY_UNHEALTHY, False, False): State.MOSTLY_UNHEALTHY,
        (State.MOSTLY_UNHEALTHY, False, True): State.UNHEALTHY,
        (State.MOSTLY_UNHEALTHY, True, False): State.MOSTLY_UNHEALTHY,
        (State.MOSTLY_UNHEALTHY, True, True): State.HEALTHY,
        (State.UNHEALTHY, True, False): State.MOSTLY_UNHEALTHY,
        (State.UNHEALTHY, True, True): State.HEALTHY,
    }
)
"""A healthy address has no use for successes, an unhealthy one none for failures: those are not counted."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A record, unpacked. ``manual``: a person set the state. ``attempts``: trials that failed since it went down."""

    state: State = State.HEALTHY
    success: int = 0
    http: int = 0
    tcp: int = 0
    timeout: int = 0
    manual: bool = False
    attempts: int = 0

    @classmethod
    def unpack(cls, record: int) -> Standing:
        """Of a word that ``pack`` made; 0 is an address that nothing is known about."""
        if not record:
            return cls()
        return cls(
            State(record & 0xFF),
            record >> Event.SUCCESS & 0xFF,
            record >> Event.HTTP_FAILURE & 0xFF,
            record >> Event.TCP_FAILURE & 0xFF,
            record >> Event.TIMEOUT & 0xFF,
            bool(record >> _FLAGS & _MANUAL),
            record >> _ATTEMPTS & 0xFF,
        )

    def pack(self) -> int:
        return (
            self.state
            | self.success << Event.SUCCESS
            | self.http << Event.HTTP_FAILURE
            | self.tcp << Event.TCP_FAILURE
            | self.timeout << Event.TIMEOUT
            | (_MANUAL if self.manual else 0) << _FLAGS
            | self.attempts << _ATTEMPTS
        )

    @property
    def down(self) -> bool:
        """Whether the address gets no requests."""
        return bool(self.state & DOWN)


FRESH = Standing().pack()
"""The record of an address that nothing is known about."""


def after(record: int, event: Event, limit: int) -> int:
    """The record after ``event``, whose counter trips at ``limit`` (0: the event does not count)."""
    state = State(record & 0xFF)
    success = event is Event.SUCCESS
    if limit <= 0 or (state, success, True) not in _AFTER:
        return record
    standing = Standing.unpack(record)
    count = min(_MOST, (record >> event & 0xFF) + 1)
    reached = count >= limit
    state = _AFTER[state, success, reached]
    if success:
        manual = standing.manual and state is not State.HEALTHY
        attempts = 0 if state is State.HEALTHY else standing.attempts
        return Standing(state, success=count, manual=manual, attempts=attempts).pack()
    return (replace(standing, state=state, success=0).pack() & ~(_MOST << event)) | count << event


def marked(*, healthy: bool) -> int:
    """The record that a person sets, whatever it was; counters begin anew."""
    return Standing(State.HEALTHY if healthy else State.UNHEALTHY, manual=not healthy).pack()


def tried(record: int, *, well: bool) -> int:
    """The record after the one request that an address which is down was given as a trial."""
    if well or not record & DOWN:
        return FRESH
    standing = Standing.unpack(record)
    return replace(standing, success=0, attempts=min(_MOST, standing.attempts + 1)).pack()


def is_manual(record: int) -> bool:
    """Whether a person took the address out."""
    return bool(record >> _FLAGS & _MANUAL)
