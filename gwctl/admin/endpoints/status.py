"""``GET /status``: memory, connections and whether the database answers (admin-api.md 2.6)."""

from __future__ import annotations

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.observe.status_report import MemoryFormat, status_body


def status() -> Endpoint:
    return Endpoint("/status", "node", {"GET": Operation(_get, "Figures of this node", errors=(400,))})


async def _get(call: Call) -> Response:
    try:
        memory = MemoryFormat.parse(call.argument("unit"), call.argument("scale"))
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    node = call.context.node
    loading = call.context.loading
    return answer(
        status_body(
            memory=memory,
            workers=node.workers(),
            server=node.server_stats(),
            database=await call.database.reachable() if loading is None else None,
            configuration_hash=loading.configuration_hash() if loading is not None else None,
        )
    )
