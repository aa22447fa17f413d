"""One active probe: what an address says for itself (proxy.md 7).

An http probe is a ``GET`` whose status line is read and nothing more; a tcp probe is a connection that is opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass

from gwctl.engine.health.checks import HTTPS, TCP, Active
from gwctl.engine.health.machine import Event

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: |\r?\n)")
_LONGEST_LINE = 8192


@dataclass(frozen=True, slots=True)
class Question:
    """Where a probe goes and what it sends. ``tls`` and ``sni`` only for type https."""

    ip: str
    port: int
    timeout: float
    request: bytes | None
    tls: ssl.SSLContext | None = None
    sni: str | None = None


def question(active: Active, ip: str, port: int, host: str, tls: ssl.SSLContext | None) -> Question:
    """The probe of an address; ``host`` is what it is called in Host and, unless there is another, in SNI."""
    if active.kind == TCP:
        return Question(ip, port, active.timeout, None)
    lines = [f"GET {active.path} HTTP/1.0", *(f"{name}: {value}" for name, value in active.headers)]
    if not any(name.lower() == "host" for name, _ in active.headers):
        lines.append(f"Host: {host}")
    lines.append("Connection: close")
    request = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + b"\r\n"
    if active.kind != HTTPS:
        return Question(ip, port, active.timeout, request)
    return Question(ip, port, active.timeout, request, tls, active.sni or host)


async def ask(asked: Question) -> int | Event:
    """The status of the answer; or SUCCESS for a tcp probe, TCP_FAILURE or TIMEOUT."""
    try:
        async with asyncio.timeout(asked.timeout):
            reader, writer = await asyncio.open_connection(
                asked.ip,
                asked.port,
                ssl=asked.tls,
                server_hostname=asked.sni if asked.tls else None,
                limit=_LONGEST_LINE,
            )
            try:
                return await _status(reader, writer, asked.request)
            finally:
                writer.transport.abort()
    except TimeoutError:
        return Event.TIMEOUT
    except (OSError, ValueError, EOFError):  # ssl.SSLError is an OSError; a name that is no name of TLS a ValueError
        return Event.TCP_FAILURE


async def _status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes | None) -> int | Event:
    if request is None:
        return Event.SUCCESS
    writer.write(request)
    with contextlib.suppress(asyncio.LimitOverrunError):
        found = _STATUS_LINE.match(await reader.readuntil(b"\n"))
        if found is not None:
            return int(found[1])
    return Event.TCP_FAILURE
