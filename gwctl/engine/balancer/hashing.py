"""What consistent hashing hashes (proxy.md 6.5)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from gwctl.engine.balancer.ports import Ask


@dataclass(frozen=True, slots=True)
class Input:
    """One source of a value: ``name`` of the header, cookie, argument or capture; ``path`` of a cookie."""

    kind: str
    name: str = ""
    path: str = "/"

    def of(self, ask: Ask) -> str | None:
        """The value in this request, None (never empty) when there is none."""
        return _READERS[self.kind](ask, self) or None


def _cookie(ask: Ask, source: Input) -> str | None:
    value = ask.cookie(source.name)
    if value is None:
        value = str(uuid.uuid4())
        ask.set_cookie(source.name, value, source.path)
    return value


def _query(ask: Ask, source: Input) -> str | None:
    values = sorted("true" if value is None else value for value in ask.query_values(source.name))
    return ",".join(values) if values else None


_READERS: Mapping[str, Callable[[Ask, Input], str | None]] = MappingProxyType(
    {
        "none": lambda ask, source: None,
        "consumer": lambda ask, source: ask.identity,
        "ip": lambda ask, source: ask.client_ip,
        "header": lambda ask, source: ask.header(source.name),
        "cookie": _cookie,
        "path": lambda ask, source: plain_path(ask.raw_path),
        "query_arg": _query,
        "uri_capture": lambda ask, source: ask.capture(source.name),
    }
)


def plain_path(raw: str) -> str:
    """A path decoded, without repeated slashes and dot segments: equal for all spellings of one path."""
    segments: list[str] = []
    parts = unquote(raw, errors="surrogateescape").split("/")
    for part in parts:
        if part == "..":
            del segments[-1:]
        elif part not in ("", "."):
            segments.append(part)
    end = "/" if segments and parts[-1] in ("", ".", "..") else ""
    return f"/{'/'.join(segments)}{end}"


@dataclass(frozen=True, slots=True)
class HashRule:
    """The value of a request: the primary input, without it the fallback, without both always the same one."""

    primary: Input
    fallback: Input

    def value(self, ask: Ask) -> str:
        return self.primary.of(ask) or self.fallback.of(ask) or ""


def hash_rule(record: Mapping[str, Any]) -> HashRule:
    """The rule of an upstream's record."""
    cookie, path = record.get("hash_on_cookie") or "", record.get("hash_on_cookie_path") or "/"

    def read(field: str) -> Input:
        kind = record.get(field) or "none"
        name = cookie if kind == "cookie" else record.get(f"{field}_{kind}") or ""
        return Input(kind, name, path)

    return HashRule(read("hash_on"), read("hash_fallback"))
