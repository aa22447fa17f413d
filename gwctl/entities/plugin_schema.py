"""What the house knows of a plugin that may be configured (plugins-auth-traffic.md 1.3, 1.5)."""

from __future__ import annotations

from dataclasses import dataclass

from gwctl import KONG_VERSION
from gwctl.schema import Record

HTTP = ("grpc", "grpcs", "http", "https")
ANY = ("grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp")
SCOPES = ("service", "route", "consumer")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSchema:
    """The declaration of one plugin's configuration.

    ``config`` is the record class of its ``config`` field. ``protocols`` may be chosen and ``default_protocols`` are when
    nobody chooses. ``scopes`` are the foreign fields that may be set; the others must be null. Of two plugins the one
    with the higher ``priority`` runs first.
    """

    name: str
    priority: int
    config: type[Record]
    version: str = KONG_VERSION
    protocols: tuple[str, ...] = HTTP
    default_protocols: tuple[str, ...] = HTTP
    scopes: tuple[str, ...] = SCOPES
