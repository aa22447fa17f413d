"""The order of routes (proxy.md 1.3–1.5): one number per matcher, the greater wins."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from gwctl.engine.router.rules import is_regex

_SPLIT = uuid.UUID("7f145bf9-0dce-4f91-98eb-debbce4b9f6b")
_FIELDS = ("sources", "destinations", "methods", "hosts", "headers", "snis", "paths")
_MOST_HEADERS = 255
_LENGTHS = (1 << 19) - 1
_REGEX_MIDDLE = 1 << 31
_REGEX_MOST = (1 << 32) - 1

_CATEGORY = (
    ("hosts", 0x40),
    ("headers", 0x20),
    ("paths", 0x10),
    ("methods", 0x08),
    ("snis", 0x04),
    ("sources", 0x02),
    ("destinations", 0x01),
)
_WILD_WITH_PORT, _PLAIN_HOSTS, _REGEX = 4, 2, 1
_OLDEST = (1 << 64) - 1
EXPLICIT_PORT = 1 << 192
"""What a host with a port adds to a rank of the flavor ``traditional``: of two equal ones it is asked first."""


def path_groups(paths: Sequence[str]) -> list[list[str]]:
    """Paths that share a matcher: regular expressions together, plain ones by length in bytes; as they appear."""
    groups: dict[int, list[str]] = {}
    for path in paths:
        groups.setdefault(0 if is_regex(path) else len(path.encode()), []).append(path)
    return list(groups.values())


def group_uuid(route_id: str, groups: int, position: int) -> int:
    """The identity of the matcher for group ``position`` (from 0); a route that was not split keeps its own."""
    if groups <= 1:
        return uuid_number(route_id)
    return uuid.uuid5(_SPLIT, f"{route_id}#{position + 1}").int


def uuid_number(text: str) -> int:
    """A UUID as a number. Raises ValueError."""
    return int(text.replace("-", ""), 16)


def regex_rank(route: Mapping[str, Any]) -> int:
    """``regex_priority`` in 32 bits whose order is that of the signed numbers."""
    return min(max(int(route.get("regex_priority") or 0) + _REGEX_MIDDLE, 0), _REGEX_MOST)


def priority(route: Mapping[str, Any], group: Sequence[str]) -> int:
    """The priority of ``route`` for one group of its paths, in the flavor ``traditional_compatible``."""
    hosts, headers = route.get("hosts") or (), route.get("headers") or {}
    value = min(sum(bool(route.get(name)) for name in _FIELDS), 7) << 61
    if hosts and not any("*" in host for host in hosts):
        value |= 1 << 60
    value |= min(len(headers), _MOST_HEADERS) << 52
    if group and is_regex(group[0]):
        value |= 1 << 51
        value |= regex_rank(route) << 19
    elif group:
        value |= min(len(group[0].encode()), _LENGTHS)
    return value


def compatible_rank(route: Mapping[str, Any], group: Sequence[str], identity: int) -> int:
    """Flavor ``traditional_compatible``: ties go to the greatest UUID."""
    return priority(route, group) << 128 | identity


def expression_rank(route: Mapping[str, Any]) -> int:
    """A route with an expression: above all others, by its own priority."""
    return 1 << 192 | int(route.get("priority") or 0) << 128 | uuid_number(route["id"])


def traditional_rank(route: Mapping[str, Any], path: str | None, *, sni: bool) -> int:
    """Flavor ``traditional``, one path: category, then submatch weight, headers, regex priority, length, age.

    ``sni``: whether the server names count, which they do over TLS only.
    """
    mask = sum(bit for name, bit in _CATEGORY if route.get(name) and (sni or name != "snis"))
    hosts = route.get("hosts") or ()
    regex = path is not None and is_regex(path)
    wild = [host for host in hosts if "*" in host]
    weight = _REGEX * regex + _PLAIN_HOSTS * bool(hosts and not wild)
    if any(host.rpartition(":")[2].isdigit() for host in wild):
        weight |= _WILD_WITH_PORT
    value = mask.bit_count() << 7 | mask
    value = value << 3 | weight
    value = value << 16 | min(len(route.get("headers") or ()), 0xFFFF)
    value = value << 32 | (regex_rank(route) if regex else 0)
    value = value << 20 | (len(path.encode()) if path and not regex else 0)
    value = value << 1 | (sni or not route.get("snis"))
    # the bit of EXPLICIT_PORT comes here, behind it age and, to be certain, the identity
    created = int(float(route.get("created_at") or 0) * 1000)
    return value << 193 | max(_OLDEST - created, 0) << 128 | uuid_number(route["id"])
