"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], what: str, *, deadline: float = 10.0, every: float = 0.02) -> T:
    """Ask ``condition`` until it gives something true, and return that; fail naming ``what`` after ``deadline`` s.

    An AssertionError or OSError of the condition counts as "not yet" and is shown when the deadline passes.
    """
    end = time.monotonic() + deadline
    last: object = None
    while True:
        try:
            last = answer = condition()
            if answer:
                return answer
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline} s: {what} (last: {last!r})")
        time.sleep(every)


def time_until(condition: Callable[[], object], what: str, *, deadline: float = 5.0) -> float:
    """Seconds until ``condition`` holds. A deadline of the acceptance list is held by the median of several of these:
    one of them says as much about the machine as about the program."""
    began = time.monotonic()
    wait_for(condition, what, deadline=deadline, every=0.002)
    return time.monotonic() - began
