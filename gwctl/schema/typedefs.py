"""The common kinds of values, by name (admin-api.md 0.9): ``fields.string(typedefs.HOST, required=True)``."""

from __future__ import annotations

from gwctl.schema.addresses import (
    HOST,
    HOST_REF,
    HOST_WITH_OPTIONAL_PORT,
    IP,
    IP_OR_CIDR,
    IPV4_CIDR,
    PORT,
    ROUTE_HOST,
    SNI,
    SNI_REF,
    WILDCARD_SNI,
)
from gwctl.schema.fields import Attributes
from gwctl.schema.paths import PATH, ROUTER_PATH
from gwctl.schema.texts import (
    CERTIFICATE,
    COOKIE_NAME,
    HEADER_NAME,
    HTTP_METHOD,
    KEY,
    NAME,
    SEMANTIC_VERSION,
    TAG,
    UTF8_NAME,
    UUID,
)
from gwctl.schema.urls import URL, URL_REF

PROTOCOLS = ("grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp")

PROTOCOL: Attributes = {"one_of": PROTOCOLS}
TIMEOUT: Attributes = {"between": (0, 2147483646)}
"""Milliseconds."""

PROXY_TIMEOUT: Attributes = {"between": (1, 2147483646)}
"""Milliseconds; at least one."""

TTL: Attributes = {"between": (0, 100000000)}
"""Seconds."""

__all__ = [
    "CERTIFICATE",
    "COOKIE_NAME",
    "HEADER_NAME",
    "HOST",
    "HOST_REF",
    "HOST_WITH_OPTIONAL_PORT",
    "HTTP_METHOD",
    "IP",
    "IPV4_CIDR",
    "IP_OR_CIDR",
    "KEY",
    "NAME",
    "PATH",
    "PORT",
    "PROTOCOL",
    "PROTOCOLS",
    "PROXY_TIMEOUT",
    "ROUTER_PATH",
    "ROUTE_HOST",
    "SEMANTIC_VERSION",
    "SNI",
    "SNI_REF",
    "TAG",
    "TIMEOUT",
    "TTL",
    "URL",
    "URL_REF",
    "UTF8_NAME",
    "UUID",
    "WILDCARD_SNI",
]
