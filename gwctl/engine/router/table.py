"""The candidates of one host pattern: by the literal start of their paths, and those of one start by a facet."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import Generic, TypeAlias, TypeVar

from gwctl.engine.router.fields import HEADERS, facet_values, header_field
from gwctl.engine.router.matcher import Candidate, Facet
from gwctl.engine.router.query import Found, Query

T = TypeVar("T")

_Ranked: TypeAlias = list[Candidate[T]]
_FEW = 8
"""Candidates of one host and start that are simply tried one after another."""


def _order(candidate: Candidate[T]) -> int:
    return -candidate.rank


def _take(ranked: _Ranked[T], candidate: Candidate[T]) -> bool:
    position = bisect_left(ranked, -candidate.rank, key=_order)
    while position < len(ranked) and ranked[position].rank == candidate.rank:
        if ranked[position] is candidate:
            del ranked[position]
            return True
        position += 1
    return False


class _Field(Generic[T]):
    """Candidates by the values of one field."""

    __slots__ = ("lists", "read")

    def __init__(self, name: str) -> None:
        self.read = facet_values(name)
        self.lists: dict[str, _Ranked[T]] = {}

    def collect(self, query: Query, into: list[_Ranked[T]]) -> None:
        lists = self.lists
        for value in set(self.read(query)):
            ranked = lists.get(value)
            if ranked is not None:
                into.append(ranked)


class _Facets(Generic[T]):
    """Candidates of one start by the value of one of their fields; headers apart, of which there may be thousands."""

    __slots__ = ("_headers", "_others")

    def __init__(self) -> None:
        self._headers: dict[str, _Field[T]] = {}
        self._others: dict[str, _Field[T]] = {}

    def _side(self, name: str) -> dict[str, _Field[T]]:
        return self._headers if name.startswith(HEADERS) else self._others

    def add(self, candidate: Candidate[T], facets: Iterable[Facet]) -> None:
        """File ``candidate`` by the facet whose lists are shortest."""
        field, values = candidate.facet = min(facets, key=self._crowd)
        side = self._side(field)
        if field not in side:
            side[field] = _Field(field)
        lists = side[field].lists
        for value in values:
            insort(lists.setdefault(value, []), candidate, key=_order)

    def _crowd(self, facet: Facet) -> int:
        found = self._side(facet[0]).get(facet[0])
        return 0 if found is None else sum(len(found.lists.get(value, ())) for value in facet[1])

    def remove(self, candidate: Candidate[T], facet: Facet) -> None:
        name, values = facet
        side = self._side(name)
        lists = side[name].lists
        for value in values:
            _take(lists[value], candidate)
            if not lists[value]:
                del lists[value]
        if not lists:
            del side[name]

    def __bool__(self) -> bool:
        return bool(self._headers or self._others)

    def lists(self, query: Query) -> list[_Ranked[T]]:
        """The lists in which a request may find something."""
        found: list[_Ranked[T]] = []
        headers = self._headers
        if len(headers) <= _FEW:
            for field in headers.values():
                field.collect(query, found)
        else:
            for name in set(query.names()):
                sent = headers.get(header_field(name))
                if sent is not None:
                    sent.collect(query, found)
        for field in self._others.values():
            field.collect(query, found)
        return found


class Table(Generic[T]):
    """Candidates of one host pattern. A start is found by the closed part of a path, which ends with a slash, and the
    few lengths that starts have behind it: a handful of look-ups, whatever the number of starts."""

    __slots__ = ("_depths", "_facets", "_lengths", "_more", "_starts")

    def __init__(self) -> None:
        self._starts: dict[str, _Ranked[T]] = {}
        self._facets: dict[str, _Facets[T]] | None = None
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._more: dict[tuple[str, int], int] | None = None
        self._depths: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._starts)

    def add(self, start: str, candidate: Candidate[T], facets: Sequence[Facet]) -> None:
        """File ``candidate`` below ``start``, "" for one without a path."""
        ranked = self._starts.get(start)
        if ranked is None:
            ranked = self._starts[start] = []
            if start:
                self._open(start)
        if facets and len(ranked) >= _FEW:
            if self._facets is None:
                self._facets = {}
            self._facets.setdefault(start, _Facets()).add(candidate, facets)
        else:
            insort(ranked, candidate, key=_order)

    def remove(self, start: str, candidate: Candidate[T]) -> None:
        """Take out what was added."""
        ranked = self._starts[start]
        if candidate.facet is not None and self._facets is not None:
            below = self._facets[start]
            below.remove(candidate, candidate.facet)
            if not below:
                del self._facets[start]
        else:
            _take(ranked, candidate)
        if not ranked and not (self._facets and start in self._facets):
            del self._starts[start]
            if start:
                self._close(start)

    def _open(self, start: str) -> None:
        closed, length = start[: start.rfind("/") + 1], len(start)
        lengths = self._lengths.get(closed)
        if lengths is None:
            self._lengths[closed] = (length,)
            depth = closed.count("/")
            self._depths += [0] * (depth - len(self._depths))
            self._depths[depth - 1] += 1
        elif length not in lengths:
            self._lengths[closed] = tuple(sorted((*lengths, length), reverse=True))
        else:
            self._more = self._more if self._more is not None else {}
            self._more[closed, length] = self._more.get((closed, length), 0) + 1

    def _close(self, start: str) -> None:
        closed, length = start[: start.rfind("/") + 1], len(start)
        more = 0 if self._more is None else self._more.pop((closed, length), 0)
        if more:
            if more > 1 and self._more is not None:
                self._more[closed, length] = more - 1
            return
        lengths = tuple(each for each in self._lengths[closed] if each != length)
        if lengths:
            self._lengths[closed] = lengths
            return
        del self._lengths[closed]
        self._depths[closed.count("/") - 1] -= 1
        while self._depths and not self._depths[-1]:
            self._depths.pop()

    def best(self, query: Query, port: int, found: Found[T] | None, rank: int) -> tuple[Found[T] | None, int]:
        """What the candidate of greatest rank above ``rank`` finds, and its rank; else what was given."""
        path, starts, lengths = query.path, self._starts, self._lengths
        depth = len(self._depths)
        for closed in _ROOT if depth == 1 else _closed(path, depth):
            for length in lengths.get(closed, ()):
                ranked = starts.get(start := path[:length])
                if ranked is None:
                    continue
                for candidate in ranked:
                    if candidate.rank <= rank:
                        break
                    new = candidate.certain or candidate.found(query, port)
                    if new is not None:
                        found, rank = new, candidate.rank
                        break
                if self._facets is not None and start in self._facets:
                    found, rank = _best_of(self._facets[start].lists(query), query, port, found, rank)
        if "" in starts:
            found, rank = _best_of((starts[""],), query, port, found, rank)
            if self._facets is not None and "" in self._facets:
                found, rank = _best_of(self._facets[""].lists(query), query, port, found, rank)
        return found, rank


_ROOT = ("/",)


def _closed(path: str, depth: int) -> list[str]:
    """The parts of ``path`` that end with one of its first ``depth`` slashes, the longest first."""
    found: list[str] = []
    cut = 0
    while len(found) < depth and (cut := path.find("/", cut) + 1):
        found.append(path[:cut])
    found.reverse()
    return found


def _best_of(
    lists: Iterable[_Ranked[T]], query: Query, port: int, found: Found[T] | None, rank: int
) -> tuple[Found[T] | None, int]:
    for ranked in lists:
        for candidate in ranked:
            if candidate.rank <= rank:
                break
            new = candidate.found(query, port)
            if new is not None:
                found, rank = new, candidate.rank
                break
    return found, rank
