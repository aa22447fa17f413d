"""Whether a failed try is followed by another (proxy.md 5, promise P12 of reliability.md)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

_UNSAFE = frozenset((b"POST", b"LOCK", b"PATCH"))


class Cause(enum.Enum):
    """What went wrong: no connection; the connection ended early; nothing happened in time; the answer was no HTTP."""

    CONNECT = enum.auto()
    CLOSED = enum.auto()
    TIMEOUT = enum.auto()
    INVALID = enum.auto()


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed try; ``reused`` says that its connection came from the pool."""

    cause: Cause
    timed_out: bool
    reused: bool
    reason: str

    @property
    def status(self) -> int:
        return 504 if self.timed_out else 502


class Verdict(enum.Enum):
    """Give up; try again; try again without counting, because an idle connection had only gone stale."""

    STOP = enum.auto()
    AGAIN = enum.auto()
    FREE = enum.auto()


def judge(failure: Failure, method: bytes, *, left: int, replayable: bool) -> Verdict:
    """What follows ``failure`` with ``left`` counted tries to go."""
    if failure.cause is Cause.INVALID:
        return Verdict.STOP
    if failure.cause is not Cause.CONNECT and (method in _UNSAFE or not replayable):
        return Verdict.STOP
    if failure.reused and failure.cause is Cause.CLOSED:
        return Verdict.FREE
    return Verdict.AGAIN if left > 0 else Verdict.STOP
