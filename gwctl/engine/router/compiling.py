"""From a route record to its matchers, by the flavor of the router (proxy.md 1.3–1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Literal, TypeAlias, TypeVar

from gwctl.engine.router.expression_routes import compile_expression_route
from gwctl.engine.router.fields import NOT_TLS, SNI_FACET, Read, header_field, reader
from gwctl.engine.router.matcher import Check, Facet, Matcher
from gwctl.engine.router.priority import (
    EXPLICIT_PORT,
    compatible_rank,
    group_uuid,
    path_groups,
    traditional_rank,
)
from gwctl.engine.router.query import Query
from gwctl.engine.router.rules import HeaderRule, HostRule, header_rule, host_rule, path_rule, sni_rule

T = TypeVar("T")

Flavor: TypeAlias = Literal["traditional", "traditional_compatible", "expressions"]

_TLS = frozenset({"https", "grpcs"})
_PLAIN = frozenset({"http", "grpc"})


def compile_route(route: Mapping[str, Any], target: T, flavor: Flavor = "traditional_compatible") -> list[Matcher[T]]:
    """The matchers of one route record; none for a route of streams.

    Raises PatternError, ExpressionError and ValueError for a record that cannot be matched.
    """
    protocols = frozenset(route.get("protocols") or ("http", "https"))
    if not protocols & (_TLS | _PLAIN):
        return []
    if flavor == "expressions" and route.get("expression"):
        return compile_expression_route(route, target)
    return _traditional(route, target, protocols) if flavor == "traditional" else _compatible(route, target, protocols)


def _compatible(route: Mapping[str, Any], target: T, protocols: frozenset[str]) -> list[Matcher[T]]:
    groups = path_groups(route.get("paths") or ()) or [[]]
    conditions = _Conditions(route, protocols)
    conditions.add_snis(route.get("snis") or (), only_tls=True)
    return [
        conditions.matcher(target, compatible_rank(route, group, group_uuid(route["id"], len(groups), position)), group)
        for position, group in enumerate(groups)
    ]


def _traditional(route: Mapping[str, Any], target: T, protocols: frozenset[str]) -> list[Matcher[T]]:
    """One matcher for each path; server names count over TLS only, so a route with some has matchers for both."""
    paths: Sequence[str | None] = route.get("paths") or (None,)
    snis = route.get("snis") or ()
    made: list[Matcher[T]] = []
    for sni in (True, False) if snis else (True,):
        conditions = _Conditions(route, protocols)
        if snis:
            conditions.add_snis(snis, only_tls=False) if sni else conditions.add_plain()
        for path in paths:
            rank = traditional_rank(route, path, sni=sni)
            made.append(conditions.matcher(target, rank, [path] if path else [], port_bonus=EXPLICIT_PORT))
    return made


class _Conditions:
    """Collects what the matchers of a route have in common. Raises PatternError and ValueError."""

    def __init__(self, route: Mapping[str, Any], protocols: frozenset[str]) -> None:
        self._checks: list[Check] = []
        self._facets: list[Facet] = []
        self._reads: set[str] = set()
        hosts = route.get("hosts")
        self._hosts: tuple[HostRule, ...] | None = tuple(map(host_rule, hosts)) if hosts else None
        if not protocols & _TLS:  # one for TLS alone also matches plain requests, to redirect them
            self.add_plain()
        if route.get("methods"):
            self._add_methods(route["methods"])
        for name, values in (route.get("headers") or {}).items():
            self._add_header(header_rule(name, values))
        for side in ("src", "dst"):
            items = route.get("sources" if side == "src" else "destinations")
            if items:
                self._add_addresses(side, items)

    def add_plain(self) -> None:
        """Only requests without TLS."""
        self._reads.add("net.protocol")
        self._checks.append(lambda query: not query.https)

    def add_snis(self, names: Iterable[str], *, only_tls: bool) -> None:
        """One of the server ``names`` over TLS; without TLS anything, or nothing."""
        rules = tuple(map(sni_rule, names))
        if not rules:
            return
        self._reads |= {"net.protocol", "tls.sni"}
        if all(rule.kind == "exact" for rule in rules):
            others = {NOT_TLS} if only_tls else set()
            self._add_facet(SNI_FACET, others.union(rule.text for rule in rules))

        def named(query: Query) -> bool:
            if not query.https:
                return only_tls
            name = (query.arrival.sni or "").lower()
            return any(rule.accepts(name) for rule in rules)

        self._checks.append(named)

    def _add_methods(self, names: Iterable[str]) -> None:
        self._reads.add("http.method")
        methods = frozenset(name.encode() for name in names)
        self._checks.append(lambda query: query.head.method in methods)

    def _add_header(self, rule: HeaderRule) -> None:
        field = header_field(rule.name)
        self._reads.add(field)
        self._checks.append(lambda query: rule.accepts(query.values(rule.name)))
        if rule.pattern is None:
            self._add_facet(field, {value.decode() for value in rule.values})

    def _add_facet(self, field: str, values: set[str]) -> None:
        if all(map(str.isascii, values)):
            self._facets.append((field, frozenset(values)))

    def _add_addresses(self, side: str, items: Iterable[Mapping[str, Any]]) -> None:
        ip, port = f"net.{side}.ip", f"net.{side}.port"
        self._reads |= {ip, port}
        self._checks.append(_address_check(items, reader(ip), reader(port)))

    def matcher(self, target: T, rank: int, paths: Sequence[str], port_bonus: int = 0) -> Matcher[T]:
        """The matcher for some of the paths."""
        reads = set(self._reads)
        if self._hosts is not None:
            reads.add("http.host")
            if any(rule.port is not None for rule in self._hosts):
                reads.add("net.dst.port")
        if paths:
            reads.add("http.path")
        return Matcher(
            rank=rank,
            target=target,
            checks=tuple(self._checks),
            hosts=self._hosts,
            paths=tuple(map(path_rule, paths)) if paths else None,
            facets=tuple(self._facets),
            reads=frozenset(reads),
            port_bonus=port_bonus,
        )


def _address_check(items: Iterable[Mapping[str, Any]], ip: Read, port: Read) -> Check:
    wanted = [(ip_network(item["ip"], strict=False) if item.get("ip") else None, item.get("port")) for item in items]

    def check(query: Query) -> bool:
        address, number = ip(query), port(query)
        return any(
            (network is None or (address is not None and address in network)) and one in (None, number)
            for network, one in wanted
        )

    return check
