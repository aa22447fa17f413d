"""The model: what is known of the records of one version, from which the next version's differences are made."""

from __future__ import annotations

from gwctl.engine.balancer.registry import Balancers
from gwctl.engine.chain.plan import Plan
from gwctl.engine.chain.plugins import PluginScopes
from gwctl.engine.router.compiling import Flavor
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.snapshot.errors import SnapshotError, name_of
from gwctl.engine.snapshot.services import Services
from gwctl.engine.snapshot.upstreams import Balanced, Upstreams
from gwctl.engine.tls.upstream import UpstreamTls
from gwctl.schema import RecordDict


class Model:
    """Requests see of it only ``routes`` with the plans and cells therein, which change when a version is swapped in.

    Everything else is for those who build, and may be ahead of what is served while they are at it.
    """

    def __init__(
        self, tls: UpstreamTls, balancers: Balancers, balanced: Balanced, *, refuse: bool, flavor: Flavor
    ) -> None:
        self.routes: RouteIndex[Plan] = RouteIndex(flavor)
        self.plugins = PluginScopes(refuse=refuse)
        self.upstreams = Upstreams(balancers, balanced)
        self.services = Services()
        self.tls = tls

    def plan(self, record: RecordDict) -> Plan | None:
        """The plan of a route; None when it is not served. Raises SnapshotError."""
        service_id = record["service"]["id"] if record.get("service") else None
        if service_id not in self.services.cells:
            raise SnapshotError(f"routes {name_of(record)} refers to the service {service_id}, which does not exist")
        if not self.services.serves(service_id):
            return None
        protocols = frozenset(record.get("protocols") or ("http", "https"))
        own = self.plugins.has_own(record["id"])
        return Plan(
            route_id=record["id"],
            cell=self.services.cells[service_id],
            strip=bool(record.get("strip_path", True)),
            preserve_host=bool(record.get("preserve_host")),
            redirect=record.get("https_redirect_status_code") or 426 if protocols == {"https"} else None,
            grpc=bool(protocols & {"grpc", "grpcs"}),
            buffer_request=record.get("request_buffering") is not False,
            buffer_response=record.get("response_buffering") is not False,
            own_missing=self.plugins.of(record["id"], service_id) if own else None,
            name=record.get("name"),
            old_paths=self.routes.flavor == "traditional" and record.get("path_handling") == "v1",
        )
