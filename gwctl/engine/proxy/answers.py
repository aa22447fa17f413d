"""Answers that the gateway makes itself, and the content type of their bodies (proxy.md 4, observed.md 4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from gwctl.engine.proxy.error_bodies import GRPC, HTML, JSON, PLAIN, XML
from gwctl.engine.proxy.statuses import message_of

_QUALITY = re.compile(rb"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)

_TYPES = MappingProxyType(
    {
        b"application/json": JSON,
        b"application/*": JSON,
        b"*/*": JSON,
        b"text/*": PLAIN,
        b"text/plain": PLAIN,
        b"text/html": HTML,
        b"application/xml": XML,
    }
)
_GRPC = b"application/grpc"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the gateway itself.

    ``core`` answers come from the HTTP layer: they take the configured type when the client accepts nothing in
    particular; ``kind`` forces a type. A ``message`` of None means an empty body. ``close`` ends the client connection.
    ``proxied`` marks failures behind a chosen peer, which show other headers.
    """

    status: int
    message: str | None
    fields: tuple[tuple[bytes, bytes], ...] = ()
    core: bool = False
    kind: str | None = None
    close: bool = False
    proxied: bool = False


def core_answer(status: int, *, kind: str | None = None, close: bool = False, proxied: bool = False) -> Answer:
    """The HTTP layer's own answer with ``status``; 494 and 497 are sent as 400 (proxy.md 4.3)."""
    message = message_of(status)
    sent = 400 if status in (494, 497) else status
    return Answer(sent, message, core=True, kind=kind, close=close, proxied=proxied)


def choose_type(accept: bytes | None, default: str) -> str:
    """The type for an error body from an Accept field: highest quality first, first of equals; JSON for the unknown,
    and when nothing is acceptable."""
    if not accept or not accept.strip():
        return default
    best, best_quality = JSON, 0.0
    for item in accept.split(b","):
        name, *parameters = item.split(b";")
        quality = 1.0
        for parameter in parameters:
            match = _QUALITY.fullmatch(parameter)
            if match is not None:
                quality = float(match[1])
        if quality > best_quality:
            best, best_quality = _type(name.strip().lower()), quality
    return best


def _type(name: bytes) -> str:
    return GRPC if name.startswith(_GRPC) else _TYPES.get(name, JSON)
