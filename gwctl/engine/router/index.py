"""The route index: finds the route of greatest rank with a few look-ups, whatever their number, and takes changes in
place."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from gwctl.engine.router.compiling import Flavor, compile_route
from gwctl.engine.router.fields import Read, listener_port, reader, scheme_port
from gwctl.engine.router.matcher import Candidate, Matcher
from gwctl.engine.router.memo import UNKNOWN, Memo
from gwctl.engine.router.query import Found, Query
from gwctl.engine.router.rules import HostRule
from gwctl.engine.router.table import Table
from gwctl.expressions import ExpressionError
from gwctl.kit.patterns import PatternError

T = TypeVar("T")

_log = logging.getLogger("gwctl.engine")

_Place: TypeAlias = tuple[str, str, str, Candidate[T]]
"""Kind and text of a host pattern, the start of a path, and what is filed there."""

_DOT = re.compile(r"\.")
_ANY_HOST = HostRule("any", "", None)
_STEP, _MOST = 5000, 100_000
_MOST_READ = 12


def _characters(part: object) -> int:
    if isinstance(part, str):
        return len(part)
    return sum(map(len, part)) if isinstance(part, tuple) else 0


class Compiled(NamedTuple, Generic[T]):
    """A route that is ready to be put into an index."""

    route_id: str
    matchers: list[Matcher[T]]


class RouteIndex(Generic[T]):
    """``match`` is exact: what it finds is what a search through all routes by rank would find.

    Answers are remembered when some route has more to check than host and prefix; else a search costs no more.

    ``flavor`` is the setting ``router_flavor``.
    """

    def __init__(self, flavor: Flavor = "traditional_compatible") -> None:
        self._flavor: Flavor = flavor
        self._any_host: Table[T] = Table()
        self._tables: dict[str, dict[str, Table[T]]] = {"exact": {}, "suffix": {}, "prefix": {}}
        self._hosts, self._suffixes, self._prefixes = self._tables.values()
        self._routes: dict[str, tuple[list[_Place[T]], frozenset[str]]] = {}
        self._reads: Counter[str] = Counter()
        self._extras: tuple[Read, ...] = ()
        self._settled = True
        self._remembers = self._asks_port = False
        self._checked = 0
        self._port: Read = scheme_port if flavor == "traditional" else listener_port
        self._memo: Memo[Found[T]] = Memo(_STEP)

    @property
    def count(self) -> int:
        """The number of routes."""
        return len(self._routes)

    def ids(self) -> list[str]:
        """The ids of the routes."""
        return list(self._routes)

    @property
    def flavor(self) -> Flavor:
        return self._flavor

    def add(self, route: Mapping[str, Any], target: T) -> None:
        """Add one route, as ``edit`` does."""
        self.edit((), ((route, target),))

    def edit(self, removed: Iterable[str], added: Iterable[tuple[Mapping[str, Any], T]]) -> None:
        """Take out the routes with the ids ``removed`` (unknown ones are no fault), then put in ``added``.

        A record that has the id of a present route takes its place. All or nothing: every record is compiled before
        anything changes. One that cannot be compiled is skipped and logged, with its name; its id is then without a
        route. The cost is that of the routes named here, not of those present.
        """
        self.replace(removed, [self.compiled(route, target) for route, target in added])

    def replace(self, removed: Iterable[str], added: Iterable[Compiled[T]]) -> None:
        """``edit`` with routes that ``compiled`` made before; it takes a third of the time then."""
        self._settled = True
        for route_id in removed:
            self._take_out(route_id)
        for route_id, matchers in added:
            self._take_out(route_id)
            if matchers:
                self._put_in(route_id, matchers)
        if not self._settled:
            self._settle()
        self._memo.resize(min(max(_STEP, -(-len(self._routes) // _STEP) * _STEP), _MOST))
        self._memo.clear()

    def _settle(self) -> None:
        """Find again what a remembered question must hold; with very much of it, asking costs less."""
        decided = sorted(self._reads.keys() - {"http.host", "http.path"})[: _MOST_READ + 1]
        self._extras = tuple(self._port if name == "net.dst.port" else reader(name) for name in decided)
        self._asks_port = "net.dst.port" in self._reads
        self._remembers = self._checked > 0 and len(decided) <= _MOST_READ
        self._settled = True

    def compiled(self, route: Mapping[str, Any], target: T) -> Compiled[T]:
        """A route as ``replace`` takes it; one that cannot be compiled is logged and has no matchers."""
        try:
            return Compiled(route["id"], compile_route(route, target, self._flavor))
        except (PatternError, ExpressionError, ValueError) as error:
            _log.error("routes %s is skipped: %s", route.get("name") or route["id"], error)
            return Compiled(route["id"], [])

    def _take_out(self, route_id: str) -> None:
        known = self._routes.pop(route_id, None)
        if known is None:
            return
        places, reads = known
        for kind, text, start, candidate in places:
            table = self._any_host if kind == "any" else self._tables[kind][text]
            table.remove(start, candidate)
            if not table and kind != "any":
                del self._tables[kind][text]
        if not all(place[3].certain for place in places):
            self._checked -= 1
            self._settled = self._settled and self._checked > 0
        for name in reads:
            self._reads[name] -= 1
            if not self._reads[name]:
                del self._reads[name]
                self._settled = False

    def _put_in(self, route_id: str, matchers: list[Matcher[T]]) -> None:
        places: list[_Place[T]] = []
        order = 0
        for matcher in matchers:
            for path in matcher.paths or (None,):
                start = "" if path is None else path.literal
                for host in matcher.hosts or (_ANY_HOST,):
                    candidate = Candidate(matcher, host, path, order)
                    self._table(host).add(start, candidate, matcher.facets)
                    places.append((host.kind, host.text, start, candidate))
                order += 1
        reads = frozenset().union(*(matcher.reads for matcher in matchers))
        self._routes[route_id] = (places, reads)
        if not all(place[3].certain for place in places):
            self._settled = self._settled and self._checked > 0
            self._checked += 1
        for name in reads:
            if name not in self._reads:
                self._settled = False
            self._reads[name] += 1

    def _table(self, host: HostRule) -> Table[T]:
        if host.kind == "any":
            return self._any_host
        tables = self._tables[host.kind]
        table = tables.get(host.text)
        if table is None:
            table = tables[host.text] = Table()
        return table

    def match(self, query: Query) -> Found[T] | None:
        """What the best route of ``query`` finds, None when none matches."""
        if not self._remembers:
            return self._search(query)
        host, path = query.host, query.path
        more = tuple([read(query) for read in self._extras]) if self._extras else ()
        key = (host, path, more)
        known = self._memo.get(key)
        if known is not UNKNOWN:
            return known  # type: ignore[return-value]
        found = self._search(query)
        self._memo.put(key, found, len(host) + len(path) + sum(map(_characters, more)))
        return found

    def _search(self, query: Query) -> Found[T] | None:
        host = query.host
        port = self._port(query) if self._asks_port else 0
        found: Found[T] | None = None
        rank = -1
        exact = self._hosts.get(host)
        if exact is not None:
            found, rank = exact.best(query, port, found, rank)
        if self._suffixes or self._prefixes:
            for table in self._wild(host):
                found, rank = table.best(query, port, found, rank)
        if self._any_host:
            found, rank = self._any_host.best(query, port, found, rank)
        return found

    def _wild(self, host: str) -> list[Table[T]]:
        found = []
        for dot in _DOT.finditer(host):
            for tables, part in ((self._suffixes, host[dot.start() :]), (self._prefixes, host[: dot.end()])):
                table = tables.get(part)
                if table is not None and part != host:
                    found.append(table)
        return found
