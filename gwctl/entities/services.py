"""services: where requests go (admin-api.md 1.1)."""

from __future__ import annotations

from gwctl.entities.common import Standard
from gwctl.entities.service_url import URL
from gwctl.schema import Reference, fields, typedefs
from gwctl.schema.checks import Conditional

_WITHOUT_PATH = {"one_of": ("tcp", "tls", "udp", "grpc", "grpcs")}
_WITHOUT_TLS = {"not_one_of": ("https", "tls")}
_NULL = {"eq": None}


class Service(
    Standard,
    name="services",
    endpoint_key="name",
    checks=(
        Conditional("protocol", _WITHOUT_PATH, "path", _NULL),
        Conditional("protocol", _WITHOUT_TLS, "client_certificate", _NULL),
        Conditional("protocol", _WITHOUT_TLS, "tls_verify", _NULL),
        Conditional("protocol", _WITHOUT_TLS, "tls_verify_depth", _NULL),
        Conditional("protocol", _WITHOUT_TLS, "ca_certificates", _NULL),
    ),
    shorthands=(URL,),
):
    """An upstream application that routes lead to."""

    name: str | None = fields.string(typedefs.UTF8_NAME, unique=True)
    retries: int | None = fields.integer(default=5, between=(0, 32767), help="attempts after the first one failed")
    protocol: str = fields.string(typedefs.PROTOCOL, required=True, default="http")
    host: str = fields.string(typedefs.HOST, required=True, help="a host name, an address, or the name of an upstream")
    port: int = fields.integer(typedefs.PORT, required=True, default=80)
    path: str | None = fields.string(typedefs.PATH, help="prefix of the path of requests to the upstream")
    connect_timeout: int | None = fields.integer(typedefs.PROXY_TIMEOUT, default=60000, help="milliseconds")
    write_timeout: int | None = fields.integer(
        typedefs.PROXY_TIMEOUT, default=60000, help="milliseconds between two writes"
    )
    read_timeout: int | None = fields.integer(
        typedefs.PROXY_TIMEOUT, default=60000, help="milliseconds between two reads"
    )
    client_certificate: Reference | None = fields.foreign("certificates", help="shown to an upstream that asks for one")
    tls_verify: bool | None = fields.boolean(help="verify the upstream's certificate; null follows the node's setting")
    tls_verify_depth: int | None = fields.integer(between=(0, 64))
    ca_certificates: tuple[str, ...] | None = fields.array(fields.string(typedefs.UUID))
    enabled: bool = fields.boolean(required=True, default=True, help="when false, its routes do not exist")
