"""upstreams: names of groups of targets, and how requests spread over them (admin-api.md 1.4)."""

from __future__ import annotations

from gwctl.entities.common import Standard
from gwctl.entities.healthchecks import Healthchecks
from gwctl.entities.upstream_rules import CHECKS, HASH_INPUTS, SHORTHANDS
from gwctl.schema import Reference, fields, typedefs
from gwctl.schema.addresses import upstream_name


class Upstream(Standard, name="upstreams", endpoint_key="name", checks=CHECKS, shorthands=SHORTHANDS):
    """A virtual host: services that name it as their host send requests to its targets."""

    name: str = fields.string(required=True, unique=True, check=upstream_name)
    algorithm: str | None = fields.string(
        default="round-robin", one_of=("consistent-hashing", "least-connections", "round-robin", "latency")
    )
    hash_on: str | None = fields.string(default="none", one_of=HASH_INPUTS)
    hash_fallback: str | None = fields.string(default="none", one_of=HASH_INPUTS)
    hash_on_header: str | None = fields.string(typedefs.HEADER_NAME)
    hash_fallback_header: str | None = fields.string(typedefs.HEADER_NAME)
    hash_on_cookie: str | None = fields.string(typedefs.COOKIE_NAME)
    hash_on_cookie_path: str | None = fields.string(typedefs.PATH, default="/")
    hash_on_query_arg: str | None = fields.string(len_min=1)
    hash_fallback_query_arg: str | None = fields.string(len_min=1)
    hash_on_uri_capture: str | None = fields.string(len_min=1)
    hash_fallback_uri_capture: str | None = fields.string(len_min=1)
    slots: int | None = fields.integer(default=10000, between=(10, 65536))
    host_header: str | None = fields.string(typedefs.HOST_WITH_OPTIONAL_PORT)
    client_certificate: Reference | None = fields.foreign("certificates")
    use_srv_name: bool | None = fields.boolean(default=False)
    healthchecks: Healthchecks | None = fields.record(Healthchecks, default={})
