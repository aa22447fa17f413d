"""Follows the log level that any node on the same database set for all of them (admin-api.md 2.6)."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor

from gwctl.admin.endpoints.log_level import NOTICE
from gwctl.admin.ports import NodeControl, NodeSilent
from gwctl.kit.errors import GwctlError
from gwctl.store import Store

_log = logging.getLogger("gwctl.node")


class LevelNotices:
    """A notice from before this process is not followed: its time may be long over."""

    def __init__(self, store: Store, control: NodeControl) -> None:
        self._store = store
        self._control = control
        self._seen: int | None = None

    async def follow(self, loop: asyncio.AbstractEventLoop, executor: Executor) -> None:
        """Take over a level that was set since the last call. What cannot be done is logged."""
        try:
            notice = await loop.run_in_executor(executor, self._store.notice, NOTICE)
            if self._seen is not None and notice.number > self._seen:
                await self._control.set_log_level(str(notice.body["level"]), float(notice.body["seconds"]))
        except (GwctlError, NodeSilent) as error:
            _log.warning("cannot follow the log level of the other nodes: %s", error)
            return
        self._seen = notice.number
