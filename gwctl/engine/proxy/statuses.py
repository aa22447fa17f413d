"""What the gateway says with each status of its own errors: message, reason phrase, gRPC status (proxy.md 4.3)."""

from __future__ import annotations

import http
import re
from types import MappingProxyType

MESSAGES = MappingProxyType(
    {
        400: "Bad request",
        401: "Unauthorized",
        402: "Payment required",
        403: "Forbidden",
        404: "Not found",
        405: "Method not allowed",
        406: "Not acceptable",
        407: "Proxy authentication required",
        408: "Request timeout",
        409: "Conflict",
        410: "Gone",
        411: "Length required",
        412: "Precondition failed",
        413: "Payload too large",
        414: "URI too long",
        415: "Unsupported media type",
        416: "Range not satisfiable",
        417: "Expectation failed",
        418: "I'm a teapot",
        421: "Misdirected request",
        422: "Unprocessable entity",
        423: "Locked",
        424: "Failed dependency",
        425: "Too early",
        426: "Upgrade required",
        428: "Precondition required",
        429: "Too many requests",
        431: "Request header fields too large",
        451: "Unavailable for legal reasons",
        494: "Request header or cookie too large",
        497: "The plain HTTP request was sent to HTTPS port",
        500: "An unexpected error occurred",
        501: "Not implemented",
        502: "An invalid response was received from the upstream server",
        503: "The upstream server is currently unavailable",
        504: "The upstream server is timing out",
        505: "HTTP version not supported",
        506: "Variant also negotiates",
        507: "Insufficient storage",
        508: "Loop detected",
        510: "Not extended",
        511: "Network authentication required",
    }
)

# what nginx writes on the status line; it knows no phrase for the others that we send
_REASONS = MappingProxyType(
    {
        302: b"Moved Temporarily",
        405: b"Not Allowed",
        413: b"Request Entity Too Large",
        414: b"Request-URI Too Large",
        426: b"",
        503: b"Service Temporarily Unavailable",
        504: b"Gateway Time-out",
    }
)

_GRPC = MappingProxyType(
    {
        200: 0,
        400: 3,
        401: 16,
        403: 7,
        404: 5,
        409: 6,
        429: 8,
        499: 1,
        500: 13,
        501: 12,
        503: 14,
        504: 4,
    }
)
_GRPC_CLASSES = MappingProxyType({2: 0, 4: 3, 5: 13})
_GRPC_UNKNOWN = 2
_GRPC_TEXTS = (
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
)
_NOT_PRINTABLE = re.compile(rb"[^\x20-\x24\x26-\x7e]")


def message_of(status: int) -> str:
    """What an error with ``status`` says when nobody gave it a text."""
    return MESSAGES.get(status, f"The upstream server responded with {status}")


def reason(status: int) -> bytes:
    """The reason phrase for ``status``."""
    known = _REASONS.get(status)
    if known is not None:
        return known
    try:
        return http.HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def grpc_status(status: int) -> int:
    """The gRPC status that stands for an HTTP ``status``."""
    known = _GRPC.get(status)
    return _GRPC_CLASSES.get(status // 100, _GRPC_UNKNOWN) if known is None else known


def grpc_fields(status: int, message: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """The fields that tell a gRPC client of an HTTP ``status``; bytes that are not printable become triplets."""
    code = grpc_status(status)
    text = (_GRPC_TEXTS[code] if message is None else message).encode(errors="replace")
    shown = _NOT_PRINTABLE.sub(lambda found: b"%%%02X" % found[0][0], text)
    return (b"grpc-status", b"%d" % code), (b"grpc-message", shown)
