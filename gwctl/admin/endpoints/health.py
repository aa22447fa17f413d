"""``/upstreams/{u}/health`` and the marks ``healthy`` and ``unhealthy`` of targets (admin-api.md 2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Any, NoReturn

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer
from gwctl.admin.health import balancer_health, host_and_port, with_health
from gwctl.admin.paging import Paging, page_body
from gwctl.admin.ports import Addresses, Reads
from gwctl.admin.records import PageOfRecords, Records
from gwctl.admin.routing import Call, Endpoint, Operation, required
from gwctl.admin.targets import TargetRecords
from gwctl.kit.hosts import parse_host
from gwctl.schema import RecordDict

_FIELD = "upstream"
_DEFAULT_PORT = 8000
_AT_ONCE = 500
"""Hosts that a worker is asked for in one message."""


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
        return {"id": upstream["id"]} if known is None else balancer_health(upstream, data, known)

    async def mark(self, call: Call) -> NoReturn:
        """What is marked must be there; but this balancer keeps no health that could be changed."""

        def work(reads: Reads) -> tuple[RecordDict, RecordDict]:
            upstream = self._upstream(reads, call)
            return upstream, required(self._targets.child(reads, upstream, _FIELD, call.key("targets")))

        upstream, target = await call.database.read(work)
        address = call.params.get("address")
        if address is not None:
            await self._require_address(call, upstream, target, address)
        raise Refusal(400, f"no health of '{target['target']}' is kept: health checks do not run on this node")

    async def _require_address(self, call: Call, upstream: RecordDict, target: RecordDict, text: str) -> None:
        known = await self._known(call, upstream, [target])
        host, port = host_and_port(target)
        try:
            wanted = parse_host(text)
        except ValueError:
            raise Refusal(400, f"'{text}' is no address") from None
        addresses = {ip_address(ip) for ip in (() if known is None else known[host])}
        if wanted.kind == "name" or ip_address(wanted.host) not in addresses or (wanted.port or _DEFAULT_PORT) != port:
            raise Refusal(400, f"target '{target['target']}' has no address '{text}'")

    def _upstream(self, reads: Reads, call: Call) -> RecordDict:
        return required(self._upstreams.get(reads, call.key(self._upstreams.entity)))

    async def _known(self, call: Call, upstream: RecordDict, targets: Sequence[RecordDict]) -> Addresses | None:
        """What the balancer knows of the hosts of these targets; None when there is no balancer."""
        if not self._balances:
            return None
        hosts = list(dict.fromkeys(host_and_port(target)[0] for target in targets))
        known: dict[str, Sequence[str]] = {}
        for start in range(0, max(1, len(hosts)), _AT_ONCE):
            part = hosts[start : start + _AT_ONCE]
            found = await call.context.node.control.addresses(upstream["id"], part)
            if found is None:
                return None
            known.update((host, found[host]) for host in part)
        return known
