"""The settings ``headers`` and ``headers_upstream``: which headers the gateway adds (proxy.md 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SERVER_TOKENS = "server_tokens"
LATENCY_TOKENS = "latency_tokens"

SERVER = "Server"
VIA = "Via"
PROXY_LATENCY = "X-Kong-Proxy-Latency"
RESPONSE_LATENCY = "X-Kong-Response-Latency"
ADMIN_LATENCY = "X-Kong-Admin-Latency"
UPSTREAM_LATENCY = "X-Kong-Upstream-Latency"
UPSTREAM_STATUS = "X-Kong-Upstream-Status"
REQUEST_ID = "X-Kong-Request-Id"

_TOKENS: Mapping[str, tuple[str, ...]] = {
    SERVER_TOKENS: (SERVER, VIA),
    LATENCY_TOKENS: (PROXY_LATENCY, RESPONSE_LATENCY, ADMIN_LATENCY, UPSTREAM_LATENCY),
}
_SINGLE = {name.lower(): name for names in _TOKENS.values() for name in names} | {
    name.lower(): name for name in (UPSTREAM_STATUS, REQUEST_ID)
}


def response_headers(words: Sequence[str]) -> frozenset[str]:
    """The headers that ``words`` of the setting ``headers`` switch on; ``off`` counts only as the first word."""
    if words and words[0] == "off":
        return frozenset()
    chosen: set[str] = set()
    for word in words:
        chosen.update(_TOKENS.get(word.lower(), ()))
        if word.lower() in _SINGLE:
            chosen.add(_SINGLE[word.lower()])
    return frozenset(chosen)


def upstream_headers(words: Sequence[str]) -> frozenset[str]:
    """The headers that ``words`` of the setting ``headers_upstream`` switch on."""
    if words and words[0] == "off":
        return frozenset()
    return frozenset({REQUEST_ID} if any(word.lower() == REQUEST_ID.lower() for word in words) else ())


def unknown_words(words: Sequence[str], *, upstream: bool = False) -> list[str]:
    """Those of ``words`` that mean nothing."""
    known = {"off", REQUEST_ID.lower()} if upstream else {"off", *_TOKENS, *_SINGLE}
    return [word for word in words if word.lower() not in known]


def enabled_headers(words: Sequence[str]) -> dict[str, bool]:
    """Every header and token with whether it is on, as the Admin API shows it."""
    chosen = response_headers(words)
    shown = {name: name in chosen for name in _SINGLE.values()}
    shown.update({token: all(name in chosen for name in names) for token, names in _TOKENS.items()})
    return shown
