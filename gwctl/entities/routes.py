"""routes: which requests go to a service (admin-api.md 1.2)."""

from __future__ import annotations

from collections.abc import Mapping

from gwctl.entities.common import Standard
from gwctl.entities.route_rules import header_rule, route_variants, snis_rule
from gwctl.schema import Record, Reference, fields, typedefs
from gwctl.schema.checks import AtLeastOneOf, Custom
from gwctl.schema.deprecation import Deprecation

_V1 = Deprecation(
    message="routes: path_handling v1 is deprecated, please use v0 instead", old_default="v0", only_values=True
)


class AddressMatch(Record, checks=(AtLeastOneOf(("ip", "port")),)):
    """An address range, a port, or both."""

    ip: str | None = fields.string(typedefs.IP_OR_CIDR)
    port: int | None = fields.integer(typedefs.PORT)


class Route(
    Standard,
    name="routes",
    endpoint_key="name",
    variants=route_variants(),
    checks=(Custom(("protocols", "snis"), snis_rule),),
):
    """Rules that requests must match to reach a service."""

    name: str | None = fields.string(typedefs.UTF8_NAME, unique=True)
    protocols: tuple[str, ...] = fields.set(
        fields.string(typedefs.PROTOCOL),
        required=True,
        len_min=1,
        default=("http", "https"),
        exclusive_subsets=(("http", "https"), ("tcp", "tls", "udp"), ("tls_passthrough",), ("grpc", "grpcs")),
    )
    methods: tuple[str, ...] | None = fields.set(fields.string(typedefs.HTTP_METHOD))
    hosts: tuple[str, ...] | None = fields.array(fields.string(typedefs.ROUTE_HOST))
    paths: tuple[str, ...] | None = fields.array(fields.string(typedefs.ROUTER_PATH))
    headers: Mapping[str, tuple[str, ...]] | None = fields.map(
        fields.string(check=header_rule), fields.array(fields.string())
    )
    snis: tuple[str, ...] | None = fields.set(fields.string(typedefs.WILDCARD_SNI))
    sources: tuple[AddressMatch, ...] | None = fields.set(fields.record(AddressMatch))
    destinations: tuple[AddressMatch, ...] | None = fields.set(fields.record(AddressMatch))
    https_redirect_status_code: int = fields.integer(required=True, default=426, one_of=(426, 301, 302, 307, 308))
    regex_priority: int | None = fields.integer(default=0)
    strip_path: bool = fields.boolean(required=True, default=True)
    preserve_host: bool = fields.boolean(required=True, default=False)
    request_buffering: bool = fields.boolean(required=True, default=True)
    response_buffering: bool = fields.boolean(required=True, default=True)
    path_handling: str | None = fields.string(default="v0", one_of=("v0", "v1"), deprecation=_V1)
    service: Reference | None = fields.foreign("services")
