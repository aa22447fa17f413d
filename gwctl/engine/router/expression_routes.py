"""Routes with an expression: filed by the hosts, paths and values that the expression needs, then evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from gwctl.engine.router.fields import Read, reader
from gwctl.engine.router.matcher import Check, Matcher
from gwctl.engine.router.priority import expression_rank
from gwctl.engine.router.query import Query
from gwctl.engine.router.rules import HostRule, PathRule
from gwctl.expressions import Needs, alternatives, compile_tree, needs, parse_expression

T = TypeVar("T")

_MOST_ALTERNATIVES = 64
_TLS = frozenset({"https", "grpcs"})


def compile_expression_route(route: Mapping[str, Any], target: T) -> list[Matcher[T]]:
    """The matchers of a route with an expression, one for each alternative. Raises ExpressionError."""
    tree = parse_expression(route["expression"])
    parts = alternatives(tree)
    if len(parts) > _MOST_ALTERNATIVES:
        parts = (tree,)
    rank = expression_rank(route)
    # one for TLS alone also matches plain requests, to redirect them
    scheme: Check | None = None if _TLS & set(route.get("protocols") or _TLS) else lambda query: not query.https
    return [_matcher(needs(part), target, rank, scheme) for part in parts]


def _matcher(found: Needs, target: T, rank: int, scheme: Check | None) -> Matcher[T]:
    reads: set[str] = set()
    if scheme is not None:
        reads.add("net.protocol")
    if found.hosts is not None:
        reads.add("http.host")
    if found.starts is not None:
        reads.add("http.path")
    checks = [compile_tree(term, _noting(reads), {"http.path": _note}) for term in found.rest]
    return Matcher(
        rank=rank,
        target=target,
        checks=tuple(checks if scheme is None else [scheme, *checks]),
        hosts=None if found.hosts is None else tuple(HostRule(kind, text, None) for kind, text in found.hosts),
        paths=None if found.starts is None else tuple(_path(start, found.proven) for start in found.starts),
        facets=tuple(found.values.items()),
        reads=frozenset(reads),
        notes="http.path" in reads and bool(checks),
    )


def _path(start: str, proven: bool) -> PathRule:
    return PathRule(start, None, shown=proven)


def _noting(reads: set[str]) -> Callable[[str], Read]:
    """Readers of fields, and a list of the fields they were made for."""

    def noted(name: str) -> Read:
        reads.add(name)
        return reader(name)

    return noted


def _note(query: Query, found: Any) -> None:
    query.matched = found
