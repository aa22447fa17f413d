"""The order of routes (proxy.md 1.4): a 64-bit priority per matcher, ties broken by the greatest UUID."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

_SPLIT = uuid.UUID("7f145bf9-0dce-4f91-98eb-debbce4b9f6b")
_FIELDS = ("sources", "destinations", "methods", "hosts", "headers", "snis", "paths")
_MOST_HEADERS = 255
_REGEX_PRIORITIES = (1 << 32) - 1
_LENGTHS = (1 << 19) - 1


def is_regex(path: str) -> bool:
    return path.startswith("~")


def path_groups(paths: Sequence[str]) -> list[list[str]]:
    """Paths that share a matcher: regular expressions together, plain ones by length in bytes; as they appear."""
    groups: dict[int, list[str]] = {}
    for path in paths:
        groups.setdefault(0 if is_regex(path) else len(path.encode()), []).append(path)
    return list(groups.values())


def group_uuid(route_id: str, groups: int, position: int) -> uuid.UUID:
    """The identity of the matcher for group ``position`` (from 0); a route that was not split keeps its own."""
    if groups <= 1:
        return uuid.UUID(route_id)
    return uuid.uuid5(_SPLIT, f"{route_id}#{position + 1}")


def priority(route: Mapping[str, Any], group: Sequence[str]) -> int:
    """The priority of ``route`` for one group of its paths."""
    hosts, headers = route.get("hosts") or (), route.get("headers") or {}
    value = min(sum(bool(route.get(name)) for name in _FIELDS), 7) << 61
    if hosts and not any("*" in host for host in hosts):
        value |= 1 << 60
    value |= min(len(headers), _MOST_HEADERS) << 52
    if group and is_regex(group[0]):
        value |= 1 << 51
        value |= (int(route.get("regex_priority") or 0) & _REGEX_PRIORITIES) << 19
    elif group:
        value |= len(group[0].encode()) & _LENGTHS
    return value


def rank(route: Mapping[str, Any], group: Sequence[str], identity: uuid.UUID) -> int:
    """One number to compare matchers by: the greater wins."""
    return priority(route, group) << 128 | identity.int
