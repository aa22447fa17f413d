"""The PROXY protocol, versions 1 and 2, as a load balancer in front of us speaks it (proxy.md 11.7)."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass

_SIGNATURE_1 = b"PROXY "
_SIGNATURE_2 = b"\r\n\r\n\0\r\nQUIT\n"
_MOST_1 = 107
_HEAD_2 = 16
MOST_BYTES = 4096
"""The longest header that is read; one of version 2 may carry extensions (TLVs)."""

_LINE = re.compile(
    rb"PROXY (TCP4|TCP6) ([0-9.]{7,15}|[0-9A-Fa-f:.]{2,45}) ([0-9.]{7,15}|[0-9A-Fa-f:.]{2,45}) "
    rb"(0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})"
)
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [\x20-\x7e]*)?")
_LOCAL, _PROXY = 0x20, 0x21
_STREAM = 1
# address family: bytes of one address, bytes of the whole address block
_FAMILIES = {0: (0, 0), 1: (4, 12), 2: (16, 36), 3: (0, 216)}


class BadPreamble(Exception):
    """The connection does not begin with a sound PROXY header; the message says why."""


@dataclass(frozen=True, slots=True)
class Announced:
    """Who the balancer says is connected to which of its addresses."""

    source: str
    source_port: int
    destination: str
    destination_port: int


@dataclass(frozen=True, slots=True)
class Preamble:
    """A header of ``size`` bytes; ``announced`` is None when the balancer speaks for itself or names no IP address."""

    size: int
    announced: Announced | None


def parse_preamble(data: bytes) -> Preamble | None:
    """The PROXY header at the front of ``data``, None while it is incomplete. Raises BadPreamble as soon as ``data``
    cannot become one."""
    if data.startswith(_SIGNATURE_1):
        return _version_1(data)
    if data.startswith(_SIGNATURE_2):
        return _version_2(data)
    if _SIGNATURE_1.startswith(data) or _SIGNATURE_2.startswith(data):
        return None
    raise BadPreamble("no PROXY header")


def _version_1(data: bytes) -> Preamble | None:
    end = data.find(b"\n", 0, _MOST_1)
    if end < 0:
        if len(data) >= _MOST_1:
            raise BadPreamble("PROXY line too long")
        return None
    line = data[: end - 1]
    if data[end - 1 : end] != b"\r":
        raise BadPreamble("PROXY line without CRLF")
    if _UNKNOWN.fullmatch(line):
        return Preamble(end + 1, None)
    match = _LINE.fullmatch(line)
    if match is None:
        raise BadPreamble("PROXY line")
    family, source, destination, source_port, destination_port = match.groups()
    version = 4 if family == b"TCP4" else 6
    announced = Announced(
        _text(source, version), _port(source_port), _text(destination, version), _port(destination_port)
    )
    return Preamble(end + 1, announced)


def _text(raw: bytes, version: int) -> str:
    try:
        address = ipaddress.ip_address(raw.decode("ascii"))
    except ValueError:
        raise BadPreamble("address in a PROXY line") from None
    if address.version != version:
        raise BadPreamble("address of another family in a PROXY line")
    return str(address)


def _port(raw: bytes) -> int:
    port = int(raw)
    if port > 65535:
        raise BadPreamble("port in a PROXY line")
    return port


def _version_2(data: bytes) -> Preamble | None:
    if len(data) < _HEAD_2:
        return None
    command, kind, length = data[12], data[13], int.from_bytes(data[14:16])
    size = _HEAD_2 + length
    if command not in (_LOCAL, _PROXY):
        raise BadPreamble("version or command of a PROXY header")
    if size > MOST_BYTES:
        raise BadPreamble("PROXY header too long")
    if len(data) < size:
        return None
    if command == _LOCAL:
        return Preamble(size, None)
    family, transport = kind >> 4, kind & 15
    if family not in _FAMILIES or (family and transport != _STREAM):
        raise BadPreamble("address family of a PROXY header")
    width, block = _FAMILIES[family]
    if family:
        _check_extensions(data[_HEAD_2:size], block)
    return Preamble(size, _binary(data[_HEAD_2:], width) if width else None)


def _check_extensions(payload: bytes, block: int) -> None:
    """Addresses and extensions must fill the header to the byte: what is left over would be read as a request."""
    if len(payload) < block:
        raise BadPreamble("addresses of a PROXY header")
    position = block
    while position < len(payload):
        if position + 3 > len(payload):
            raise BadPreamble("extensions of a PROXY header")
        position += 3 + int.from_bytes(payload[position + 1 : position + 3])
    if position != len(payload):
        raise BadPreamble("extensions of a PROXY header")


def _binary(payload: bytes, width: int) -> Announced:
    source, destination = payload[:width], payload[width : 2 * width]
    return Announced(
        str(ipaddress.ip_address(source)),
        int.from_bytes(payload[2 * width : 2 * width + 2]),
        str(ipaddress.ip_address(destination)),
        int.from_bytes(payload[2 * width + 2 : 2 * width + 4]),
    )


async def read_preamble(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> Announced | None:
    """Take the PROXY header from ``sock``, and not a byte more. Raises BadPreamble and OSError."""
    header = b""
    readable = asyncio.Event()
    loop.add_reader(sock, readable.set)
    try:
        while True:
            await readable.wait()
            readable.clear()
            try:
                seen = sock.recv(MOST_BYTES, socket.MSG_PEEK)
            except BlockingIOError:
                continue
            if not seen:
                raise BadPreamble("closed before the PROXY header was complete" if header else "closed at once")
            found = parse_preamble(header + seen)
            if found is not None:
                sock.recv(found.size - len(header))
                return found.announced
            # not complete: all of it belongs to the header
            header += sock.recv(len(seen))
    finally:
        loop.remove_reader(sock)
