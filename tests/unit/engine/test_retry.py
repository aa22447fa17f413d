"""The whole table of what follows a failed try (proxy.md 5)."""

from __future__ import annotations

import itertools

import pytest

from gwctl.engine.proxy.retry import Cause, Failure, Verdict, judge

METHODS = (b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"POST", b"PATCH", b"LOCK")


@pytest.mark.parametrize(
    ("cause", "method", "left", "replayable", "reused"),
    list(itertools.product(Cause, METHODS, (0, 1), (True, False), (True, False))),
)
def test_every_case(cause: Cause, method: bytes, left: int, replayable: bool, reused: bool) -> None:
    failure = Failure(cause, cause is Cause.TIMEOUT, reused, "")
    verdict = judge(failure, method, left=left, replayable=replayable)
    safe = method not in (b"POST", b"PATCH", b"LOCK") and replayable
    if cause is Cause.INVALID:
        assert verdict is Verdict.STOP
    elif cause is Cause.CONNECT:
        assert verdict is (Verdict.AGAIN if left else Verdict.STOP)
    elif not safe:
        assert verdict is Verdict.STOP
    elif cause is Cause.CLOSED and reused:
        assert verdict is Verdict.FREE
    else:
        assert verdict is (Verdict.AGAIN if left else Verdict.STOP)


def test_the_status_tells_timeouts_apart() -> None:
    assert Failure(Cause.CONNECT, True, False, "").status == 504
    assert Failure(Cause.CONNECT, False, False, "").status == 502
