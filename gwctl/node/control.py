"""How the Admin API reaches the other processes of its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gwctl.admin.ports import NodeSilent
from gwctl.node.bus import Link
from gwctl.node.messages import Reply
from gwctl.node.questions import ADDRESSES, LOG_LEVEL, RECORD, Asking, NoAnswer
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

    async def addresses(self, upstream_id: str, hosts: Sequence[str]) -> Mapping[str, Sequence[str]] | None:
        values = await self._ask(ADDRESSES, {"upstream": upstream_id, "hosts": list(hosts)})
        found: Mapping[str, Sequence[str]] = values["addresses"]
        return found if values["balanced"] else None

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
