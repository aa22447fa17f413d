"""The router alone: the cost of one match with 10, 1,000 and 100,000 routes, and of one change in place.

Shapes: ``prefix`` (ten prefixes a host), ``regex`` (ten expressions a host), ``header`` (one host and path, told apart
by a header), ``paths`` (prefixes without hosts), ``traditional`` (the mix of all in that flavor), ``expression``.
``match_us`` asks for what was not asked before, ``again_us`` for what was; ``nothing_us`` finds no route. ``ratio`` is
the cost at each size beside that at ten routes. ``edit_us`` adds a route. All is CPU time, in microseconds.
"""

from __future__ import annotations

import gc
import statistics
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gwctl.engine.router.compiling import Flavor
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.router.query import Query

_SIZES = (10, 1_000, 100_000)
_ASKED = 4_000
_EDITS = 200
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Head:
    method: bytes
    path: bytes
    fields: list[tuple[bytes, bytes, bytes]]

    def values(self, name: bytes) -> list[bytes]:
        return [value for low, _, value in self.fields if low == name]


@dataclass(frozen=True, slots=True)
class _Arrival:
    https: bool = False
    sni: str | None = None
    port: int = 8000
    peer_port: int = 40000
    local: str = "127.0.0.1"


_OTHERS = [(name, name, b"some value of usual length") for name in (b"host", b"user-agent", b"accept", b"cookie")]


def _query(host: str, path: str, tenant: str = "") -> Query:
    fields = [*_OTHERS, (b"x-tenant", b"X-Tenant", tenant.encode())] if tenant else _OTHERS
    return Query(_Head(b"GET", path.encode(), fields), _Arrival(), host, None, path, "192.0.2.1")


def _prefix(number: int) -> dict[str, Any]:
    return {"hosts": [f"host{number // 10}.example.com"], "paths": [f"/service{number % 10}/v1"]}


def _regex(number: int) -> dict[str, Any]:
    return {"hosts": [f"host{number // 10}.example.com"], "paths": [f"~/service{number % 10}/(?P<id>\\d+)/orders$"]}


def _header(number: int) -> dict[str, Any]:
    return {"paths": ["/service"], "headers": {"x-tenant": [f"tenant{number}"]}}


def _paths(number: int) -> dict[str, Any]:
    return {"paths": [f"/group{number // 10}/service{number % 10}"]}


def _expression(number: int) -> dict[str, Any]:
    text = (
        f'http.host == "host{number // 10}.example.com" && http.path ^= "/service{number % 10}" && http.method == "GET"'
    )
    return {"expression": text, "priority": number % 7}


def _host(number: int) -> str:
    return f"host{number // 10}.example.com"


_Shape = tuple[Flavor, Callable[[int], dict[str, Any]], Callable[[int, int], Query]]

_SHAPES: Mapping[str, _Shape] = {
    "prefix": (
        "traditional_compatible",
        _prefix,
        lambda number, turn: _query(_host(number), f"/service{number % 10}/v1/{turn}"),
    ),
    "paths": (
        "traditional_compatible",
        _paths,
        lambda number, turn: _query("example.com", f"/group{number // 10}/service{number % 10}/{turn}"),
    ),
    "regex": (
        "traditional_compatible",
        _regex,
        lambda number, turn: _query(_host(number), f"/service{number % 10}/{turn}/orders"),
    ),
    "header": (
        "traditional_compatible",
        _header,
        lambda number, turn: _query("example.com", f"/service/{turn}", f"tenant{number}"),
    ),
    "traditional": (
        "traditional",
        lambda number: (_prefix, _regex, _header, _paths)[number % 4](number),
        lambda number, turn: _query(_host(number), f"/service{number % 10}/v1/{turn}", f"tenant{number}"),
    ),
    "expression": (
        "expressions",
        _expression,
        lambda number, turn: _query(_host(number), f"/service{number % 10}/v1/{turn}"),
    ),
}


def _route(number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    identity = str(uuid.UUID(int=number + 1))
    return {"id": identity, "name": f"route{number}", "protocols": ["http", "https"], "created_at": number, **values}


def _each(index: RouteIndex[int], asked: list[Query]) -> float:
    match = index.match
    start = time.thread_time()
    for query in asked:
        match(query)
    return (time.thread_time() - start) / len(asked) * 1e6


def _matches(index: RouteIndex[int], ask: Callable[[int, int], Query], size: int) -> dict[str, float]:
    step = 7919
    rounds: dict[str, list[float]] = {"match_us": [], "again_us": [], "nothing_us": []}
    for turn in range(_ROUNDS):
        asked = [ask(number * step % size, turn * _ASKED + number) for number in range(_ASKED)]
        rounds["match_us"].append(_each(index, asked))
        rounds["again_us"].append(_each(index, asked))
        nobody = [_query(f"nobody{number}.test", f"/none/{turn}") for number in range(_ASKED)]
        rounds["nothing_us"].append(_each(index, nobody))
    return {name: round(statistics.median(each), 2) for name, each in rounds.items()}


def _edits(index: RouteIndex[int], make: Callable[[int], dict[str, Any]], size: int) -> dict[str, float]:
    taken = []
    for number in range(size, size + _EDITS):
        route = _route(number, make(number))
        start = time.thread_time()
        index.edit((), ((route, number),))
        taken.append(time.thread_time() - start)
        index.edit((route["id"],), ())
    return {"edit_us": round(statistics.median(taken) * 1e6, 1), "edit_worst_us": round(max(taken) * 1e6, 1)}


def _shape(flavor: Flavor, make: Callable[[int], dict[str, Any]], ask: Callable[[int, int], Query]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for size in _SIZES:
        index: RouteIndex[int] = RouteIndex(flavor)
        start = time.thread_time()
        for number in range(size):
            index.add(_route(number, make(number)), number)
        built = time.thread_time() - start
        gc.freeze()
        figures[str(size)] = {
            "build_us_per_route": round(built / size * 1e6, 1),
            **_matches(index, ask, size),
            **_edits(index, make, size),
        }
        gc.unfreeze()
    least = figures[str(_SIZES[0])]
    for size in _SIZES[1:]:
        figures[str(size)]["ratio"] = round(figures[str(size)]["match_us"] / least["match_us"], 2)
    return figures


def measured(*, smoke: bool = False) -> dict[str, Any]:
    """Figures by shape and size; ``smoke`` measures one shape only."""
    shapes = {"prefix": _SHAPES["prefix"]} if smoke else _SHAPES
    return {name: _shape(*shape) for name, shape in shapes.items()}
