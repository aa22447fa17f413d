"""Answers that the gateway makes itself, and their bodies by content type (proxy.md 4, observed.md 4.3)."""

from __future__ import annotations

import http
import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape

_QUALITY = re.compile(rb"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)

JSON, PLAIN, HTML, XML, GRPC = "application/json", "text/plain", "text/html", "application/xml", "application/grpc"
_TYPES = MappingProxyType(
    {
        b"application/json": JSON,
        b"application/*": JSON,
        b"*/*": JSON,
        b"text/*": PLAIN,
        b"text/plain": PLAIN,
        b"text/html": HTML,
        b"application/xml": XML,
        b"application/grpc": GRPC,
    }
)

MESSAGES = MappingProxyType(
    {
        400: "Bad request",
        404: "Not found",
        405: "Method not allowed",
        408: "Request timeout",
        411: "Length required",
        412: "Precondition failed",
        413: "Payload too large",
        414: "URI too long",
        417: "Expectation failed",
        431: "Request header fields too large",
        494: "Request header or cookie too large",
        497: "The plain HTTP request was sent to HTTPS port",
        500: "An unexpected error occurred",
        501: "Not implemented",
        502: "An invalid response was received from the upstream server",
        503: "The upstream server is currently unavailable",
        504: "The upstream server is timing out",
        505: "HTTP version not supported",
    }
)
# what nginx writes on the status line; it knows no phrase for the others that we send
_REASONS = MappingProxyType(
    {
        413: b"Request Entity Too Large",
        414: b"Request-URI Too Large",
        426: b"",
        503: b"Service Temporarily Unavailable",
        504: b"Gateway Time-out",
        302: b"Moved Temporarily",
        405: b"Not Allowed",
    }
)


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
    message = MESSAGES.get(status, f"The upstream server responded with {status}")
    sent = 400 if status in (494, 497) else status
    return Answer(sent, message, core=True, kind=kind, close=close, proxied=proxied)


def reason(status: int) -> bytes:
    """The reason phrase for ``status``."""
    known = _REASONS.get(status)
    if known is not None:
        return known
    try:
        return http.HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def choose_type(accept: bytes | None, default: str) -> str:
    """The type for an error body from an Accept field: highest quality first, first of equals; JSON for the unknown."""
    if not accept or not accept.strip():
        return default
    best, best_quality = JSON, -1.0
    for item in accept.split(b","):
        name, *parameters = item.split(b";")
        quality = 1.0
        for parameter in parameters:
            match = _QUALITY.fullmatch(parameter)
            if match is not None:
                quality = float(match[1])
        if quality > best_quality:
            best, best_quality = _TYPES.get(name.strip().lower(), JSON), quality
    return best


def render(kind: str, message: str, request_id: str) -> tuple[bytes, bytes]:
    """Content-Type and body of an error in ``kind``."""
    if kind == JSON:
        text = json.dumps(message, ensure_ascii=False)
        return (
            b"application/json; charset=utf-8",
            f'{{\n  "message":{text},\n  "request_id":"{request_id}"\n}}'.encode(),
        )
    if kind == XML:
        return b"application/xml; charset=utf-8", _XML.format(message=escape(message), request_id=request_id).encode()
    if kind == HTML:
        return b"text/html; charset=utf-8", _HTML.format(message=escape(message), request_id=request_id).encode()
    if kind == GRPC:
        return b"application/grpc", b""
    return b"text/plain; charset=utf-8", f"{message}\nrequest_id: {request_id}\n".encode()


_XML = """<?xml version="1.0" encoding="UTF-8"?>
<error>
  <message>{message}</message>
  <requestid>{request_id}</requestid>
</error>
"""

_HTML = """<!doctype html>
<html>
  <head>
    <meta charset="utf-8">
    <title>Error</title>
  </head>
  <body>
    <h1>Error</h1>
    <p>{message}.</p>
    <p>request_id: {request_id}</p>
  </body>
</html>
"""
