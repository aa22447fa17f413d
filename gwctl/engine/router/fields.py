"""The fields of the route language as a request has them (proxy.md 1.5). Each is read only when some route asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, TypeAlias
from urllib.parse import unquote_plus

from gwctl.engine.router.query import Query
from gwctl.expressions.fields import segments

Read: TypeAlias = Callable[[Query], Any]

HEADERS = "http.headers."
QUERIES = "http.queries."
_SEGMENTS = "http.path.segments."
_MOST_ARGUMENTS = 100

SNI_FACET = "the name asked for over TLS"
NOT_TLS = "*"
"""The value of ``SNI_FACET`` for plain requests, which no server name can be."""


def listener_port(query: Query) -> int:
    """The port that the request named, else the listener's as clients see it."""
    return query.arrival.port if query.port is None else query.port


def scheme_port(query: Query) -> int:
    """The port that the request named, else the usual one of its scheme (flavor ``traditional``)."""
    if query.port is not None:
        return query.port
    return 443 if query.https else 80


def reader(name: str) -> Read:
    """How the field ``name`` is read: one value or None, for headers and queries a tuple of values."""
    if name.startswith(HEADERS):
        return _header(name.removeprefix(HEADERS))
    if name.startswith(QUERIES):
        argument = name.removeprefix(QUERIES)
        return lambda query: arguments(query).get(argument, ())
    if name.startswith(_SEGMENTS) and name not in _PLAIN:
        return _segments(name)
    return _PLAIN[name]


def header_field(name: bytes) -> str:
    """The field that reads the header ``name`` (lower case)."""
    return HEADERS + name.decode("latin-1").replace("-", "_")


def _header(name: str) -> Read:
    wanted = name.encode()
    if b"_" not in wanted:
        return lambda query: tuple(_text(value) for value in query.head.values(wanted))
    return lambda query: tuple(_text(value) for low, _, value in query.head.fields if low.replace(b"-", b"_") == wanted)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def arguments(query: Query) -> Mapping[str, tuple[str, ...]]:
    """The first hundred arguments of the query string, decoded; one without a value has the value ""."""
    if query.arguments is None:
        found: dict[str, tuple[str, ...]] = {}
        text = query.head.path.partition(b"?")[2].decode("latin-1")
        for part in text.split("&", _MOST_ARGUMENTS)[:_MOST_ARGUMENTS]:
            if part:
                name, _, value = part.partition("=")
                key = unquote_plus(name)
                found[key] = (*found.get(key, ()), unquote_plus(value))
        query.arguments = found
    return query.arguments


def path_segments(path: str) -> list[str]:
    """The segments after the leading slash; empty ones at the end do not count."""
    found = path[1:].split("/")
    while found and not found[-1]:
        found.pop()
    return found


def _segments(name: str) -> Read:
    bounds = segments(name)
    if bounds is None:
        return lambda query: None
    first, last = bounds

    def read(query: Query) -> str | None:
        found = path_segments(query.path)
        return "/".join(found[first : last + 1]) if last < len(found) else None

    return read


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def facet_values(name: str) -> Callable[[Query], Iterable[str]]:
    """The values of a field in lower case, as facets are filed by them."""
    read = reader(name)
    if name.startswith((HEADERS, QUERIES)):
        return lambda query: [value.lower() for value in read(query)]
    return lambda query: [str(read(query) or "").lower()]


def _tls_name(query: Query) -> str:
    return (query.arrival.sni or "") if query.https else NOT_TLS


_PLAIN: Mapping[str, Read] = {
    "net.protocol": lambda query: "https" if query.https else "http",
    SNI_FACET: _tls_name,
    "tls.sni": lambda query: query.arrival.sni,
    "http.method": lambda query: query.head.method.decode("latin-1"),
    "http.host": lambda query: query.host,
    "http.path": lambda query: query.path,
    "http.path.segments.len": lambda query: len(path_segments(query.path)),
    "net.src.ip": lambda query: _address(query.client),
    "net.src.port": lambda query: query.arrival.peer_port,
    "net.dst.ip": lambda query: _address(query.arrival.local),
    "net.dst.port": listener_port,
}
