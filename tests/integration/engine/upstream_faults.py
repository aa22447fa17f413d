"""Upstreams that do wrong (reliability.md F35 to F37, S1.51), and what clients must get.

The answer is what the upstream says to a request that it has read to the end of its head; then it closes, resets, or
waits for ever. An upstream that answers an upload early and closes at once, with bytes of it unread, resets the
connection: whether the answer or the reset is seen first is up to the network, so that case is not here.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from dataclasses import dataclass

from tests.integration.engine.world import Front, Talk

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 2\r\n\r\nok"
LENGTH = OK + b"Content-Length: 9\r\n\r\npart"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE_FIELDS = b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"


class Then(enum.Enum):
    CLOSE = enum.auto()
    RESET = enum.auto()
    WAIT = enum.auto()
    HALF_CLOSE = enum.auto()


CUT = 0
"""The client's connection ends before the response looks complete."""


@dataclass(frozen=True)
class Fault:
    """``answer`` in pieces, what follows, and the status that the client gets, or CUT."""

    answer: tuple[bytes, ...]
    then: Then
    status: int
    method: bytes = b"GET"
    upload: int = 0


def _says(status: int, *answer: bytes, then: Then = Then.WAIT, method: bytes = b"GET", upload: int = 0) -> Fault:
    return Fault(answer, then, status, method, upload)


