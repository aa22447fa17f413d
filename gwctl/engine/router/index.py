"""The route index: finds the matcher of greatest rank with a few dictionary look-ups, whatever the number of routes."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from gwctl.engine.router.matcher import Matcher, PathRule, compile_route
from gwctl.engine.router.memo import Memo
from gwctl.engine.router.query import Found, Query
from gwctl.kit.patterns import PatternError

T = TypeVar("T")

_log = logging.getLogger("gwctl.engine")

_DOT = re.compile(r"\.")
_LONGEST_REMEMBERED = 1024
"""Bytes that clients chose in a question worth remembering: nobody fills the memory with paths that come once."""


class _Candidate(Generic[T]):
    """A matcher under one of its hosts and one of its paths."""

    __slots__ = ("matcher", "path", "port", "rank")

    def __init__(self, matcher: Matcher[T], port: int | None, path: PathRule | None) -> None:
        self.matcher = matcher
        self.rank = matcher.rank
        self.port = port
        self.path = path

    def found(self, query: Query) -> Found[T] | None:
        if self.port is not None and self.port != query.port:
            return None
        if not self.matcher.accepts(query):
            return None
        if self.path is None:
            return Found(self.matcher.target, None)
        match = self.path.match(query.path)
        if match is None or isinstance(match, str):
            return None if match is None else Found(self.matcher.target, match)
        groups = match.groups()
        if not groups:
            return Found(self.matcher.target, match.group())
        return Found(self.matcher.target, match.group(), groups, match.groupdict())


class _Paths(Generic[T]):
    """The candidates of one host pattern by the literal start of their paths; "" holds those without any."""

    __slots__ = ("by_start", "lengths")

    def __init__(self) -> None:
        self.by_start: dict[str, list[_Candidate[T]]] = {}
        self.lengths: tuple[int, ...] = ()

    def add(self, candidate: _Candidate[T]) -> None:
        start = "" if candidate.path is None else candidate.path.literal
        self.by_start.setdefault(start, []).append(candidate)

    def remove(self, candidate: _Candidate[T]) -> None:
        start = "" if candidate.path is None else candidate.path.literal
        candidates = self.by_start[start]
        candidates.remove(candidate)
        if not candidates:
            del self.by_start[start]

    def seal(self) -> None:
        for candidates in self.by_start.values():
            candidates.sort(key=_by_rank, reverse=True)
        self.seal_lengths()

    def insert(self, candidate: _Candidate[T]) -> None:
        """``add`` to what is sealed."""
        self.add(candidate)
        self.by_start["" if candidate.path is None else candidate.path.literal].sort(key=_by_rank, reverse=True)
        self.seal_lengths()

    def seal_lengths(self) -> None:
        self.lengths = tuple(sorted({len(start) for start in self.by_start}, reverse=True))


def _by_rank(candidate: _Candidate[T]) -> int:
    return candidate.rank


def _compiled(route: Mapping[str, Any], target: T) -> list[Matcher[T]]:
    try:
        return compile_route(route, target)
    except PatternError as error:
        _log.error("routes %s is skipped: %s", route.get("name") or route["id"], error)
        return []


class RouteIndex(Generic[T]):
    """Once sealed it changes by ``edit`` only.

    ``match`` is exact: the matcher of greatest rank whose conditions all hold.
    """

    def __init__(self) -> None:
        self._any_host: _Paths[T] = _Paths()
        self._hosts: dict[str, _Paths[T]] = {}
        self._suffixes: dict[str, _Paths[T]] = {}
        self._prefixes: dict[str, _Paths[T]] = {}
        self._header_names: tuple[bytes, ...] = ()
        self._memo: Memo[Found[T]] = Memo(0)
        self._count = 0
        self._held: dict[str, list[tuple[_Paths[T], _Candidate[T]]]] = {}

    @property
    def count(self) -> int:
        """The number of places where a matcher is looked for."""
        return self._count

    def add(self, route: Mapping[str, Any], target: T) -> None:
        """Add a route record, before ``seal``; one that cannot be matched is skipped and logged by name."""
        for matcher in _compiled(route, target):
            for paths, candidate in self._hold(route["id"], matcher):
                paths.add(candidate)

    def edit(self, removed: Iterable[str], added: Iterable[tuple[Mapping[str, Any], T]]) -> None:
        """Replace routes in what is sealed, between two requests: all or nothing. Ids that are unknown do no harm.

        Raises ValueError for a record of another form than an entity's.
        """
        compiled = [(route["id"], _compiled(route, target)) for route, target in added]
        for key in removed:
            for paths, candidate in self._held.pop(key, ()):
                paths.remove(candidate)
                paths.seal_lengths()
                self._count -= 1
        for key, matchers in compiled:
            for matcher in matchers:
                for paths, candidate in self._hold(key, matcher):
                    paths.insert(candidate)
        self._memo = Memo(min(max(5000, -(-self._count // 5000) * 5000), 100_000))

    def _hold(self, key: str, matcher: Matcher[T]) -> Iterator[tuple[_Paths[T], _Candidate[T]]]:
        names = {rule.name for rule in matcher.headers}
        if not names <= set(self._header_names):
            self._header_names = tuple(sorted(names.union(self._header_names)))
        held = self._held.setdefault(key, [])
        for paths, port in self._places(matcher):
            for rule in matcher.paths or (None,):
                self._count += 1
                held.append((paths, _Candidate(matcher, port, rule)))
                yield held[-1]

    def _places(self, matcher: Matcher[T]) -> Iterable[tuple[_Paths[T], int | None]]:
        if matcher.hosts is None:
            yield self._any_host, None
            return
        tables = {"exact": self._hosts, "suffix": self._suffixes, "prefix": self._prefixes}
        for rule in matcher.hosts:
            yield tables[rule.kind].setdefault(rule.text, _Paths()), rule.port

    def seal(self) -> Iterator[None]:
        """Sort the tables, one per step; after the last step the index may be asked."""
        for table in (self._hosts, self._suffixes, self._prefixes):
            for paths in table.values():
                paths.seal()
                yield
        self._any_host.seal()
        self._memo = Memo(min(max(5000, -(-self._count // 5000) * 5000), 100_000))

    def match(self, query: Query) -> Found[T] | None:
        """What the best matcher of ``query`` finds, None when none matches."""
        key = self._key(query)
        if key is None:
            return self._search(query)
        known, found = self._memo.get(key)
        if known:
            return found
        found = self._search(query)
        self._memo.put(key, found)
        return found

    def _key(self, query: Query) -> tuple[object, ...] | None:
        """All that the answer depends on; None when that is too long to remember."""
        if len(query.method) + len(query.host) + len(query.path) > _LONGEST_REMEMBERED:
            return None
        key = (query.https, query.method, query.host, query.port, query.path, query.sni)
        if not self._header_names:
            return key
        values = tuple(tuple(query.values(name)) for name in self._header_names)
        if sum(len(value) for each in values for value in each) > _LONGEST_REMEMBERED:
            return None
        return (*key, *values)

    def _search(self, query: Query) -> Found[T] | None:
        best: Found[T] | None = None
        best_rank = -1
        path = query.path
        size = len(path)
        for paths in self._candidates(query.host):
            by_start = paths.by_start
            for length in paths.lengths:
                if length > size:
                    continue
                for candidate in by_start.get(path[:length], ()):
                    if candidate.rank <= best_rank:
                        break
                    found = candidate.found(query)
                    if found is not None:
                        best, best_rank = found, candidate.rank
                        break
        return best

    def _candidates(self, host: str) -> list[_Paths[T]]:
        tables = [self._any_host]
        exact = self._hosts.get(host)
        if exact is not None:
            tables.append(exact)
        if self._suffixes or self._prefixes:
            for dot in _DOT.finditer(host):
                suffix = self._suffixes.get(host[dot.start() :])
                if suffix is not None:
                    tables.append(suffix)
                prefix = self._prefixes.get(host[: dot.end()])
                if prefix is not None:
                    tables.append(prefix)
        return tables
