"""One route and one group of its paths, compiled: the conditions that a request must meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gwctl.engine.router.hostport import split_host_port
from gwctl.engine.router.priority import group_uuid, is_regex, path_groups, rank
from gwctl.engine.router.query import Query
from gwctl.kit.patterns import Match, Pattern, compile_pattern

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HostRule:
    """``text`` is a whole host, the end of one (``suffix``) or the start of one (``prefix``)."""

    kind: str
    text: str
    port: int | None

    def accepts(self, host: str) -> bool:
        if self.kind == "suffix":
            return host.endswith(self.text)
        return host.startswith(self.text) if self.kind == "prefix" else host == self.text


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """Any of ``values`` (lower case), or a ``pattern`` that is searched in a lower-case value."""

    name: bytes
    values: frozenset[bytes]
    pattern: Pattern | None

    def accepts(self, values: list[bytes]) -> bool:
        if self.pattern is None:
            return not self.values.isdisjoint(values)
        return any(self.pattern.search(value.decode("latin-1")) is not None for value in values)


@dataclass(frozen=True, slots=True)
class PathRule:
    """A plain prefix, or a regular expression with the literal text that every match begins with."""

    literal: str
    pattern: Pattern | None

    def match(self, path: str) -> Match | str | None:
        """The match of the expression, or the prefix itself, or None."""
        if self.pattern is not None:
            return self.pattern.match(path)
        return self.literal if path.startswith(self.literal) else None


@dataclass(frozen=True, slots=True)
class Matcher(Generic[T]):
    """``rank`` orders matchers, the greatest first; None in a field means no condition."""

    rank: int
    target: T
    http: bool
    https: bool
    methods: frozenset[bytes] | None
    hosts: tuple[HostRule, ...] | None
    paths: tuple[PathRule, ...] | None
    headers: tuple[HeaderRule, ...]
    snis: tuple[HostRule, ...] | None

    def accepts(self, query: Query) -> bool:
        """Every condition except host and path, which the index has looked up."""
        if not (self.https if query.https else self.http):
            return False
        if self.methods is not None and query.method not in self.methods:
            return False
        for rule in self.headers:
            if not rule.accepts(query.values(rule.name)):
                return False
        return self.snis is None or not query.https or self._sni(query.sni or "")

    def _sni(self, name: str) -> bool:
        return any(rule.accepts(name) for rule in self.snis or ())


def compile_route(route: Mapping[str, Any], target: T) -> list[Matcher[T]]:
    """The matchers of one route record. Raises PatternError and ValueError for a record that cannot be matched."""
    groups = path_groups(route.get("paths") or ()) or [[]]
    http, https = _schemes(frozenset(route.get("protocols") or ("http", "https")))
    if not http and not https:
        return []
    methods, hosts, snis = route.get("methods"), route.get("hosts"), route.get("snis")
    headers = tuple(_header_rule(name, values) for name, values in (route.get("headers") or {}).items())
    return [
        Matcher(
            rank=rank(route, group, group_uuid(route["id"], len(groups), position)),
            target=target,
            http=http,
            https=https,
            methods=frozenset(method.encode() for method in methods) if methods else None,
            hosts=tuple(_host_rule(host) for host in hosts) if hosts else None,
            paths=tuple(_path_rule(path) for path in group) if group else None,
            headers=headers,
            snis=tuple(_sni_rule(name) for name in snis) if snis else None,
        )
        for position, group in enumerate(groups)
    ]


def _schemes(protocols: frozenset[str]) -> tuple[bool, bool]:
    """Whether plain and TLS requests match; one for TLS alone also matches plain ones, to redirect them."""
    https = bool(protocols & {"https", "grpcs"})
    http = bool(protocols & {"http", "grpc"}) or https
    return http, https


def _host_rule(text: str) -> HostRule:
    host, port = split_host_port(text.lower())
    return _wildcard(host, port)


def _sni_rule(text: str) -> HostRule:
    return _wildcard(text.lower().removesuffix("."), None)


def _wildcard(text: str, port: int | None) -> HostRule:
    if text.startswith("*"):
        return HostRule("suffix", text[1:], port)
    if text.endswith("*"):
        return HostRule("prefix", text[:-1], port)
    return HostRule("exact", text, port)


def _header_rule(name: str, values: list[str]) -> HeaderRule:
    low = name.lower().encode()
    if len(values) == 1 and values[0].startswith("~*"):
        return HeaderRule(low, frozenset(), compile_pattern(values[0][2:]))
    return HeaderRule(low, frozenset(value.lower().encode() for value in values), None)


def _path_rule(path: str) -> PathRule:
    if not is_regex(path):
        return PathRule(path, None)
    pattern = path[1:]
    return PathRule(literal_start(pattern), compile_pattern(pattern))


_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_QUANTIFIERS = frozenset("?*{")


def literal_start(pattern: str) -> str:
    """Text that every match of ``pattern`` begins with; short rather than wrong."""
    if "|" in pattern:
        return ""
    text, position = "", 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\" and pattern[position + 1 : position + 2] in {".", "-", "/", "_"}:
            position += 1
            character = pattern[position]
        elif character in _SPECIAL:
            return text[:-1] if character in _QUANTIFIERS else text
        text += character
        position += 1
    return text
