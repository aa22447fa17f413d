"""Message heads from a grammar, broken in small ways: what the codecs must agree about."""

from __future__ import annotations

import random

_METHODS = (b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"TRACE", b"PRI", b"get", b"X_Y-Z", b"G T", b"")
_TARGETS = (
    b"/", b"/a/b?c=d", b"/a%20b", b"/%zz", b"/%00", b"/../a", b"/a/../b", b"/a/..", b"/%2e%2e/a", b"/a?/../..", b"*",
    b"http://h.test/a", b"http://other/", b"gw.test:80", b"/a#b", b"/\xc3\xb8", b"/a\tb", b"//a", b"/.", b"/?", b"",
)  # fmt: skip
_VERSIONS = (b"HTTP/1.1",) * 8 + (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.10", b"HTTP/1.1 ")
_STATUSES = (b"200 OK", b"204 No Content", b"304 X", b"404 ", b"404", b"100 Continue", b"101 X", b"099 X", b"999 X",
             b"200 \xc3\xb8", b"200  two", b"200 a\tb", b"500 a:b")  # fmt: skip
_NAMES = (
    b"Host", b"host", b"Content-Length", b"CONTENT-LENGTH", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Expect",
    b"Via", b"TE", b"Trailer", b"X-Forwarded-For", b"X-Real-IP", b"Keep-Alive", b"Proxy-Connection", b"Cookie",
    b"User-Agent", b"X-A", b"X_A", b"X.A", b"Content_Length", b"Content-Type", b"Date", b"Server", b"X-Kong-Request-Id",
    b"HTTP2-Settings", b"Proxy", b"x-accel-redirect", b"A b", b"", b"X-A ", b" X-A", b"X@A", b"X\xc3A", b"Hos",
)  # fmt: skip
_VALUES = (
    b"gw.test", b"gw.test:80", b"gw.test:", b"[::1]:80", b"a/b", b"a,b", b"", b"0", b"4", b"4, 4", b"+4", b"-1", b"0x4",
    b"1_0", b"1" * 18, b"1" * 19, b"chunked", b"Chunked", b"gzip, chunked", b"identity", b"close", b"keep-alive",
    b"Keep-Alive, X-A", b"upgrade", b"close, x", b",,", b"websocket", b"100-continue", b"100-Continue", b"200-ok",
    b"trailers", b"a b", b"a\tb", b" a ", b"\ta\t", b"a\x01", b"a\x7f", b"a\x00", b"a\rb", b"a\nb", b"\xc3\xb8", b"a:b",
    b"x" * 300, b"h%41st", b"\x0b4", b"4\x0c",
)  # fmt: skip
_SEPARATORS = (b": ",) * 8 + (b":", b":  ", b":\t", b" : ", b"", b": \r\n ")
_ENDS = (b"\r\n",) * 30 + (b"\n", b"\r", b"\r\r\n", b"\n\r\n")
_BYTES = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\x80",
    b"\x7f",
    b"a",
    b"%",
    b"#",
    b",",
    b"\x0b",
)


def request(rng: random.Random) -> bytes:
    """Something like a request head, with its empty line more often than not."""
    line = b"%b %b %b" % (_mostly(rng, _METHODS), _mostly(rng, _TARGETS), rng.choice(_VERSIONS))
    host = [b"Host: gw.test\r\n"] if rng.random() < 0.8 else []
    return _mutated(rng, line + rng.choice(_ENDS) + _fields(rng, host) + b"\r\n")


def response(rng: random.Random) -> bytes:
    """Something like a response head."""
    line = b"%b %b" % (rng.choice(_VERSIONS), _mostly(rng, _STATUSES))
    length = [b"Content-Length: %d\r\n" % rng.randrange(3)] if rng.random() < 0.6 else []
    return _mutated(rng, line + rng.choice(_ENDS) + _fields(rng, length) + b"\r\n")


def _mostly(rng: random.Random, choices: tuple[bytes, ...]) -> bytes:
    return choices[0] if rng.random() < 0.6 else rng.choice(choices)


def _fields(rng: random.Random, lines: list[bytes]) -> bytes:
    for _ in range(rng.randrange(5)):
        lines.append(rng.choice(_NAMES) + rng.choice(_SEPARATORS) + rng.choice(_VALUES) + rng.choice(_ENDS))
    rng.shuffle(lines)
    return b"".join(lines)


def _mutated(rng: random.Random, head: bytes) -> bytes:
    while rng.random() < 0.25:
        at = rng.randrange(len(head) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            head = head[:at] + rng.choice(_BYTES) + head[at:]
        elif kind == 1:
            head = head[:at] + head[at + 1 :]
        elif kind == 2:
            head = head[:at] + bytes((rng.randrange(256),)) + head[at + 1 :]
        else:
            head = head[:at] + head[at : at + 20].swapcase() + head[at + 20 :]
    return head
