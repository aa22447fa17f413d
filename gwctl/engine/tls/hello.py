"""The server name in the first message of a TLS client (RFC 8446 section 4.1.2, RFC 6066 section 3). Sans-IO."""

from __future__ import annotations

import enum

HANDSHAKE = 0x16
MOST_BYTES = 64 * 1024
"""A hello that has not ended after so many bytes is left to OpenSSL, which refuses it."""

_RECORD_HEAD = 5
_MESSAGE_HEAD = 4
_CLIENT_HELLO = 1
_SERVER_NAME = 0
_HOST_NAME = 0
_BEFORE_SESSION = 2 + 32


class Hello(enum.Enum):
    """INCOMPLETE: more bytes are needed to say."""

    INCOMPLETE = enum.auto()


def server_name(data: bytes) -> bytes | Hello | None:
    """The name that a client asks for at the beginning of ``data``; None when it names nobody or is not understood."""
    message = _message(data)
    if message is None:
        return Hello.INCOMPLETE if len(data) < MOST_BYTES else None
    try:
        return _name(message)
    except IndexError:
        return None


def _message(data: bytes) -> bytes | None:
    """The first handshake message, put together from its records; what is there when it is no such thing."""
    parts: list[bytes] = []
    at = size = 0
    wanted = -1
    while True:
        if len(data) < at + _RECORD_HEAD:
            return None
        if data[at] != HANDSHAKE:
            return b"".join(parts)
        end = at + _RECORD_HEAD + int.from_bytes(data[at + 3 : at + 5], "big")
        if len(data) < end:
            return None
        parts.append(data[at + _RECORD_HEAD : end])
        size += end - at - _RECORD_HEAD
        at = end
        if wanted < 0 and size >= _MESSAGE_HEAD:
            wanted = _MESSAGE_HEAD + int.from_bytes(b"".join(parts)[1:4], "big")
        if 0 <= wanted <= size:
            return b"".join(parts)


def _name(message: bytes) -> bytes | None:
    if message[0] != _CLIENT_HELLO:
        return None
    at = _MESSAGE_HEAD + _BEFORE_SESSION
    at += 1 + message[at]
    at += 2 + _number(message, at)
    at += 1 + message[at]
    end = at + 2 + _number(message, at)
    at += 2
    while at + 4 <= end:
        kind, size = _number(message, at), _number(message, at + 2)
        at += 4
        if kind == _SERVER_NAME:
            return _host(message[at : at + size])
        at += size
    return None


def _host(extension: bytes) -> bytes | None:
    if extension[2] != _HOST_NAME:
        return None
    size = _number(extension, 3)
    name = extension[5 : 5 + size]
    return name if len(name) == size else None


def _number(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]
