"""Noticing that a file has become another one: written in place, replaced by rename, or behind another symlink."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

LOOK_SECONDS = 0.5

_Look = tuple[int, int, int, int]


class FileWatch:
    """Calls ``changed`` when ``path`` has changed and then stayed the same for one look: nobody is still writing it.

    The file is looked at by its name, which works on every file system and with the symlinks of mounted volumes.
    """

    def __init__(self, path: Path, changed: Callable[[], Awaitable[None]], every: float = LOOK_SECONDS) -> None:
        self._path = path
        self._changed = changed
        self._every = every

    async def run(self) -> None:
        """For ever. A file that is away is waited for."""
        known = seen = _look(self._path)
        while True:
            await asyncio.sleep(self._every)
            now = _look(self._path)
            if now is not None and now == seen and now != known:
                known = now
                await self._changed()
            seen = now


def _look(path: Path) -> _Look | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
