"""Questions to a router without a proxy around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gwctl.engine.router.compiling import Flavor
from gwctl.engine.router.hostport import split_host_port
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.router.query import Query
from tests.integration.engine.records import identity

Route = dict[str, Any]
FLAVORS: tuple[Flavor, ...] = ("traditional", "traditional_compatible", "expressions")


@dataclass
class AskedHead:
    """What a router reads of a head; ``read`` tells which headers it asked for."""

    method: bytes
    path: bytes
    fields: list[tuple[bytes, bytes, bytes]]
    read: list[bytes] = field(default_factory=list)

    def values(self, name: bytes) -> list[bytes]:
        self.read.append(name)
        return [value for low, _, value in self.fields if low == name]


@dataclass(frozen=True)
class AskedArrival:
    https: bool = False
    sni: str | None = None
    port: int = 8000
    peer_port: int = 40000
    local: str = "127.0.0.1"


def query(
    path: str = "/",
    method: str = "GET",
    host: str = "",
    *,
    arguments: str = "",
    https: bool = False,
    sni: str | None = None,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    client: str = "127.0.0.1",
    **arrival: Any,
) -> Query:
    """``path`` in normal form, ``host`` as in the Host field."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    fields = [(name.lower().encode(), name.encode(), value.encode()) for name, value in pairs]
    name, port = split_host_port(host.lower())
    head = AskedHead(method.encode(), f"{path}?{arguments}".encode() if arguments else path.encode(), fields)
    return Query(head, AskedArrival(https=https, sni=sni, **arrival), name, port, path, client)


def route(name: str, **values: Any) -> Route:
    """A route record with an id made of its name."""
    return {"id": identity(name), "name": name, "protocols": ["http", "https"], **values}


def index_of(routes: Iterable[Route], flavor: Flavor = "traditional_compatible") -> RouteIndex[str]:
    """An index whose targets are the names of the routes."""
    index: RouteIndex[str] = RouteIndex(flavor)
    for record in routes:
        index.add(record, record["name"])
    return index


def chosen(asked: Query, flavor: Flavor = "traditional_compatible", **routes: Route) -> str | None:
    """The name of the route that is found; the first was created first and has the greatest id."""
    made = [
        record
        | {"id": f"{0xFFFFFFFF - number:08x}-0000-4000-8000-000000000000", "name": name, "created_at": number + 1}
        for number, (name, record) in enumerate(routes.items())
    ]
    found = index_of(made, flavor).match(asked)
    return None if found is None else found.target


def r(**values: Any) -> Route:
    """The values of a route without name and id."""
    return {"protocols": ["http", "https"], **values}
