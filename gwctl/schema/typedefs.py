"""The common kinds of values, by name (admin-api.md 0.9): ``fields.string(typedefs.HOST, required=True)``."""

from __future__ import annotations

from gwctl.schema.addresses import (
    HOST,
    HOST_WITH_OPTIONAL_PORT,
    IP,
    IP_OR_CIDR,
    PORT,
    ROUTE_HOST,
    SNI,
    WILDCARD_SNI,
)
from gwctl.schema.fields import Attributes
from gwctl.schema.paths import PATH, ROUTER_PATH
from gwctl.schema.texts import CERTIFICATE, COOKIE_NAME, HEADER_NAME, HTTP_METHOD, KEY, TAG, UTF8_NAME, UUID

PROTOCOLS = ("grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp")

PROTOCOL: Attributes = {"one_of": PROTOCOLS}
TIMEOUT: Attributes = {"between": (1, 2147483646)}

__all__ = [
    "CERTIFICATE",
    "COOKIE_NAME",
    "HEADER_NAME",
    "HOST",
    "HOST_WITH_OPTIONAL_PORT",
    "HTTP_METHOD",
    "IP",
    "IP_OR_CIDR",
    "KEY",
    "PATH",
    "PORT",
    "PROTOCOL",
    "PROTOCOLS",
    "ROUTER_PATH",
    "ROUTE_HOST",
    "SNI",
    "TAG",
    "TIMEOUT",
    "UTF8_NAME",
    "UUID",
    "WILDCARD_SNI",
]