FAULTS: dict[str, Fault] = {
    "closes before the head": _says(502, then=Then.CLOSE),
    "resets before the head": _says(502, then=Then.RESET),
    "closes in the head": _says(502, OK + b"X-A: ", then=Then.CLOSE),
    "resets in the head": _says(502, OK + b"X-A: ", then=Then.RESET),
    "says nothing": _says(504),
    "stops in the head": _says(504, OK + b"X-A: "),
    "stops after an interim response": _says(504, b"HTTP/1.1 100 Continue\r\n\r\n"),
    "says its head in pieces": _says(200, OK, b"Content-Len", b"gth: 2\r", b"\n\r", b"\no", b"k"),
    "speaks SSH": _says(502, b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "speaks HTTP/0.9": _says(502, b"<html>hello</html>\r\n\r\n"),
    "speaks HTTP/2": _says(502, b"HTTP/2.0 200 OK\r\n\r\n"),
    "speaks TLS": _says(502, b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n"),
    "speaks RTSP": _says(502, b"RTSP/1.0 200 OK\r\n\r\n"),
    "no version": _says(502, b"HTTP 200 OK\r\n\r\n"),
    "lower case version": _says(502, b"http/1.1 200 OK\r\n\r\n"),
    "no status": _says(502, b"HTTP/1.1 OK\r\n\r\n"),
    "status with two digits": _says(502, b"HTTP/1.1 99 OK\r\n\r\n"),
    "status with four digits": _says(502, b"HTTP/1.1 2000 OK\r\n\r\n"),
    "status with a sign": _says(502, b"HTTP/1.1 +20 OK\r\n\r\n"),
    "an empty line first": _says(502, b"\r\n" + WHOLE),
    "bare LF": _says(502, b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok\r\n\r\n"),
    "one bare LF": _says(502, OK + b"X-A: 1\nSet-Cookie: evil\r\nContent-Length: 2\r\n\r\nok"),
    "bare CR": _says(502, OK + b"X-A: 1\rSet-Cookie: evil\r\nContent-Length: 2\r\n\r\nok"),
    "NUL": _says(502, OK + b"X-A: \0\r\nContent-Length: 2\r\n\r\nok"),
    "folded line": _says(502, OK + b"X-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok"),
    "space before colon": _says(502, OK + b"Content-Length : 2\r\n\r\nok"),
    "no colon": _says(502, OK + b"nonsense\r\nContent-Length: 2\r\n\r\nok"),
    "empty name": _says(502, OK + b": 1\r\nContent-Length: 2\r\n\r\nok"),
    "length and coding": _says(502, OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok"),
    "two lengths": _says(502, OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok."),
    "two equal lengths": _says(502, OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
    "a list of lengths": _says(502, OK + b"Content-Length: 2, 2\r\n\r\nok"),
    "a signed length": _says(502, OK + b"Content-Length: +2\r\n\r\nok"),
    "an empty length": _says(502, OK + b"Content-Length:\r\n\r\nok"),
    "an unknown coding": _says(502, OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "two codings": _says(502, OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "a coding in 1.0": _says(502, b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "a long line": _says(502, OK + b"X-A: " + b"a" * 9000 + b"\r\nContent-Length: 2\r\n\r\nok"),
    "a large head": _says(502, OK + b"".join(b"X-%d: %b\r\n" % (i, b"a" * 4000) for i in range(9)) + b"\r\n"),
    "a head without end": _says(502, OK + (b"X-A: " + b"a" * 4000 + b"\r\n") * 12),
    "many fields": _says(502, OK + b"X: 1\r\n" * 1001 + b"\r\n"),
    "ten interim responses": _says(200, b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" * 10 + WHOLE),
    "interim responses without end": _says(502, b"HTTP/1.1 102 Processing\r\n\r\n" * 11 + WHOLE),
    "an interim response with a broken field": _says(502, b"HTTP/1.1 103 Early Hints\r\nLink : a\r\n\r\n" + WHOLE),
    "a switch that nobody asked for": _says(502, b"HTTP/1.1 101 Switching Protocols\r\n" + UPGRADE_FIELDS + b"hello"),
    "a short body, then the end": _says(CUT, LENGTH, then=Then.CLOSE),
    "a short body, then a reset": _says(CUT, LENGTH, then=Then.RESET),
    "a body that stops": _says(CUT, LENGTH),
    "chunks, then the end": _says(CUT, CHUNKS + b"4\r\npart\r\n", then=Then.CLOSE),
    "chunks, then a reset": _says(CUT, CHUNKS + b"4\r\npart\r\n", then=Then.RESET),
    "chunks that stop": _says(CUT, CHUNKS + b"4\r\npart\r\n"),
    "a wrong chunk": _says(CUT, CHUNKS + b"4\r\npart\r\nzz\r\n"),
    "a chunk with bare LF": _says(CUT, CHUNKS + b"4\npart\r\n0\r\n\r\n"),
    "chunk data that is too long": _says(CUT, CHUNKS + b"2\r\npart\r\n0\r\n\r\n"),
    "a trailer that is none": _says(CUT, CHUNKS + b"4\r\npart\r\n0\r\nContent-Length: 3\r\n\r\n"),
    "a body until the end, then a reset": _says(CUT, OK + b"\r\n", b"part", then=Then.RESET),
    "a body until the end": _says(200, OK + b"\r\nok", then=Then.CLOSE),
    "a response, then the end": _says(200, WHOLE, then=Then.CLOSE),
    "a response, then a half close": _says(200, WHOLE, then=Then.HALF_CLOSE),
    "a half close instead of a response": _says(502, then=Then.HALF_CLOSE),
    "a short body, then a half close": _says(CUT, LENGTH, then=Then.HALF_CLOSE),
    "a response, then a reset": _says(200, WHOLE, then=Then.RESET),
    "bytes after the response": _says(200, WHOLE + b"surplus"),
    "a second response at once": _says(200, WHOLE + OK + b"Content-Length: 4\r\n\r\nevil"),
    "a body of 204": _says(204, b"HTTP/1.1 204 No Content\r\n\r\nevil"),
    "a body of 304": _says(304, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"),
    "a body of HEAD": _says(200, OK + b"Content-Length: 4\r\n\r\nevil", method=b"HEAD"),
    "an early answer to an upload": _says(
        413, b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno", method=b"PUT", upload=4_000_000
    ),
    "an early answer to an upload, then a half close": _says(
        413,
        b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno",
        method=b"PUT",
        upload=4_000_000,
        then=Then.HALF_CLOSE,
    ),
    "a reset of an upload": _says(502, method=b"PUT", upload=4_000_000, then=Then.RESET),
}


class FaultyUpstream:
    """``/good/<n>`` is answered with ``<n>`` on a connection that stays open; any other path gets the fault."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    async def script(self, talk: Talk) -> None:
        while True:
            head = await talk.head()
            path = head.split(b" ")[1]
            if path.startswith(b"/good/"):
                number = path.removeprefix(b"/good/")
                await talk.send(OK + b"Content-Length: %d\r\n\r\n%b" % (len(number), number))
            elif not await self._wrong(talk):
                return

    async def _wrong(self, talk: Talk) -> bool:
        """Whether another request may come."""
        for piece in self._fault.answer:
            await talk.send(piece)
            if len(self._fault.answer) > 1:
                await asyncio.sleep(0.01)
        if self._fault.then is Then.RESET:
            talk.reset()
        elif self._fault.then is Then.HALF_CLOSE:
            talk.writer.write_eof()
            await talk.ended()
        elif self._fault.then is Then.WAIT and self._fault.upload:
            await talk.ended()
        return self._fault.then is Then.WAIT and not self._fault.upload


async def suffer(gw: Front, fault: Fault) -> int:
    """The status of a request that meets ``fault``; CUT when the response broke off."""
    talk = await gw.connect()
    head = b"%b /fault HTTP/1.1\r\nHost: gw.test\r\n" % fault.method
    sending: asyncio.Task[None] | None = None
    try:
        if fault.upload:
            await talk.send(head + b"Content-Length: %d\r\n\r\n" % fault.upload)
            sending = asyncio.create_task(_upload(talk, fault.upload))
        else:
            await talk.send(head + b"\r\n")
        try:
            response = await talk.response(fault.method.decode())
        except (asyncio.IncompleteReadError, ConnectionError):
            return CUT
        assert b"evil" not in response.body
        return response.status
    finally:
        if sending is not None:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        talk.close()


async def _upload(talk: Talk, size: int) -> None:
    with contextlib.suppress(ConnectionError):
        for _ in range(size // 50_000):
            await talk.send(bytes(50_000))


async def good(gw: Front, number: int) -> None:
    """A sound request to the same upstream is answered with its own number."""
    response = await gw.get(f"/good/{number}")
    assert (response.status, response.body) == (200, b"%d" % number)
