"""SIGUSR2: a new supervisor takes over the listeners; callers notice nothing, and a failure is undone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.node.prefix import PrefixDirectory, read_pid
from tests.integration.node.conftest import until
from tests.integration.node.real import DataPlane, Requests


@pytest.fixture
def node(tmp_path: Path) -> Iterator[DataPlane]:
    plane = DataPlane(tmp_path)
    plane.start()
    yield plane
    plane.end()


def upgrade(node: DataPlane) -> tuple[int, int]:
    """Send SIGUSR2 and wait until the new supervisor has everything; returns the old and the new pid."""
    old = node.pid
    os.kill(old, signal.SIGUSR2)
    pids = node.prefix / "pids"
    until("two supervisors", lambda: read_pid(pids / "nginx.pid") not in (None, old), 20)
    assert read_pid(pids / "nginx.pid.oldbin") == old
    until("it has taken over", lambda: "has taken over" in node.log, 30)
    until("the new agent has the cache", node.ready, 30)
    return old, node.pid


def test_requests_go_on_while_one_supervisor_follows_the_other(node: DataPlane) -> None:
    with Requests(node) as load:
        old, new = upgrade(node)
        assert old != new
        os.kill(old, signal.SIGQUIT)
        until("the old one is gone", lambda: not (node.prefix / "pids" / "nginx.pid.oldbin").exists(), 20)
        seen = load.count
        until("requests flow", lambda: load.count > seen + 20)
    assert load.failures == []
    running = PrefixDirectory(node.prefix).running()
    assert running is not None
    assert running.pid == new
    done = node.run("dp", "stop")
    assert (done.returncode, done.stdout) == (0, "Kong stopped (gracefully)\n"), done.stderr


def test_the_node_keeps_its_id_and_its_commands(node: DataPlane) -> None:
    identity = (node.prefix / "kong.id").read_text()
    _, new = upgrade(node)
    assert node.run("dp", "health").returncode == 0
    before = node.workers()
    assert node.run("dp", "reload").stdout == "Kong reloaded\n"
    assert node.pid == new
    assert not before & node.workers()
    assert (node.prefix / "kong.id").read_text() == identity


def test_stopping_the_new_supervisor_stops_the_node(node: DataPlane) -> None:
    upgrade(node)
    done = node.run("dp", "stop")
    assert done.returncode == 0, done.stderr
    assert PrefixDirectory(node.prefix).running() is None
    assert list((node.prefix / "pids").glob("nginx.pid*")) == []


def test_a_new_supervisor_that_dies_is_replaced_by_the_old_one(node: DataPlane) -> None:
    old, new = upgrade(node)
    os.kill(new, signal.SIGKILL)
    until("the old one is the node again", lambda: read_pid(node.prefix / "pids" / "nginx.pid") == old, 20)
    until("its workers serve", node.ready, 30)
    assert node.status() == 404
    assert node.run("dp", "stop").returncode == 0


def test_a_new_supervisor_that_cannot_start_changes_nothing(node: DataPlane) -> None:
    old, workers = node.pid, node.workers()
    environment = node.prefix / ".kong_env"
    kept = environment.read_text()
    environment.write_text(kept + "cluster_cert = /nowhere\nproxy_listen = nonsense\n")
    with Requests(node) as load:
        os.kill(old, signal.SIGUSR2)
        until("it gave up", lambda: "could not take over, this one goes on" in node.log, 30)
        until("the old one is the node again", (node.prefix / "pids" / "nginx.pid").exists, 10)
    assert load.failures == []
    assert node.pid == old
    assert node.workers() == workers
    assert not (node.prefix / "pids" / "nginx.pid.oldbin").exists()
    environment.write_text(kept)
    assert node.run("dp", "health").returncode == 0
