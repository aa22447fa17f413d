"""A route compiled: where the index files it, and the conditions that are left to check on a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from gwctl.engine.router.query import Found, Query
from gwctl.engine.router.rules import HostRule, PathRule

T = TypeVar("T")

Check: TypeAlias = Callable[[Query], bool]
"""A condition."""

Facet: TypeAlias = tuple[str, frozenset[str]]
"""A field that must have one of these values, in lower case: what tells many routes of one host and path apart."""


_ORDER_BITS = 8
_ORDERS = (1 << _ORDER_BITS) - 1


@dataclass(frozen=True, slots=True)
class Matcher(Generic[T]):
    """``rank`` orders matchers, the greatest first. None in ``hosts`` or ``paths`` means no condition that the index
    knows of.

    ``checks`` are all conditions except those, ``facets`` what follows from some of them, ``reads`` the fields whose
    values decide. ``port_bonus`` is added to the rank of a host with a port. ``notes``: checks tell what they match in
    the path.
    """

    rank: int
    target: T
    checks: tuple[Check, ...]
    hosts: tuple[HostRule, ...] | None
    paths: tuple[PathRule, ...] | None
    facets: tuple[Facet, ...]
    reads: frozenset[str]
    port_bonus: int = 0
    notes: bool = False


class Candidate(Generic[T]):
    """A matcher under one of its hosts and one of its paths, which is number ``order`` of the route's.

    ``facet`` is the one that it was filed by, if any. ``certain`` is what it finds when there is nothing to check.
    """

    __slots__ = ("_checks", "_fixed", "_notes", "_pattern", "_port", "certain", "facet", "rank", "target")

    def __init__(self, matcher: Matcher[T], host: HostRule, path: PathRule | None, order: int) -> None:
        self._port = host.port
        rank = matcher.rank + (matcher.port_bonus if host.port is not None else 0)
        self.rank = rank << _ORDER_BITS | max(_ORDERS - order, 0)  # of one route, the path that it names first
        self.target = matcher.target
        self._checks = matcher.checks
        self._pattern = None if path is None else path.pattern
        self._notes = matcher.notes
        self._fixed: Found[T] = Found(matcher.target, path.literal if path is not None and path.shown else None)
        open_questions = self._port is not None or self._checks or self._pattern is not None
        self.certain: Found[T] | None = None if open_questions else self._fixed
        self.facet: Facet | None = None

    def found(self, query: Query, port: int) -> Found[T] | None:
        """What it finds; host and plain path are known to match."""
        if self._port is not None and self._port != port:
            return None
        if self._notes:
            return self._noted(query)
        for check in self._checks:
            if not check(query):
                return None
        if self._pattern is None:
            return self._fixed
        match = self._pattern.match(query.path)
        return None if match is None else _captured(self.target, match)

    def _noted(self, query: Query) -> Found[T] | None:
        query.matched = None
        for check in self._checks:
            if not check(query):
                return None
        noted = query.matched
        if noted is None:
            return self._fixed
        return Found(self.target, noted) if isinstance(noted, str) else _captured(self.target, noted)


def _captured(target: T, match: Any) -> Found[T]:
    groups = match.groups()
    matched = match.group() if match.start() == 0 else None
    return Found(target, matched, groups, match.groupdict()) if groups else Found(target, matched)
