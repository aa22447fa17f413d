"""Rules between the rows of different entities that no foreign key expresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from sqlalchemy import Connection, Text, cast, select

from gwctl.schema import EntityError, RecordDict
from gwctl.store.tables import EntityTable, Tables

Rule: TypeAlias = Callable[[Connection, Tables, RecordDict], None]

_AUTHORITIES = "ca_certificates"
_ROUTE = "must match the associated route's protocols"
_SERVICE = "must match the protocols of at least one route pointing to this Plugin's service"


def plugin_protocols(connection: Connection, tables: Tables, plugin: RecordDict) -> None:
    """A plugin of a route, or of a service that has routes, shares a protocol with one of them (admin-api.md 1.7).

    Raises EntityError number 2.
    """
    routes = tables["routes"].table.c
    for field, column, text in (("route", routes.id, _ROUTE), ("service", routes.service_id, _SERVICE)):
        if plugin[field] is None:
            continue
        found = connection.execute(select(routes.protocols).where(column == plugin[field]["id"])).scalars()
        if not _share(plugin["protocols"], found):
            raise EntityError.schema_violation({"protocols": text})
        return


def _share(protocols: Iterable[str], others: Iterable[Iterable[str]]) -> bool:
    """True also when there are no others."""
    wanted = set(protocols)
    none = True
    for each in others:
        if not wanted.isdisjoint(each):
            return True
        none = False
    return none


def authority_unused(connection: Connection, tables: Tables, authority: RecordDict) -> None:
    """No service and no plugin names the authority that is to be deleted (1.6). Raises EntityError number 19."""
    key = authority["id"]
    for entity, column in (("services", _AUTHORITIES), ("plugins", "config")):
        user = _user(connection, tables[entity], column, key)
        if user is not None:
            raise EntityError.referenced_by_others(
                f"ca certificate {key} is still referenced by {entity} (id = {user})"
            )


def _user(connection: Connection, table: EntityTable, column: str, key: str) -> str | None:
    """The first record whose list of authorities holds ``key``; the database finds those that mention it at all."""
    holder = table.table.c[column]
    query = select(table.key, holder).where(cast(holder, Text).like(f'%"{key}"%')).order_by(table.key)
    for found, value in connection.execute(query):
        if key in ((value.get(_AUTHORITIES) or ()) if isinstance(value, Mapping) else value):
            return str(found)
    return None


WRITING: Mapping[str, Rule] = MappingProxyType({"plugins": plugin_protocols})
"""What is checked before a record of the entity is written."""

DELETING: Mapping[str, Rule] = MappingProxyType({_AUTHORITIES: authority_unused})
"""What is checked before a record of the entity is deleted."""
