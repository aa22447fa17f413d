"""What the house knows of a plugin that may be configured (plugins-auth-traffic.md 1.3, 1.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gwctl import KONG_VERSION
from gwctl.schema import Record
from gwctl.schema.checks import EntityCheck
from gwctl.schema.field import Check

HTTP = ("grpc", "grpcs", "http", "https")
ANY = ("grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp")
SCOPES = ("service", "route", "consumer")


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What the rules of a plugin may depend on: the node's role, and whether it has a database."""

    role: str = "traditional"
    database: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSchema:
    """The declaration of one plugin's configuration.

    ``config`` is the record class of its ``config`` field. ``protocols`` may be chosen and ``default_protocols`` are
    when nobody chooses. ``scopes`` are the foreign fields that may be set; the others must be null. Of two plugins the
    one with the higher ``priority`` runs first.

    Rules over several fields stand in one of three places, which differ in where their text is reported. Those of
    ``config``'s own class: under ``config["@entity"]``. ``checks``: under ``@entity`` of the plugin; they name fields
    as ``config.x``. ``check``, which sees the whole configuration once its fields are sound: as the error of
    ``config``. ``on_node`` gives the declaration for nodes where other rules hold; see `for_node`.
    """

    name: str
    priority: int
    config: type[Record]
    version: str = KONG_VERSION
    protocols: tuple[str, ...] = HTTP
    default_protocols: tuple[str, ...] = HTTP
    scopes: tuple[str, ...] = SCOPES
    checks: tuple[EntityCheck, ...] = ()
    check: Check | None = None
    on_node: Callable[[NodeFacts], PluginSchema] | None = None

    def for_node(self, facts: NodeFacts) -> PluginSchema:
        """The declaration that holds on such a node."""
        return self if self.on_node is None else self.on_node(facts)
