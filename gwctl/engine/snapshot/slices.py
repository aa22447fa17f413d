"""Long work in slices that leave the event loop to requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from gwctl.kit.clock import Clock

SLICE_SECONDS = 0.002


async def in_slices(steps: Iterable[object], clock: Clock) -> None:
    """Take every step; after ``SLICE_SECONDS`` of them everybody else has a turn."""
    end = clock.monotonic() + SLICE_SECONDS
    for _ in steps:
        if clock.monotonic() >= end:
            await asyncio.sleep(0)
            end = clock.monotonic() + SLICE_SECONDS
