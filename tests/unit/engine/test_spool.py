"""Bytes leave a spool in the order in which they came, whatever was kept in memory, in a file or not at all."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.proxy import spool as module
from gwctl.engine.proxy.spool import MEMORY_BYTES, Spool


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as made:
        yield made


async def _through(spool: Spool, pieces: list[bytes], taking: list[int]) -> bytes:
    """What comes out when the taker sleeps for so many turns of the loop before each take."""

    async def put() -> None:
        for piece in pieces:
            await spool.put(piece)
        spool.end(None)

    putting = asyncio.create_task(put())
    out = b""
    turns = iter(taking)
    while True:
        for _ in range(next(turns, 0)):
            await asyncio.sleep(0)
        data = await asyncio.wait_for(spool.take(), 10)
        if not data:
            break
        out += data
    await putting
    spool.close()
    return out


@given(
    sizes=st.lists(st.sampled_from([1, 1000, MEMORY_BYTES - 1, MEMORY_BYTES, MEMORY_BYTES + 1, 200_000]), max_size=12),
    taking=st.lists(st.integers(0, 30), max_size=20),
    most=st.sampled_from([0, 1000, 150_000, 10_000_000]),
)
@settings(max_examples=60, deadline=None)
def test_order_is_kept(executor: Executor, sizes: list[int], taking: list[int], most: int) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    assert asyncio.run(_through(Spool(executor, most), pieces, taking)) == b"".join(pieces)


def test_a_full_disk_makes_the_upstream_wait(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    pieces = [bytes([number]) * 50_000 for number in range(10)]
    assert asyncio.run(_through(Spool(executor), pieces, [50] * 20)) == b"".join(pieces)


def test_a_fault_comes_after_what_was_put_before_it(executor: Executor) -> None:
    async def run() -> bytes:
        spool = Spool(executor)
        await spool.put(b"part")
        spool.end(ConnectionError("broke off"))
        data = await spool.take()
        with pytest.raises(ConnectionError):
            await spool.take()
        return data

    assert asyncio.run(run()) == b"part"
