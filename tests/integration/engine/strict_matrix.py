"""The cases of the strictness table in every way of sending them, and what must come of each."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from tests.integration.engine.reparse import Read, Recorder
from tests.integration.engine.strict_cases import ACCEPTED, REFUSED, H, intended
from tests.integration.engine.world import Front, gateway, one_route, until, upstream_server

GOOD = b"GET /good HTTP/1.1\r\n" + H + b"\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + H + b"\r\n"


@dataclass(frozen=True)
class Way:
    """``cut``: where the bytes are cut in two, None for one write; ``twice``: the case comes twice without a pause;
    ``behind``: a sound request comes first; ``buffered``: the route's request_buffering."""

    cut: int | None = None
    twice: bool = False
    behind: bool = False
    buffered: bool = True


def ways(raw: bytes) -> list[Way]:
    """Every way in which ``raw`` is sent; long ones are cut only near their ends."""
    size = len(raw)
    cuts = [*range(1, size)] if size < 1500 else [*range(1, 100), *range(size - 100, size)]
    once = [Way(buffered=buffered) for buffered in (True, False)]
    pairs = [Way(twice=True, buffered=buffered) for buffered in (True, False)]
    behind = [Way(behind=True), Way(twice=True, behind=True, buffered=False)]
    cut = [Way(cut, buffered=cut % 2 == 0) for cut in cuts]
    both = [Way(cut, twice=True, behind=True, buffered=cut % 2 == 1) for cut in cuts]
    return once + pairs + behind + cut + both


async def judge(name: str, sent: Iterable[Way], codec: str) -> None:
    """Send the case ``name`` in every way of ``sent``, each on its own connection, and hold the gateway to the table.

    Nothing but what the table intends reaches the upstream, and all parsers read there what the gateway read here.
    """
    by_buffering: dict[bool, list[Way]] = {}
    for way in sent:
        by_buffering.setdefault(way.buffered, []).append(way)
    for buffered, group in by_buffering.items():
        recorder = Recorder()
        wanted: list[Read] = []
        async with upstream_server(recorder.script) as up:
            records = one_route(up.port, request_buffering=buffered)
            async with gateway(records, environ={"GWCTL_HTTP_CODEC": codec}) as gw:
                for way in group:
                    wanted += await send(name, way, gw)
            await until(lambda: not recorder.open, "the upstream has heard everything")  # noqa: B023
        assert sorted(recorder.heard()) == sorted(wanted), name


async def send(name: str, way: Way, gw: Front) -> list[Read]:
    """Send the case ``name`` in one way and judge the answers; the requests that the upstream must have heard."""
    good = GOOD if way.behind else b""
    wanted: list[Read] = [(b"GET", b"/good", b"")] if way.behind else []
    if name in REFUSED:
        raw, status = REFUSED[name]
        statuses = [200] * way.behind + [400 if status == 494 else status]
    else:
        raw = ACCEPTED[name][0]
        last = b" HTTP/1.0\r\n" in raw
        times = 1 if last else 1 + way.twice
        wanted += [intended(name)] * times + ([] if last else [(b"GET", b"/smuggled", b"")])
        statuses = [200] * len(wanted)
    data = good + (raw * 2 if way.twice else raw) + SMUGGLED
    answer = await _exchange(gw, data, None if way.cut is None else len(good) + way.cut, len(statuses))
    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == statuses, (name, way, answer)
    if name in REFUSED:
        assert b"\r\nConnection: close\r\n" in answer.rpartition(b"HTTP/1.1 ")[2], (name, way, answer)
    return wanted


async def _exchange(gw: Front, data: bytes, cut: int | None, answers: int) -> bytes:
    """What comes back for ``data``: so many answers, and what the gateway says before it closes."""
    talk = await gw.connect()
    talk.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answer = b""
    with contextlib.suppress(ConnectionError):
        talk.writer.write(data[:cut])
        if cut is not None:
            # the gateway lives on this loop: after a few turns it has read the first part
            for _ in range(3):
                await asyncio.sleep(0)
            talk.writer.write(data[cut:])
        while answer.count(b"HTTP/1.1 200") < answers or not answer.endswith(b"\r\n\r\n"):
            got = await asyncio.wait_for(talk.reader.read(65536), 10)
            if not got:
                break
            answer += got
    talk.writer.transport.abort()
    return answer
