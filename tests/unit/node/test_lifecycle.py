"""Commands on a prefix without a node; those with one are in the integration tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from gwctl.kit.errors import GwctlError
from gwctl.node import lifecycle
from gwctl.node.lifecycle import NotRunning
from gwctl.node.prefix import NodeRunning, PrefixDirectory, PrefixError, RunningNode
from tests.unit.node.doubles import settings


def quiet(_: str) -> None: ...


def stop(prefix: Path) -> None:
    lifecycle.stop(prefix, graceful=False, timeout=1, wait=0, say=quiet)


def quit_(prefix: Path) -> None:
    lifecycle.stop(prefix, graceful=True, timeout=1, wait=0, say=quiet)


def reload(prefix: Path) -> None:
    lifecycle.reload(prefix, settings(prefix), say=quiet)


@pytest.mark.parametrize("command", [stop, quit_, reload, lifecycle.health])
def test_a_prefix_that_is_not_there(tmp_path: Path, command: Callable[[Path], object]) -> None:
    with pytest.raises(PrefixError, match=f"^no such prefix: {tmp_path}/none$"):
        command(tmp_path / "none")


@pytest.mark.parametrize("command", [stop, quit_, reload])
def test_a_prefix_where_nobody_lives(tmp_path: Path, command: Callable[[Path], object]) -> None:
    PrefixDirectory(tmp_path).create(quiet)
    with pytest.raises(NotRunning, match=f"^nginx not running in prefix: {tmp_path}$"):
        command(tmp_path)
    assert not (tmp_path / ".kong_env.next").exists()


def test_the_health_of_nobody(tmp_path: Path) -> None:
    PrefixDirectory(tmp_path).create(quiet)
    assert lifecycle.health(tmp_path).running is False
    assert lifecycle.running(tmp_path) is None


def test_a_second_start_names_the_first_and_touches_nothing(tmp_path: Path) -> None:
    prefix = PrefixDirectory(tmp_path)
    prefix.create(quiet)
    prefix.write_environment("kept\n")
    (prefix.sockets / "bus.sock").write_text("kept")
    lock = prefix.lock()
    lock.describe(RunningNode(4711, "data_plane"))
    with pytest.raises(NodeRunning) as caught:
        lifecycle.start(settings(tmp_path), daemon=True, say=quiet)
    assert caught.value.message == f"Kong is already running in {tmp_path}"
    assert caught.value.hint == (
        "it is a data_plane node with pid 4711: stop it with 'gwctl dp stop', or give this one another prefix with -p"
    )
    assert prefix.environment.read_text() == "kept\n"
    assert (prefix.sockets / "bus.sock").read_text() == "kept"
    assert lifecycle.running(tmp_path) == 4711
    lock.release()


@pytest.mark.parametrize("name", ["proxy_error_log", "proxy_access_log", "admin_access_log"])
def test_a_log_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    wrong = settings(tmp_path, **{name: str(tmp_path / "none" / "x.log")})
    with pytest.raises(GwctlError) as caught:
        lifecycle.start(wrong, daemon=True, say=quiet)
    assert caught.value.message == f"{name}: cannot write {tmp_path}/none/x.log: No such file or directory"
    assert PrefixDirectory(tmp_path).running() is None


def test_a_start_that_has_just_begun_is_named_without_a_number(tmp_path: Path) -> None:
    prefix = PrefixDirectory(tmp_path)
    prefix.create(quiet)
    lock = prefix.lock()
    with pytest.raises(NodeRunning) as caught:
        lifecycle.start(settings(tmp_path), daemon=True, say=quiet)
    assert (caught.value.hint or "").startswith(f"it is just starting: stop it with 'gwctl stop -p {tmp_path}'")
    lock.release()


def test_a_stop_waits_for_the_number_of_a_node_that_has_just_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: looked.set())
    monkeypatch.setattr(lifecycle, "time", clock)
    prefix = PrefixDirectory(tmp_path)
    prefix.create(quiet)
    with program() as before, program() as node:
        prefix.write_pid(before.pid)
        lock = prefix.lock()
        lock.describe(RunningNode(before.pid, "data_plane"))
        lock.release()
        lock = prefix.lock()
        stopper = threading.Thread(target=stop, args=(tmp_path,))
        stopper.start()
        assert looked.wait(10)
        lock.describe(RunningNode(node.pid, "data_plane"))
        assert node.wait(10) == -signal.SIGTERM
        lock.release()
        stopper.join(10)
        assert before.poll() is None


@contextlib.contextmanager
def program() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_node_that_does_not_answer_is_said_to(tmp_path: Path) -> None:
    prefix = PrefixDirectory(tmp_path)
    prefix.create(quiet)
    lock = prefix.lock()
    lock.describe(RunningNode(os.getpid(), "data_plane"))
    with pytest.raises(GwctlError, match="does not answer on"):
        lifecycle.health(tmp_path)
    lock.release()


def test_prepare_makes_the_prefix_and_its_settings(tmp_path: Path) -> None:
    lifecycle.prepare(settings(tmp_path / "node"))
    assert "role = data_plane" in (tmp_path / "node" / ".kong_env").read_text()
    assert (tmp_path / "node" / "sockets").is_dir()
    assert not (tmp_path / "node" / ".kong_process_secrets").exists()
