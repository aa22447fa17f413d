"""Links: one contract for sockets between processes and for memory within one."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gwctl.node import bus
from gwctl.node.bus import Link, SocketLink
from gwctl.node.messages import Answer, Ask, Drain, Ready, ReopenLogs, Stats
from tests.tools.links import MemoryLink, memory_pair

Pair = tuple[Link, Link]


async def sockets() -> Pair:
    one, two = socket.socketpair()
    return await SocketLink.adopt(one), await SocketLink.adopt(two)


async def memory() -> Pair:
    return memory_pair()


@pytest.fixture(params=[sockets, memory], ids=["sockets", "memory"])
def make(request: pytest.FixtureRequest) -> Callable[[], Awaitable[Pair]]:
    chosen: Callable[[], Awaitable[Pair]] = request.param
    return chosen


def test_messages_arrive_in_order(make: Callable[[], Awaitable[Pair]]) -> None:
    async def run() -> None:
        one, two = await make()
        sent = [Ready(), Stats({"n": 1}), Drain(1.5), ReopenLogs()]
        for message in sent:
            one.send(message)
        assert [await two.receive() for _ in sent] == sent
        one.close()
        two.close()

    asyncio.run(run())


def test_what_was_sent_before_the_end_is_received_before_it(make: Callable[[], Awaitable[Pair]]) -> None:
    async def run() -> None:
        one, two = await make()
        one.send(Ready())
        one.close()
        assert await two.receive() == Ready()
        assert await two.receive() is None
        two.close()

    asyncio.run(run())


def test_sending_to_a_closed_link_is_no_error(make: Callable[[], Awaitable[Pair]]) -> None:
    async def run() -> None:
        one, two = await make()
        two.close()
        assert await one.receive() is None
        one.send(Ready())
        one.close()
        one.send(Ready())

    asyncio.run(run())


def test_bytes_that_are_no_message_end_a_socket_link() -> None:
    async def run() -> None:
        one, two = socket.socketpair()
        link = await SocketLink.adopt(one)
        two.send(b"GET / HTTP/1.1\r\n\r\n")
        assert await link.receive() is None
        two.close()

    asyncio.run(run())


def test_memory_links_know_only_each_other() -> None:
    assert isinstance(memory_pair()[0], MemoryLink)


@pytest.mark.parametrize("depth", [0, 30])
def test_a_question_is_answered_however_long_the_path_is(tmp_path: Path, depth: int) -> None:
    directory = tmp_path.joinpath(*["directory"] * depth)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "bus.sock"
    assert depth == 0 or len(str(path)) > 108
    listening = bus.listen_at(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    async def serve() -> None:
        answered = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link = SocketLink(reader, writer)
            question = await link.receive()
            assert isinstance(question, Ask)
            link.send(Answer({"heard": question.about}))
            link.close()
            answered.set()

        async with await asyncio.start_server(answer, sock=listening):
            await answered.wait()

    server = threading.Thread(target=lambda: asyncio.run(serve()))
    server.start()
    try:
        assert bus.ask(path, Ask("status"), 5.0) == Answer({"heard": "status"})
    finally:
        server.join()


def test_a_new_listener_takes_the_path_over(tmp_path: Path) -> None:
    path = tmp_path / "bus.sock"
    with bus.listen_at(path), bus.listen_at(path) as second, bus.connect_to(path, 1.0) as client:
        second.setblocking(True)
        second.settimeout(5)
        served, _ = second.accept()
        with served:
            client.sendall(b"hello")
            assert served.recv(10) == b"hello"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bus.sock"]


def test_nobody_listening_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        bus.ask(tmp_path / "bus.sock", Ask("status"), 1.0)


def test_descriptors_of_directories_are_not_leaked(tmp_path: Path) -> None:
    path = tmp_path.joinpath(*["directory"] * 20, "bus.sock")
    path.parent.mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    bus.listen_at(path).close()
    assert len(os.listdir("/proc/self/fd")) == before
