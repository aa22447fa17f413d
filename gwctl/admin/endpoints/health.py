"""``/upstreams/{u}/health`` and the marks ``healthy`` and ``unhealthy`` of targets (admin-api.md 2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer
from gwctl.admin.health import balancer_health, with_health
from gwctl.admin.paging import Paging, page_body
from gwctl.admin.ports import NO_BALANCER, KnownUpstream, Mark, Reads
from gwctl.admin.records import PageOfRecords, Records
from gwctl.admin.routing import Call, Endpoint, Operation, required
from gwctl.admin.targets import TargetRecords
from gwctl.schema import RecordDict

_FIELD = "upstream"
_AT_ONCE = 500
"""Targets that a worker is asked for in one message."""


def upstream_health(role: str, upstreams: Records, targets: TargetRecords) -> Iterator[Endpoint]:
    """A control plane balances nothing: there is no health, and nothing to mark."""
    health = Health(upstreams, targets, balances=role != "control_plane")
    path = f"/{upstreams.schema.path}/{{{upstreams.entity}}}"
    get = Operation(health.get, "List the targets of an upstream with their health", errors=(400, 404, 503))
    yield Endpoint(f"{path}/health", "targets", {"GET": get})
    if role != "control_plane":
        mark = Operation(health.mark, "Mark a target, or one address of it", 204, errors=(400, 404, 503))
        for item in (f"{path}/targets/{{targets}}", f"{path}/targets/{{targets}}/{{address}}"):
            yield Endpoint(f"{item}/healthy", "targets", {"PUT": mark})
            yield Endpoint(f"{item}/unhealthy", "targets", {"PUT": mark})


class Health:
    def __init__(self, upstreams: Records, targets: TargetRecords, *, balances: bool) -> None:
        self._upstreams = upstreams
        self._targets = targets
        self._balances = balances

    async def get(self, call: Call) -> Response:
        if call.argument("balancer_health") == "1":
            body = {"data": await self._balancer(call), "next": None}
        else:
            body = await self._page(call)
        return answer({**body, "node_id": call.context.node.node_id})

    async def _page(self, call: Call) -> dict[str, Any]:
        paging = Paging.parse(call.query, clamp=True)

        def work(reads: Reads) -> tuple[RecordDict, PageOfRecords]:
            upstream = self._upstream(reads, call)
            return upstream, self._targets.children(reads, upstream, _FIELD, paging.size, paging.offset)

        upstream, (data, offset) = await call.database.read(work)
        known = await self._known(call, upstream, data)
        return page_body(data if known is None else with_health(data, known), offset, call.path)

    async def _balancer(self, call: Call) -> dict[str, Any]:
        def work(reads: Reads) -> tuple[RecordDict, list[RecordDict]]:
            upstream = self._upstream(reads, call)
            return upstream, self._targets.every(reads, upstream, _FIELD)

        upstream, data = await call.database.read(work)
        known = await self._known(call, upstream, data)
        return {"id": upstream["id"]} if known is None else balancer_health(upstream, known)

    async def mark(self, call: Call) -> Response:
        """Set the health of a target's addresses, or of one, on this node and all others on its database."""

        def work(reads: Reads) -> tuple[RecordDict, RecordDict]:
            upstream = self._upstream(reads, call)
            return upstream, required(self._targets.child(reads, upstream, _FIELD, call.key("targets")))

        upstream, target = await call.database.read(work)
        mark = Mark(
            upstream["id"], target["target"], call.params.get("address"), healthy=not call.path.endswith("/unhealthy")
        )
        refused = await call.context.node.control.mark(mark)
        if refused == NO_BALANCER:
            raise Refusal(400, f"Upstream {upstream['name']} has no balancer")
        if refused:
            raise Refusal(400, refused)
        if call.context.settings.text("database") != "off":
            body = mark.as_dict() | {"by": call.context.node.node_id, "at": call.context.clock.now()}
            await call.database.call(lambda store: store.post_notice(mark.notice, body))
        return Response(None, 204)

    def _upstream(self, reads: Reads, call: Call) -> RecordDict:
        return required(self._upstreams.get(reads, call.key(self._upstreams.entity)))

    async def _known(self, call: Call, upstream: RecordDict, targets: Sequence[RecordDict]) -> KnownUpstream | None:
        """What the balancer knows of these targets; None when there is no balancer."""
        if not self._balances:
            return None
        known: KnownUpstream | None = None
        for start in range(0, max(1, len(targets)), _AT_ONCE):
            texts = [target["target"] for target in targets[start : start + _AT_ONCE]]
            part = await call.context.node.control.health(upstream["id"], texts)
            if part is None:
                return None
            known = {**part, "hosts": [*(known["hosts"] if known else ()), *part["hosts"]]}
        return known
