"""The prefix directory: made once whoever else makes it, and honest about who lives there."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.node import prefix as prefix_module
from gwctl.node.prefix import NodeRunning, PrefixDirectory, PrefixError, RunningNode, read_pid


def quiet(_: str) -> None: ...


@contextlib.contextmanager
def another_user(path: Path) -> Iterator[None]:
    """Whoever runs the test may not read ``path`` inside."""
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def prefix(tmp_path: Path) -> PrefixDirectory:
    directory = PrefixDirectory(tmp_path / "a" / "node")
    directory.create(quiet)
    return directory


def test_everything_a_node_needs_is_there_after_create(prefix: PrefixDirectory) -> None:
    assert {path.name for path in prefix.path.iterdir()} == {"pids", "logs", "ssl", "sockets"}
    assert {path.name for path in prefix.logs.iterdir()} == {"error.log", "access.log", "admin_access.log"}
    assert stat.S_IMODE(prefix.path.stat().st_mode) == 0o700
    prefix.write_environment("role = data_plane\n")
    assert stat.S_IMODE(prefix.environment.stat().st_mode) == 0o640


def test_a_missing_prefix_is_announced_and_an_existing_one_is_not(tmp_path: Path) -> None:
    said: list[str] = []
    directory = PrefixDirectory(tmp_path / "node")
    directory.create(said.append)
    directory.create(said.append)
    assert said == [f"prefix directory {tmp_path / 'node'} not found, trying to create it"]


def test_a_relative_prefix_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert PrefixDirectory(Path("here")).path == tmp_path / "here"


def test_many_may_create_it_at_once(tmp_path: Path) -> None:
    errors: list[Exception] = []
    barrier = threading.Barrier(8)

    def create() -> None:
        barrier.wait()
        try:
            PrefixDirectory(tmp_path / "x" / "y").create(quiet)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_file_in_the_way_is_one_line_with_the_path_and_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PrefixError) as caught:
        PrefixDirectory(tmp_path / "file" / "node").create(quiet)
    assert caught.value.message == (
        f"could not prepare Kong prefix at {tmp_path}/file/node: {tmp_path}/file/node: Not a directory"
    )
    assert "-p PREFIX" in (caught.value.hint or "")


def test_a_name_that_is_too_long_says_so(tmp_path: Path) -> None:
    directory = PrefixDirectory(tmp_path / ("n" * 300))
    assert not directory.exists()
    with pytest.raises(PrefixError, match=r"File name too long$") as caught:
        directory.create(quiet)
    assert (caught.value.hint or "").startswith("give it a shorter name")


def test_a_full_disk_is_not_a_matter_of_permissions(prefix: PrefixDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(prefix_module, "write_atomic", full)
    with pytest.raises(PrefixError, match=r"No space left on device$") as caught:
        prefix.write_environment("")
    assert (caught.value.hint or "").startswith("free some space on that disk")


def test_a_directory_of_sockets_may_be_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "run"
    elsewhere.mkdir()
    directory = PrefixDirectory(tmp_path / "node")
    directory.path.mkdir()
    directory.sockets.symlink_to(elsewhere)
    directory.create(quiet)
    assert directory.sockets.is_symlink()


class TestLock:
    def test_it_says_who_lives_here_and_refuses_a_second(self, prefix: PrefixDirectory) -> None:
        lock = prefix.lock()
        lock.describe(RunningNode(4711, "data_plane"))
        assert prefix.running() == RunningNode(4711, "data_plane")
        with pytest.raises(NodeRunning, match=f"Kong is already running in {prefix.path}") as caught:
            prefix.lock()
        assert (caught.value.pid, caught.value.role) == (4711, "data_plane")
        lock.release()
        assert prefix.running() is None

    def test_a_pid_file_of_a_dead_or_reused_pid_means_nothing(self, prefix: PrefixDirectory) -> None:
        prefix.write_pid(os.getpid())
        assert prefix.running() is None
        prefix.lock().release()

    def test_a_new_holder_is_not_taken_for_the_one_before(self, prefix: PrefixDirectory) -> None:
        lock = prefix.lock()
        lock.describe(RunningNode(4711, "data_plane"))
        lock.release()
        lock = prefix.lock()
        assert prefix.running() == RunningNode(0, "")
        lock.release()

    def test_who_may_not_look_is_told_so(self, prefix: PrefixDirectory) -> None:
        prefix.lock().release()
        with another_user(prefix.lock_file), pytest.raises(PrefixError, match="Permission denied") as caught:
            prefix.running()
        assert "belongs to another user" in (caught.value.hint or "")

    def test_asking_never_makes_a_start_fail(self, prefix: PrefixDirectory) -> None:
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                prefix.running()

        asker = threading.Thread(target=ask)
        asker.start()
        try:
            for _ in range(300):
                prefix.lock().release()
        finally:
            done.set()
            asker.join()

    def test_it_lives_on_in_a_process_that_inherited_it(self, prefix: PrefixDirectory) -> None:
        lock = prefix.lock()
        heir = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.descriptor])
        lock.release()
        assert prefix.running() is not None
        heir.communicate(b"\n")
        assert prefix.running() is None

    def test_it_ends_with_a_killed_process(self, prefix: PrefixDirectory) -> None:
        code = (
            "import sys; from pathlib import Path; from gwctl.node.prefix import *\n"
            "lock = PrefixDirectory(Path(sys.argv[1])).lock(); print('held', flush=True); input()"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", code, str(prefix.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert prefix.running() is not None
        holder.kill()
        holder.communicate()
        assert prefix.running() is None


class TestPidFile:
    def test_it_holds_the_number(self, prefix: PrefixDirectory) -> None:
        prefix.write_pid(4711)
        assert read_pid(prefix.pid_file) == 4711
        prefix.remove_pid(prefix.pid_file, 4711)
        assert read_pid(prefix.pid_file) is None

    def test_the_number_of_another_supervisor_is_left_alone(self, prefix: PrefixDirectory) -> None:
        prefix.write_pid(2)
        prefix.remove_pid(prefix.pid_file, 1)
        assert read_pid(prefix.pid_file) == 2


def test_sockets_of_a_killed_node_are_removed_with_a_warning(prefix: PrefixDirectory) -> None:
    path = prefix.sockets / "we"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(os.path.relpath(path))
    said: list[str] = []
    prefix.remove_dangling_sockets(said.append)
    assert not path.exists()
    assert said[0].startswith(f'Found dangling unix sockets in the prefix directory ("{prefix.path}")')
    assert said[1:] == [
        "Attempting to remove dangling sockets before starting Kong...",
        f"removing unix socket: {path}",
    ]


def test_a_clean_prefix_warns_of_nothing(prefix: PrefixDirectory) -> None:
    (prefix.sockets / "notes.txt").write_text("mine")
    prefix.remove_dangling_sockets(pytest.fail)
    assert (prefix.sockets / "notes.txt").exists()
