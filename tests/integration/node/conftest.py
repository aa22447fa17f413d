"""A node of stub processes to be mistreated."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import psutil
import pytest

from gwctl.node import bus
from gwctl.node.messages import Answer, Ask

HERE = Path(__file__).parent
T = TypeVar("T")


def until(what: str, probe: Callable[[], T], seconds: float = 10.0) -> T:
    """The first true value of ``probe``; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Reply(NamedTuple):
    pid: int
    slot: int
    version: int


class StubNode:
    """``python stub_node.py`` and questions to it."""

    def __init__(self, prefix: Path, *, workers: int = 2, stall: int = 30, port: int | None = None) -> None:
        self.prefix = prefix
        self.port = port or free_port()
        prefix.mkdir(exist_ok=True)
        path = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
        command = [sys.executable, str(HERE / "stub_node.py"), str(prefix), str(self.port), str(workers), str(stall)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    @property
    def log(self) -> str:
        return (self.prefix / "logs" / "error.log").read_text()

    def call(self, word: str = "hi", timeout: float = 10.0) -> Reply:
        with socket.create_connection(("127.0.0.1", self.port), timeout) as sock:
            sock.sendall(f"{word}\n".encode())
            data = sock.recv(100)
        if not data:
            raise ConnectionError("no answer")
        return Reply(*map(int, data.split()))

    def status(self) -> dict[str, object]:
        answer = bus.ask(self.prefix / "sockets" / "bus.sock", Ask("status"), 10)
        assert isinstance(answer, Answer)
        return answer.values

    def reload(self) -> Answer:
        answer = bus.ask(self.prefix / "sockets" / "bus.sock", Ask("reload"), 30)
        assert isinstance(answer, Answer)
        return answer

    def members(self, kind: str) -> list[dict[str, object]]:
        processes = self.status()["processes"]
        assert isinstance(processes, list)
        return [entry for entry in processes if entry["kind"] == kind]

    def pids(self, kind: str = "worker", *, ready: bool = True) -> set[int]:
        return {int(str(entry["pid"])) for entry in self.members(kind) if entry["ready"] or not ready}

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self, name: str) -> psutil.Process:
        """The process that calls itself so."""
        return next(p for p in self.descendants() if Path(f"/proc/{p.pid}/comm").read_text().strip() == name)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 15.0) -> int:
        return self.process.wait(seconds)

    def store(self, number: int) -> None:
        """Make the agent announce a version."""
        fresh = self.prefix / "number.new"
        fresh.write_text(str(number))
        fresh.rename(self.prefix / "number")


class Load:
    """Connections one after the other in a few threads; every failure is kept."""

    def __init__(self, node: StubNode, threads: int = 3, word: str = "hi") -> None:
        self.failures: list[str] = []
        self.count = 0
        self.replies: list[Reply] = []
        self._node = node
        self._word = word
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._done.is_set():
            try:
                reply = self._node.call(self._word)
            except (OSError, ValueError, TypeError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            else:
                self.replies.append(reply)
            self.count += 1


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., StubNode]]:
    """Start nodes; whatever is left of them at the end is killed."""
    nodes: list[StubNode] = []
    families: list[psutil.Process] = []

    def run(name: str = "node", *, ready: bool = True, **options: int) -> StubNode:
        node = StubNode(tmp_path / name, **options)
        nodes.append(node)
        if ready:
            assert node.line() == "ready", node.log
            families.extend(node.descendants())
        return node

    yield run
    for node in nodes:
        if node.process.poll() is None:
            families.extend(node.descendants())
            node.process.kill()
        node.process.wait()
        assert node.process.stdout is not None
        node.process.stdout.close()
    for process in families:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
