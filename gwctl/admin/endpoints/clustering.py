"""The data planes that a control plane knows (hybrid.md 8)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer
from gwctl.admin.paging import Paging, page_body
from gwctl.admin.ports import Page
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.store.paging import MAX_SIZE

_ENTITY = "clustering_data_planes"
_SHOWN_IN_STATUS = ("config_hash", "hostname", "ip", "last_seen")


def data_planes() -> Endpoint:
    operation = Operation(_data_planes, "List the data planes", gives=_ENTITY, page=True, errors=(400,))
    return Endpoint("/clustering/data-planes", "clustering", {"GET": operation})


def clustering_status() -> Endpoint:
    operation = Operation(_status, "The data planes by id (deprecated)", errors=(400,))
    return Endpoint("/clustering/status", "clustering", {"GET": operation})


async def _data_planes(call: Call) -> Response:
    _require_control_plane(call)
    paging = Paging.parse(call.query)
    page = await _page(call, paging.size, paging.offset)
    return answer(page_body(list(page.data), page.offset, call.path, size=paging.size_text))


async def _status(call: Call) -> Response:
    _require_control_plane(call)
    rows: dict[str, Any] = {}
    offset: str | None = None
    while True:
        page = await _page(call, MAX_SIZE, offset)
        for row in page.data:
            rows[row["id"]] = {name: row[name] for name in _SHOWN_IN_STATUS}
        offset = page.offset
        if offset is None:
            return answer(rows, headers={"Deprecation": "true"})


async def _page(call: Call, size: int, offset: str | None) -> Page:
    return await call.database.call(lambda store: store.data_planes(size, offset))


def _require_control_plane(call: Call) -> None:
    if call.context.settings.role != "control_plane":
        text = "this endpoint is only available when Kong is configured to run as Control Plane for the cluster"
        raise Refusal(400, text)
