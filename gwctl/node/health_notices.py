"""Follows the marks of health that people set on other nodes on the same database (proxy.md 7)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from gwctl.admin.ports import Mark, NodeControl, NodeSilent
from gwctl.kit.errors import GwctlError
from gwctl.store import Store

_log = logging.getLogger("gwctl.node")


class HealthNotices:
    """A mark from before this process, or one that was set on this node, is not followed."""

    def __init__(self, store: Store, control: NodeControl, node_id: str) -> None:
        self._store = store
        self._control = control
        self._node_id = node_id
        self._seen: dict[str, int] | None = None

    async def follow(self, loop: asyncio.AbstractEventLoop, executor: Executor) -> None:
        """Take over what was marked since the last call. What cannot be done is logged."""
        try:
            found = await loop.run_in_executor(executor, self._store.notices, Mark.NOTICES)
        except GwctlError as error:
            _log.warning("cannot follow the health that other nodes were told: %s", error)
            return
        seen, self._seen = self._seen, {about: notice.number for about, notice in found.items()}
        for about, notice in found.items() if seen is not None else ():
            if notice.number > (seen or {}).get(about, 0) and notice.body.get("by") != self._node_id:
                await self._take_over(notice.body)

    async def _take_over(self, body: Mapping[str, Any]) -> None:
        mark = Mark(body["upstream"], body["target"], body.get("address"), healthy=bool(body["healthy"]))
        try:
            refused = await self._control.mark(mark)
        except NodeSilent as error:
            refused = str(error)
        if refused:
            _log.warning("cannot mark target %s as another node was told: %s", mark.target, refused)
