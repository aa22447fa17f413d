"""How the Admin API reaches the other processes of its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gwctl.admin.ports import NO_BALANCER, KnownUpstream, Mark, NodeSilent
from gwctl.node.bus import Link
from gwctl.node.messages import Reply
from gwctl.node.questions import HEALTH, LOG_LEVEL, MARK, RECORD, Asking, NoAnswer
from gwctl.observe import logs
from gwctl.schema import RecordDict


class NodeControl:
    """Implements `gwctl.admin.ports.NodeControl` over the bus; ``bus`` returns None before the process has one."""

    def __init__(self, bus: Callable[[], Link | None]) -> None:
        self._bus = bus
        self._asking = Asking()

    def heard(self, reply: Reply) -> None:
        self._asking.heard(reply)

    def log_level(self) -> str:
        return logs.level()

    async def set_log_level(self, level: str, seconds: float) -> None:
        await self._ask(LOG_LEVEL, {"level": level, "seconds": seconds})

    async def health(self, upstream_id: str, targets: Sequence[str]) -> KnownUpstream | None:
        values = await self._ask(HEALTH, {"upstream": upstream_id, "targets": list(targets)})
        known: KnownUpstream | None = values["known"]
        return known

    async def mark(self, mark: Mark) -> str:
        values = await self._ask(MARK, mark.as_dict())
        return str(values["refused"]) if values["balanced"] else NO_BALANCER

    async def served(self, entity: str, where: Mapping[str, Any]) -> RecordDict | None:
        record: RecordDict | None = (await self._ask(RECORD, {"entity": entity, "where": dict(where)}))["record"]
        return record

    async def _ask(self, about: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        bus = self._bus()
        if bus is None:
            raise NodeSilent("this process has no node around it yet")
        try:
            return await self._asking.ask(bus, about, arguments)
        except NoAnswer as error:
            raise NodeSilent(str(error)) from None
