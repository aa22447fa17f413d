"""A body in a file can be sent again while a read of the try before is still under way in its thread."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from gwctl.engine.http1.codec import END
from gwctl.engine.proxy.bodies import Body, buffered
from gwctl.engine.wire import Wire


class Upstream:
    """The part of a wire that a body uses."""

    def __init__(self) -> None:
        self.got = bytearray()

    def write(self, data: bytes) -> None:
        self.got += data

    async def drain(self, seconds: float) -> None: ...


class Client:
    """Sends ``data`` in pieces, then the end."""

    def __init__(self, data: bytes) -> None:
        self._pieces = [*(data[at : at + 50_000] for at in range(0, len(data), 50_000)), END]

    def ready(self) -> None: ...

    async def next(self) -> object:
        return self._pieces.pop(0)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def spooled(data: bytes, executor: ThreadPoolExecutor) -> Body:
    return asyncio.run(buffered(Client(data), b"", executor))  # type: ignore[arg-type]


def test_every_byte_goes_out(executor: ThreadPoolExecutor) -> None:
    data = os.urandom(1_234_567)
    body, upstream = spooled(data, executor), Upstream()

    asyncio.run(body.pump(cast(Wire, upstream), 1))
    body.close()

    assert body.length == len(data)
    assert upstream.got == data


def test_two_readers_do_not_disturb_each_other(executor: ThreadPoolExecutor) -> None:
    data = os.urandom(4 << 20)
    body = spooled(data, executor)
    upstreams = [Upstream() for _ in range(4)]

    async def all_at_once() -> None:
        await asyncio.gather(*(body.pump(cast(Wire, each), 1) for each in upstreams))

    asyncio.run(all_at_once())
    body.close()

    assert [each.got == data for each in upstreams] == [True] * 4


def test_the_file_has_no_name(executor: ThreadPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = spooled(bytes(300_000), executor)

    assert os.listdir(str(tmp_path)) == []
    body.close()
