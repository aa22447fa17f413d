"""Opening a cache that another process may still be closing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from gwctl.cache import CacheBusy, CacheWriter

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
"""A predecessor may take ten seconds to end, and on SIGUSR2 as long as the new node takes to become ready."""

_log = logging.getLogger("gwctl.node")


async def open_writer(make: Callable[[], CacheWriter]) -> CacheWriter:
    """Call ``make`` in a thread (it verifies what it opens), again while the cache belongs to a process that is ending.

    Raises CacheBusy when that takes too long, and what else ``make`` raises.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return await loop.run_in_executor(None, make)
        except CacheBusy as error:
            if loop.time() >= until:
                raise
            if not told:
                _log.info("waiting: %s", error)
                told = True
            await asyncio.sleep(POLL_SECONDS)
