"""All endpoints of the Admin API: the generated ones and one module per hand-written one."""

from __future__ import annotations

from collections.abc import Iterator

from gwctl.admin.acls import AclRecords
from gwctl.admin.certificates import CertificateRecords
from gwctl.admin.config import config
from gwctl.admin.context import NO_ADDITIONS, Additions
from gwctl.admin.endpoints.apply import config_changes
from gwctl.admin.endpoints.cache import cache
from gwctl.admin.endpoints.clustering import clustering_status, data_planes
from gwctl.admin.endpoints.consumers import Consumers
from gwctl.admin.endpoints.dns import dns
from gwctl.admin.endpoints.endpoint_list import endpoint_list
from gwctl.admin.endpoints.health import upstream_health
from gwctl.admin.endpoints.log_level import log_level
from gwctl.admin.endpoints.openapi import openapi
from gwctl.admin.endpoints.plugins import plugins
from gwctl.admin.endpoints.robots import robots
from gwctl.admin.endpoints.root import root
from gwctl.admin.endpoints.schemas import schemas
from gwctl.admin.endpoints.status import status
from gwctl.admin.endpoints.tags import tags
from gwctl.admin.endpoints.targets import upstream_targets
from gwctl.admin.endpoints.timers import timers
from gwctl.admin.endpoints.wasm import filter_chains
from gwctl.admin.generated import generated_endpoints
from gwctl.admin.records import Records
from gwctl.admin.routing import Endpoint, Routes, wrapped
from gwctl.admin.targets import TargetRecords
from gwctl.entities.catalog import Catalog


def route_table(catalog: Catalog, role: str, additions: Additions = NO_ADDITIONS) -> Routes:
    """Everything the Admin API of a node with that role answers. Raises ValueError when two endpoints share a path."""
    routes = Routes()
    for endpoint in (*_generated(catalog), *_hand_written(catalog, role, routes), *additions.endpoints):
        around = additions.around.get(endpoint.path)
        routes.add(endpoint.path, endpoint if around is None else wrapped(endpoint, around))
    return routes


def _generated(catalog: Catalog) -> Iterator[Endpoint]:
    return generated_endpoints(catalog, _records(catalog), {"consumers": Consumers})


def _records(catalog: Catalog) -> dict[str, Records]:
    special = {"acls": AclRecords, "certificates": CertificateRecords, "targets": TargetRecords}
    return {schema.name: special.get(schema.name, Records)(schema) for schema in catalog if schema.admin}


def _hand_written(catalog: Catalog, role: str, routes: Routes) -> Iterator[Endpoint]:
    upstreams, targets = Records(catalog["upstreams"]), TargetRecords(catalog["targets"])
    yield root()
    yield status()
    yield dns()
    yield robots()
    yield timers()
    yield data_planes()
    yield clustering_status()
    yield from schemas(catalog)
    yield from plugins()
    yield from tags()
    yield from upstream_targets(upstreams, targets)
    yield from upstream_health(role, upstreams, targets)
    yield from cache()
    yield config()
    yield from config_changes()
    yield from log_level(role)
    yield from filter_chains()
    yield endpoint_list(routes)
    yield openapi(catalog, routes)
