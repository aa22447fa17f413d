"""A real control plane for the benches: the installed command, a database, cores of its own, and what it costs."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.tools.gateway import ControlPlane, DataPlane, Place
from tests.tools.postgres import running_postgres

NODE_CORE, OTHER_CORE = 0, 1
_MIB = 1024 * 1024


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started inside runs on one core, as far as there are several."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    """The environment of nodes with an empty database; PostgreSQL waits for its disk and runs on the other core."""
    if kind == "sqlite":
        yield {}
        return
    with on_core(OTHER_CORE):
        server = contextlib.ExitStack()
        made = server.enter_context(running_postgres(durable=True)).create_database("bench")
    with server:
        yield made.environ()


@contextlib.contextmanager
def control_plane(folder: Path, kind: str) -> Iterator[ControlPlane]:
    """A running control plane on one core."""
    with database(kind) as environ:
        place = Place(folder)
        try:
            node = ControlPlane(place, environ=environ)
            place.gwctl("hybrid", "gen_cert")
            node.bootstrap()
            with on_core(NODE_CORE):
                node.start()
            yield node
        finally:
            place.close()


def data_planes(node: ControlPlane, count: int) -> list[DataPlane]:
    """Data planes of one worker each that follow ``node``."""
    made = [DataPlane(node.place, [node], f"dp{number}", workers=1) for number in range(count)]
    for each in made:
        each.start()
    return made


def cpu_seconds(node: ControlPlane) -> float:
    """User and system time of every process of the node, those that have ended among them."""
    total = 0.0
    for process in _processes(node):
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


class Memory(threading.Thread):
    """The most memory that the processes of a node had together, shared pages counted once: ``peak_mib``."""

    def __init__(self, node: ControlPlane) -> None:
        super().__init__(daemon=True)
        self.peak_mib = 0
        self._node = node
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.25):
            total = 0
            for process in _processes(self._node):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_full_info().pss
            self.peak_mib = max(self.peak_mib, total // _MIB)

    def end(self) -> None:
        self._ended.set()
        self.join()


def _processes(node: ControlPlane) -> list[psutil.Process]:
    parent = psutil.Process(node.pid)
    return [parent, *parent.children(recursive=True)]
