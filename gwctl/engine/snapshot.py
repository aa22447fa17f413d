"""Snapshots: all that a worker needs to serve one version, built aside in small slices."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections.abc import Iterator
from typing import Any

from gwctl.engine.balancer.peers import PeerSource, peer_source
from gwctl.engine.balancer.round_robin import RoundRobin, Target
from gwctl.engine.chain.plan import Plan, ServicePlan
from gwctl.engine.chain.plugins import PluginScopes
from gwctl.engine.ports import RecordView
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.router.matcher import compile_route
from gwctl.engine.upstream.tls import UpstreamTls
from gwctl.kit.clock import Clock
from gwctl.kit.errors import GwctlError
from gwctl.kit.hosts import parse_host
from gwctl.kit.patterns import PatternError
from gwctl.kit.version import Version
from gwctl.schema import RecordDict

_log = logging.getLogger("gwctl.engine")

SLICE_SECONDS = 0.002
_PORTS = {"http": 80, "https": 443}
_TARGET_PORT = 8000


class SnapshotError(GwctlError):
    """A configuration that cannot be served; the message names the record."""

    code = "snapshot"


class Snapshot:
    """Immutable but for its count of users. The view it was built from is closed with its last user, once retired.

    ``missing_plugins`` are the names of configured plugins that this node lacks.
    """

    __slots__ = ("_retired", "_users", "_view", "missing_plugins", "routes", "version")

    def __init__(self, view: RecordView, routes: RouteIndex[Plan], missing_plugins: frozenset[str]) -> None:
        self.version: Version = view.version
        self.routes = routes
        self.missing_plugins = missing_plugins
        self._view = view
        self._users = 0
        self._retired = False

    @property
    def records(self) -> RecordView:
        """The records that the snapshot was built from."""
        return self._view

    def acquire(self) -> None:
        self._users += 1

    def release(self) -> None:
        self._users -= 1
        if self._retired and self._users == 0:
            self._view.close()

    def retire(self) -> None:
        """Nobody new will acquire it."""
        self._retired = True
        if self._users == 0:
            self._view.close()


async def build_snapshot(
    view: RecordView, clock: Clock, tls: UpstreamTls, rng: random.Random, *, refuse: bool = True
) -> Snapshot:
    """The snapshot of ``view``, made in slices that leave the loop free. Raises SnapshotError.

    ``refuse``: whether requests that need a plugin which this node lacks are refused, or served without it.

    Meanwhile nothing collects garbage: a full collection over a growing snapshot would be the longest stall of all.
    What was built is then exempted from collections (it has no cycles, so that counting references frees it).
    """
    routes: RouteIndex[Plan] = RouteIndex()
    plugins = PluginScopes(refuse=refuse)
    builder = _Builder(view, routes, tls, rng, plugins)
    gc.disable()
    try:
        end = clock.monotonic() + SLICE_SECONDS
        for _ in builder.steps():
            if clock.monotonic() >= end:
                await asyncio.sleep(0)
                end = clock.monotonic() + SLICE_SECONDS
        gc.freeze()
    finally:
        gc.enable()
    return Snapshot(view, routes, frozenset(plugins.missing))


class _Builder:
    """Fills a route index from a view, one record per step."""

    def __init__(
        self,
        view: RecordView,
        routes: RouteIndex[Plan],
        tls: UpstreamTls,
        rng: random.Random,
        plugins: PluginScopes,
    ) -> None:
        self._view = view
        self._routes = routes
        self._rng = rng
        self._plugins = plugins
        self._targets: dict[str, list[Target]] = {}
        self._upstreams: dict[str, tuple[RecordDict, PeerSource]] = {}
        self._services: dict[str, ServicePlan | None] = {}
        self._disabled: set[str] = set()
        self._tls = tls

    def steps(self) -> Iterator[None]:
        for entity, add in (
            ("plugins", self._plugins.add),
            ("targets", self._add_target),
            ("upstreams", self._add_upstream),
            ("services", self._add_service),
            ("routes", self._add_route),
        ):
            for record in self._view.records(entity):
                try:
                    add(record)
                except (KeyError, TypeError, ValueError) as error:
                    raise SnapshotError(f"{entity} {_name(record)} cannot be served: {error!r}") from error
                yield
        yield from self._routes.seal()

    def _add_target(self, record: RecordDict) -> None:
        parsed = parse_host(record["target"])
        source = peer_source(parsed.host, _TARGET_PORT if parsed.port is None else parsed.port)
        weight = record.get("weight")
        target = Target(source, 100 if weight is None else weight)
        self._targets.setdefault(record["upstream"]["id"], []).append(target)

    def _add_upstream(self, record: RecordDict) -> None:
        targets = self._targets.get(record["id"], [])
        self._upstreams[record["name"]] = (record, RoundRobin(targets, self._rng))

    def _add_service(self, record: RecordDict) -> None:
        if not record.get("enabled", True):
            self._disabled.add(record["id"])
            return
        if record["protocol"] not in _PORTS:
            _log.warning("service %s: protocol %s is not served over HTTP/1", _name(record), record["protocol"])
            self._services[record["id"]] = None
            return
        upstream = self._upstreams.get(record["host"])
        default = _PORTS[record["protocol"]]
        self._services[record["id"]] = ServicePlan(
            id=record["id"],
            base=record.get("path") or "/",
            retries=record["retries"],
            connect_seconds=record["connect_timeout"] / 1000,
            write_seconds=record["write_timeout"] / 1000,
            read_seconds=record["read_timeout"] / 1000,
            tls=self._tls.context(verify=bool(record.get("tls_verify"))) if default == 443 else None,
            default_port=default,
            host=upstream[0].get("host_header") if upstream else None,
            peers=upstream[1] if upstream else peer_source(record["host"], record["port"]),
        )

    def _add_route(self, record: RecordDict) -> None:
        service_id = record["service"]["id"] if record.get("service") else None
        if service_id in self._disabled:
            return
        if service_id is not None and service_id not in self._services:
            raise SnapshotError(f"routes {_name(record)} refers to the service {service_id}, which does not exist")
        plan = self._plan(record, service_id)
        try:
            matchers = compile_route(record, plan)
        except PatternError as error:
            _log.error("routes %s is skipped: %s", _name(record), error)
            return
        for matcher in matchers:
            self._routes.add(matcher)

    def _plan(self, record: RecordDict, service_id: str | None) -> Plan:
        protocols = frozenset(record.get("protocols") or ("http", "https"))
        return Plan(
            route_id=record["id"],
            service=self._services[service_id] if service_id is not None else None,
            strip=bool(record.get("strip_path", True)),
            preserve_host=bool(record.get("preserve_host")),
            redirect=record.get("https_redirect_status_code") or 426 if protocols == {"https"} else None,
            grpc=bool(protocols & {"grpc", "grpcs"}),
            buffer_request=record.get("request_buffering") is not False,
            missing=self._plugins.of(record["id"], service_id),
        )


def _name(record: dict[str, Any]) -> str:
    return str(record.get("name") or record.get("id"))
