"""All endpoints of the Admin API: the generated ones and one module per hand-written one."""

from __future__ import annotations

from collections.abc import Iterator

from gwctl.admin.certificates import CertificateRecords
from gwctl.admin.endpoints.clustering import clustering_status, data_planes
from gwctl.admin.endpoints.consumers import Consumers
from gwctl.admin.endpoints.endpoint_list import endpoint_list
from gwctl.admin.endpoints.openapi import openapi
from gwctl.admin.endpoints.robots import robots
from gwctl.admin.endpoints.root import root
from gwctl.admin.endpoints.schemas import schema, validate
from gwctl.admin.endpoints.status import status
from gwctl.admin.endpoints.tags import tags
from gwctl.admin.endpoints.targets import upstream_targets
from gwctl.admin.generated import generated_endpoints
from gwctl.admin.records import Records
from gwctl.admin.routing import Endpoint, Routes
from gwctl.admin.targets import TargetRecords
from gwctl.entities.catalog import Catalog


def route_table(catalog: Catalog) -> Routes:
    """Everything the Admin API answers."""
    routes = Routes()
    for endpoint in (*_generated(catalog), *_hand_written(catalog, routes)):
        routes.add(endpoint.path, endpoint)
    return routes


def _generated(catalog: Catalog) -> Iterator[Endpoint]:
    return generated_endpoints(catalog, _records(catalog), {"consumers": Consumers})


def _records(catalog: Catalog) -> dict[str, Records]:
    special = {"certificates": CertificateRecords, "targets": TargetRecords}
    return {schema.name: special.get(schema.name, Records)(schema) for schema in catalog if schema.admin}


def _hand_written(catalog: Catalog, routes: Routes) -> Iterator[Endpoint]:
    yield root()
    yield status()
    yield robots()
    yield data_planes()
    yield clustering_status()
    yield schema()
    yield validate()
    yield from tags()
    yield from upstream_targets(Records(catalog["upstreams"]), TargetRecords(catalog["targets"]))
    yield endpoint_list(routes)
    yield openapi(catalog, routes)
