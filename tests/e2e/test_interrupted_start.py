"""A start that somebody ends, reloads or loses before it is done."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import pytest

from gwctl.node.prefix import PrefixDirectory
from tests.tools.gateway import ControlPlane, DataPlane, Place, Spawned
from tests.tools.waiting import wait_for


class Silent(ControlPlane):
    """A control plane that takes connections and says nothing, so a data plane waits for it while it starts."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, "silent")
        self.socket = socket.create_server(("127.0.0.1", self.cluster_port), backlog=64)


@pytest.fixture
def starting(place: Place) -> Iterator[tuple[DataPlane, Spawned]]:
    """A data plane in the middle of ``gwctl dp start --daemon``, and that command."""
    silent = Silent(place)
    place.set_up("hybrid", "gen_cert")
    node = DataPlane(place, [silent], workers=1)
    with silent.socket:
        command = place.spawn("dp", "start", "--cp", silent.address, "--workers", "1", "--daemon", env=node.environ)
        wait_for(lambda: node.of_kind("worker"), "its processes are there")
        yield node, command


def test_a_stop_ends_a_node_that_is_starting(place: Place, starting: tuple[DataPlane, Spawned]) -> None:
    node, command = starting

    node.stop()

    assert command.process.wait(10) == 1
    assert "Error: the node was stopped while it was starting" in command.text
    assert PrefixDirectory(node.prefix).running() is None
    wait_for(lambda: not place.left(), "nothing is left")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_start_that_is_interrupted_leaves_nothing(
    place: Place, starting: tuple[DataPlane, Spawned], number: signal.Signals
) -> None:
    node, command = starting

    command.end(number)

    wait_for(lambda: not place.left(), f"nothing is left{place.last_lines()}")
    assert "the start was interrupted" in node.log
    assert "Traceback" not in command.text + node.log


def test_a_reload_during_the_start_comes_after_it(starting: tuple[DataPlane, Spawned]) -> None:
    node, command = starting

    os.kill(node.pid, signal.SIGHUP)

    assert command.process.wait(20) == 0, command.text
    wait_for(lambda: "reloaded" in node.log, "it is reloaded")
    log = node.log
    assert log.index("(SIGHUP) received") < log.index("is ready") < log.index("reloaded")
    wait_for(lambda: node.gwctl("dp", "health", ok=False).code == 0, "every process serves", deadline=20)
