"""RFC 6455 as lists of bytes that a client sends after its handshake, sound and broken."""

from __future__ import annotations

import struct
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0
_MASK = b"\x12\x9a\x5c\xfe"
MIB = 1024 * 1024


def frame(kind: int, payload: bytes = b"", *, last: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """One frame of a client."""
    size = len(payload)
    head = bytes([last << 7 | reserved << 4 | kind])
    flag = masked << 7
    if size < 126:
        head += bytes([flag | size])
    elif size < 65536:
        head += bytes([flag | 126]) + struct.pack(">H", size)
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", size)
    return head + _MASK + mask(payload) if masked else head + payload


def mask(payload: bytes) -> bytes:
    long = (_MASK * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(long, "big")).to_bytes(len(payload), "big")


def close(code: int | None = 1000, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


@dataclass(frozen=True)
class Case:
    """``pieces`` are written one by one; with ``half_close`` the client then ends its side."""

    pieces: tuple[bytes, ...]
    half_close: bool = False

    @property
    def large(self) -> bool:
        """Whether it takes seconds."""
        return sum(map(len, self.pieces)) > MIB * 2


def _one(*frames: bytes) -> Case:
    return Case((b"".join(frames),))


_EURO = "€".encode()
_LARGE = bytes(range(256)) * (16 * MIB // 256)

CASES: dict[str, Case] = {
    "5.6 text": _one(frame(TEXT, b"hello"), close()),
    "5.6 binary": _one(frame(BINARY, bytes(range(256))), close()),
    "5.6 empty text": _one(frame(TEXT), close()),
    "5.6 empty binary": _one(frame(BINARY), close()),
    **{
        f"5.2 length {size}": _one(frame(BINARY, b"x" * size), close())
        for size in (1, 124, 125, 126, 127, 128, 65535, 65536, 65537, MIB)
    },
    "5.2 length longer than needed": _one(b"\x82\xfe\x00\x01" + _MASK + mask(b"a"), close()),
    "5.2 length with the highest bit": _one(b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" + _MASK),
    "5.2 16 MiB in one frame": _one(frame(BINARY, _LARGE), close()),
    "5.4 16 MiB in 256 fragments": Case(
        (
            frame(BINARY, _LARGE[:65536], last=False),
            *(frame(MORE, _LARGE[i * 65536 :][:65536], last=i == 255) for i in range(1, 256)),
            close(),
        )
    ),
    "5.4 three fragments": _one(
        frame(TEXT, b"a", last=False), frame(MORE, b"b", last=False), frame(MORE, b"c"), close()
    ),
    "5.4 fragments of no bytes": _one(frame(TEXT, last=False), frame(MORE, last=False), frame(MORE), close()),
    "5.4 one byte for each of 1,000 fragments": _one(
        frame(TEXT, b"a", last=False), frame(MORE, b"b", last=False) * 998, frame(MORE, b"c"), close()
    ),
    "5.4 a ping between fragments": _one(
        frame(TEXT, b"a", last=False), frame(PING, b"?"), frame(MORE, b"b"), frame(PING), close()
    ),
    "5.4 a close between fragments": _one(frame(TEXT, b"a", last=False), close()),
    "5.4 a continuation of nothing": _one(frame(MORE, b"a")),
    "5.4 a message inside a message": _one(frame(TEXT, b"a", last=False), frame(TEXT, b"b")),
    "5.5 ping with 125 bytes": _one(frame(PING, b"x" * 125), close()),
    "5.5 ping with 126 bytes": _one(frame(PING, b"x" * 126)),
    "5.5 ping in fragments": _one(frame(PING, b"x", last=False), frame(MORE, b"y")),
    "5.5 a pong that nobody asked for": _one(frame(PONG, b"?"), frame(TEXT, b"a"), close()),
    "5.5 a flood of pings": Case((*(frame(PING, b"%d" % i) * 100 for i in range(20)), close())),
    **{
        f"5.2 reserved bits {bits}": _one(frame(TEXT, b"a"), frame(TEXT, b"b", reserved=bits), frame(TEXT, b"c"))
        for bits in (1, 2, 3, 4, 7)
    },
    "5.2 a reserved bit on a ping": _one(frame(PING, b"a", reserved=4)),
    **{
        f"5.2 reserved opcode {kind:x}": _one(frame(kind, b"a"), frame(TEXT, b"b"))
        for kind in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "5.1 a frame without mask": _one(frame(TEXT, b"a", masked=False)),
    "8.1 UTF-8": _one(frame(TEXT, "κόσμε 🎉 \x00".encode()), close()),
    "8.1 UTF-8 split by fragments": _one(
        *(frame(TEXT if i == 0 else MORE, _EURO[i : i + 1], last=i == 2) for i in range(3)), close()
    ),
    "8.1 UTF-8 split by writes": Case(
        (frame(TEXT, _EURO)[:-2], frame(TEXT, _EURO)[-2:-1], frame(TEXT, _EURO)[-1:], close())
    ),
    "8.1 no UTF-8": _one(frame(TEXT, b"a\xff\xfe")),
    "8.1 no UTF-8 in a later fragment": _one(frame(TEXT, b"ok", last=False), frame(MORE, b"\xc0\xaf"), close()),
    "8.1 UTF-8 that stops early": _one(frame(TEXT, _EURO[:2]), close()),
    "8.1 surrogates": _one(frame(TEXT, b"\xed\xa0\x80"), close()),
    **{
        f"7.4 close {code}": _one(close(code, b"why"))
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    },
    **{
        f"7.4 close {code}, which nobody may send": _one(close(code))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)
    },
    "7.1 close without a code": _one(close(None)),
    "7.1 close with one byte": _one(frame(CLOSE, b"\x03")),
    "7.1 close with the longest reason": _one(close(1000, b"x" * 123)),
    "7.1 close with a longer reason": _one(close(1000, b"x" * 124)),
    "7.1 close with a reason that is no UTF-8": _one(close(1000, b"\xff")),
    "7.1 close in fragments": _one(frame(CLOSE, b"\x03\xe8", last=False)),
    "5.5 data after close": _one(close(), frame(TEXT, b"late"), frame(PING)),
    "byte by byte": Case(
        tuple(bytes([byte]) for byte in frame(TEXT, _EURO) + frame(PING, b"!") + frame(BINARY, b"x" * 130) + close())
    ),
    "half a frame, then the end": Case((frame(TEXT, b"hello")[:-3],), half_close=True),
    "the end without close": Case((frame(TEXT, b"hello"),), half_close=True),
    "nothing but the end": Case((), half_close=True),
    "no frame at all": Case((b"GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",)),
}
