"""A router that asks every route in turn: the reference's rules (proxy.md 1.3–1.5) written down once more, plainly."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from gwctl.engine.router.compiling import Flavor
from gwctl.engine.router.query import Query
from gwctl.expressions import compile_expression
from gwctl.expressions.fields import segments

_SPLIT = uuid.UUID("7f145bf9-0dce-4f91-98eb-debbce4b9f6b")
_MASK = {"hosts": 0x40, "headers": 0x20, "paths": 0x10, "methods": 0x08, "snis": 0x04}


@dataclass(frozen=True)
class Answer:
    rank: tuple[Any, ...]
    name: str
    matched: str | None


def search(routes: Iterable[dict[str, Any]], asked: Query, flavor: Flavor) -> Answer | None:
    """The answer of greatest rank."""
    found = [answer for route in routes for answer in answers(route, asked, flavor)]
    return max(found, key=lambda answer: answer.rank, default=None)


def answers(route: dict[str, Any], asked: Query, flavor: Flavor) -> Iterator[Answer]:
    if not ({"https"} & set(route["protocols"]) or not asked.https):
        return
    if flavor == "expressions" and route.get("expression"):
        if compile_expression(route["expression"]).matches(lambda name: looked_up(asked, name)):
            yield Answer((1, route.get("priority") or 0, uuid.UUID(route["id"]).int), route["name"], None)
        return
    port = asked.port if asked.port is not None else asked.arrival.port
    if flavor == "traditional" and asked.port is None:
        port = 443 if asked.https else 80
    hosts = [host for host in route.get("hosts") or () if host_fits(host, asked.host, port)]
    if route.get("hosts") and not hosts:
        return
    if route.get("methods") and asked.head.method.decode() not in route["methods"]:
        return
    if not all(header_fits(name, values, asked) for name, values in (route.get("headers") or {}).items()):
        return
    snis = [name.rstrip(".") for name in route.get("snis") or ()]
    if asked.https and snis and not any(wild(name, (asked.arrival.sni or "").lower()) for name in snis):
        return
    explicit = any(re.search(r":\d+$", host) for host in hosts)
    for number, path in enumerate(route.get("paths") or (None,)):
        matched = path_match(path, asked.path)
        if matched is None and path is not None:
            continue
        old = flavor == "traditional"
        rank = traditional(route, path, asked.https, explicit) if old else compatible(route, path)
        yield Answer((0, *rank, -number), route["name"], matched)


def traditional(route: dict[str, Any], path: str | None, https: bool, explicit: bool) -> tuple[Any, ...]:
    mask = sum(bit for name, bit in _MASK.items() if route.get(name) and (https or name != "snis"))
    hosts = route.get("hosts") or ()
    wilds = [host for host in hosts if "*" in host]
    regex = path is not None and path.startswith("~")
    weight = 4 * any(re.search(r":\d+$", host) for host in wilds) + 2 * bool(hosts and not wilds) + regex
    return (
        mask.bit_count(),
        mask,
        weight,
        len(route.get("headers") or ()),
        (route.get("regex_priority") or 0) if regex else 0,
        len(path or "") if not regex else 0,
        https or not route.get("snis"),
        explicit,
        -(route.get("created_at") or 0),
        uuid.UUID(route["id"]).int,
    )


def compatible(route: dict[str, Any], path: str | None) -> tuple[Any, ...]:
    hosts, regex = route.get("hosts") or (), path is not None and path.startswith("~")
    groups: list[Any] = []
    for each in route.get("paths") or ():
        group = "~" if each.startswith("~") else len(each)
        if group not in groups:
            groups.append(group)
    identity = uuid.UUID(route["id"])
    if len(groups) > 1 and path is not None:
        identity = uuid.uuid5(_SPLIT, f"{route['id']}#{groups.index('~' if regex else len(path)) + 1}")
    return (
        sum(bool(route.get(name)) for name in _MASK),
        bool(hosts) and not any("*" in host for host in hosts),
        len(route.get("headers") or ()),
        regex,
        (route.get("regex_priority") or 0) if regex else 0,
        len(path or "") if not regex else 0,
        identity.int,
    )


def wild(pattern: str, name: str) -> bool:
    if pattern.startswith("*"):
        return len(name) > len(pattern) - 1 and name.endswith(pattern[1:])
    if pattern.endswith("*"):
        return len(name) > len(pattern) - 1 and name.startswith(pattern[:-1])
    return name == pattern


def host_fits(pattern: str, host: str, port: int) -> bool:
    name, colon, wanted = pattern.lower().rpartition(":")
    if not colon:
        name, wanted = pattern.lower(), ""
    return wild(name, host) and (not wanted or int(wanted) == port)


def header_fits(name: str, values: Sequence[str], asked: Query) -> bool:
    sent = [value.decode().lower() for low, _, value in asked.head.fields if low == name.lower().encode()]
    if len(values) == 1 and values[0].startswith("~*"):
        return any(re.search(values[0][2:], value, re.IGNORECASE) for value in sent)
    return any(value.lower() in sent for value in values)


def path_match(rule: str | None, path: str) -> str | None:
    if rule is None:
        return None
    if not rule.startswith("~"):
        return rule if path.startswith(rule) else None
    found = re.match(rule[1:], path)
    return None if found is None else found.group()


def looked_up(asked: Query, name: str) -> Sequence[Any]:
    if name.startswith("http.headers."):
        wanted = name.removeprefix("http.headers.")
        return [value.decode() for low, _, value in asked.head.fields if low.decode().replace("-", "_") == wanted]
    if name.startswith("http.queries."):
        pairs = parse_qsl(asked.head.path.decode().partition("?")[2], keep_blank_values=True)
        return [value for key, value in pairs if key == name.removeprefix("http.queries.")]
    parts = asked.path.rstrip("/").split("/")[1:]
    if name == "http.path.segments.len":
        return [len(parts)]
    if name.startswith("http.path.segments."):
        first, last = segments(name) or (1, 0)
        return ["/".join(parts[first : last + 1])] if first <= last < len(parts) else []
    plain = {
        "net.protocol": "https" if asked.https else "http",
        "tls.sni": asked.arrival.sni,
        "http.method": asked.head.method.decode(),
        "http.host": asked.host,
        "http.path": asked.path,
        "net.src.ip": ip_address(asked.client),
        "net.src.port": asked.arrival.peer_port,
        "net.dst.ip": ip_address(asked.arrival.local),
        "net.dst.port": asked.arrival.port if asked.port is None else asked.port,
    }[name]
    return [] if plain is None else [plain]
