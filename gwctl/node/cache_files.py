"""The caches of a node: where they are, how large they may get, and opening one that is still being closed."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

from gwctl.cache import DEFAULT_MAP_SIZE, CacheBusy, CacheDamaged, CacheWriter
from gwctl.kit.errors import GwctlError
from gwctl.node.prefix import PrefixDirectory
from gwctl.settings import Settings

POLL_SECONDS = 0.05
MEND_SECONDS = 1.0
"""Between two looks at the files of a cache."""
PATIENCE_SECONDS = 60.0
"""A predecessor may take ten seconds to end, and on SIGUSR2 as long as the new node takes to become ready."""

_log = logging.getLogger("gwctl.node")


def cache_place(settings: Settings) -> Path:
    """The directory of the cache that workers serve from."""
    return settings.path("lmdb_environment_path") or settings.prefix / "dbless.lmdb"


def replica_place(settings: Settings) -> Path:
    """The directory of the copy that a hub serves links from."""
    return PrefixDirectory(settings.prefix).replica


def map_size(settings: Settings) -> int:
    """Bytes of address space that each of them reserves."""
    return settings.size("lmdb_map_size") or DEFAULT_MAP_SIZE


async def keep_whole(writer: CacheWriter, publish: Callable[[], None]) -> None:
    """Mend what somebody does to the cache of a running node, and ``publish`` it then.

    What cannot be mended ends this process: its successor opens the cache anew.
    """
    told: str | None = None
    while True:
        await asyncio.sleep(MEND_SECONDS)
        generation = writer.generation
        try:
            await asyncio.get_running_loop().run_in_executor(None, writer.mend)
        except CacheDamaged as error:
            _log.error("this process starts again: %s", error)
            signal.raise_signal(signal.SIGTERM)
            return
        except GwctlError as error:
            if error.message != told:
                _log.error("%s", error)
            told = error.message
            continue
        told = None
        if writer.generation != generation:
            publish()


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
