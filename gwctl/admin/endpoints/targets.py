"""The targets of an upstream in the order of the store (admin-api.md 2.7)."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import Response

from gwctl.admin.answers import answer
from gwctl.admin.paging import Paging, page_body
from gwctl.admin.ports import Reads
from gwctl.admin.records import PageOfRecords, Records
from gwctl.admin.routing import Call, Endpoint, Operation, required
from gwctl.admin.targets import TargetRecords

_FIELD = "upstream"


def upstream_targets(upstreams: Records, targets: TargetRecords) -> Iterator[Endpoint]:
    lists = TargetLists(upstreams, targets)
    path = f"/{upstreams.schema.path}/{{{upstreams.entity}}}"
    every = Operation(lists.all, "List all targets of an upstream", gives="targets", page=True, errors=(400, 404))
    yield Endpoint(f"{path}/targets/all", "targets", {"GET": every})


class TargetLists:
    def __init__(self, upstreams: Records, targets: TargetRecords) -> None:
        self._upstreams = upstreams
        self._targets = targets

    async def all(self, call: Call) -> Response:
        paging = Paging.parse(call.query)

        def work(reads: Reads) -> PageOfRecords:
            upstream = required(self._upstreams.get(reads, call.key(self._upstreams.entity)))
            return self._targets.stored_page(reads, upstream, _FIELD, paging.size, paging.offset)

        return answer(page_body(*await call.database.read(work), call.path))
