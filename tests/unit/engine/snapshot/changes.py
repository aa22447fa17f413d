"""Small configurations that change at random, and what can be seen of a snapshot from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from gwctl.engine.router.query import Query
from gwctl.engine.snapshot import Snapshot
from tests.integration.engine.records import Record, plugin, route, service, target, upstream
from tests.tools.routing import query

Records = dict[str, list[Record]]

_SERVICES = ("one", "two", "three")
_UPSTREAMS = ("pool", "other.test")
_ROUTES = tuple(f"r{number}" for number in range(6))
_PATHS = ("/", "/a", "/a/b", "~/x/[0-9]+$", "~/(broken", "/c")
_HOSTS = (None, ["h.test"], ["*.h.test"], ["h.*"])
_ADDRESSES = ("10.0.0.1:80", "10.0.0.2:81", "name.test:82")

_index = st.integers(0, 5)

CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["service", "route", "upstream", "target", "plugin", "rename", "delete", "delete"]),
        _index,
        _index,
        _index,
    ),
    min_size=1,
    max_size=6,
)
"""What one version changes; ``changed`` carries it out."""


def changed(records: Records, changes: list[tuple[str, int, int, int]]) -> Records:
    """A copy of ``records`` after ``changes``; every foreign key in it leads somewhere."""
    after = deepcopy(records)
    for kind, one, two, three in changes:
        _CHANGE[kind](after, one, two, three)
    return after


def _put(records: Records, entity: str, record: Record) -> None:
    kept = [each for each in records.get(entity, []) if each["id"] != record["id"]]
    records[entity] = [*kept, record]


def _any(records: Records, entity: str, number: int) -> Record | None:
    found = records.get(entity, [])
    return found[number % len(found)] if found else None


def _service(records: Records, one: int, two: int, three: int) -> None:
    host = ("127.0.0.1", *_UPSTREAMS)[two % 3]
    values = [{}, {"enabled": False}, {"path": "/base"}, {"protocol": "https"}, {"protocol": "tcp"}, {"retries": 1}]
    made = service(_SERVICES[one % 3], host, 80 + three, **values[three])
    _put(records, "services", made)


def _route(records: Records, one: int, two: int, three: int) -> None:
    to = None if two == 0 else _any(records, "services", two)
    values: Record = {"paths": [_PATHS[three]], "hosts": _HOSTS[two % 4], "strip_path": bool(one % 2)}
    if two == 5:
        values |= {"protocols": ["https"], "headers": {"x-kind": [f"v{three}"]}}
    _put(records, "routes", route(_ROUTES[one], to, **values))


def _upstream(records: Records, one: int, two: int, three: int) -> None:
    made = upstream(_UPSTREAMS[one % 2], host_header=("h.test", None)[two % 2])
    if all(each["name"] != made["name"] or each["id"] == made["id"] for each in records.get("upstreams", [])):
        _put(records, "upstreams", made)


def _rename(records: Records, one: int, two: int, three: int) -> None:
    """Upstreams exchange their names, or one takes a free name."""
    found = records.get("upstreams", [])
    if len(found) == 2 and two % 2:
        found[0]["name"], found[1]["name"] = found[1]["name"], found[0]["name"]
    elif found:
        free = set(_UPSTREAMS) - {each["name"] for each in found}
        found[0]["name"] = free.pop() if free else found[0]["name"]


def _target(records: Records, one: int, two: int, three: int) -> None:
    of = _any(records, "upstreams", one)
    if of is not None:
        made = target(of, _ADDRESSES[two % 3], (0, 10, 100)[three % 3])
        moved = [each for each in records.get("targets", []) if each["target"] == made["target"]]
        _put(records, "targets", {**made, "id": moved[0]["id"]} if moved and three > 3 else made)


def _plugin(records: Records, one: int, two: int, three: int) -> None:
    made = plugin(("key-auth", "acl")[one % 2], config={"number": two})
    to_service, to_route = _any(records, "services", three), _any(records, "routes", one)
    scope: Record = {}
    if two % 3 == 1 and to_service is not None:
        scope["service"] = {"id": to_service["id"]}
    if two % 3 == 2 and to_route is not None:
        scope["route"] = {"id": to_route["id"]}
    _put(records, "plugins", made | scope | {"enabled": three != 5})


def _delete(records: Records, one: int, two: int, three: int) -> None:
    entity = ("routes", "services", "upstreams", "targets", "plugins", "routes")[one]
    gone = _any(records, entity, two)
    if gone is not None:
        records[entity].remove(gone)
        _cascade(records, gone["id"])


def _cascade(records: Records, parent: str) -> None:
    for children in records.values():
        for child in [each for each in children if {"id": parent} in each.values()]:
            children.remove(child)
            _cascade(records, child["id"])


_CHANGE = {
    "service": _service,
    "route": _route,
    "upstream": _upstream,
    "rename": _rename,
    "target": _target,
    "plugin": _plugin,
    "delete": _delete,
}


def queries() -> Iterator[Query]:
    for path in ("/", "/a/b", "/a/bc", "/x/1", "/c"):
        for host in ("h.test", "sub.h.test", "h.other"):
            for kind in (None, "v3"):
                for https in (False, True):
                    yield query(path, host=host, https=https, headers=[("X-Kind", kind)] if kind else [])


class NotedBalancers:
    """Balancers that only note what they are told; a source is what it is asked for by."""

    def __init__(self) -> None:
        self.told: dict[str, tuple[Record, list[Record]]] = {}
        self.updates = 0

    def upstream(self, upstream_id: str) -> Any:
        return "upstream", upstream_id

    def host(self, host: str, port: int) -> Any:
        return "host", host, port

    def update(self, record: Record, targets: Sequence[Record]) -> None:
        self.told[record["id"]] = record, sorted(targets, key=lambda each: str(each["id"]))
        self.updates += 1

    def remove(self, upstream_id: str) -> None:
        del self.told[upstream_id]


def seen(snapshot: Snapshot, balancers: NotedBalancers) -> list[object]:
    """Everything that the requests of ``queries`` get from a snapshot."""
    answers: list[object] = []
    for asked in queries():
        found = snapshot.routes.match(asked)
        if found is None:
            answers.append(None)
            continue
        plan = found.target
        own = [getattr(plan, each.name) for each in fields(plan) if each.name not in ("cell", "own_missing")]
        answers.append((own, plan.missing, plan.service))
    return [*answers, balancers.told]
