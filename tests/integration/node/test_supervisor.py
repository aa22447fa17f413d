"""The supervisor and its children: who dies, who stalls, who is replaced, and what callers notice of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable

import psutil
import pytest

from tests.integration.node.conftest import Load, StubNode, until

Start = Callable[..., StubNode]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestLife:
    def test_every_worker_serves_from_a_socket_of_its_own(self, start: Start) -> None:
        node = start(workers=2)
        slots: set[int] = set()
        until("both slots answer", lambda: slots.add(node.call().slot) or len(slots) == 2)

    def test_quit_finishes_what_is_in_flight(self, start: Start) -> None:
        node = start(workers=1)
        with socket.create_connection(("127.0.0.1", node.port), 5) as sock:
            sock.sendall(b"slow\n")
            until("a worker has the request", (node.prefix / "slow").exists)
            node.signal(signal.SIGQUIT)
            assert len(sock.recv(100).split()) == 3
        assert node.wait() == 0

    def test_term_ends_at_once_and_frees_the_port(self, start: Start) -> None:
        node = start(workers=1)
        with socket.create_connection(("127.0.0.1", node.port), 5) as sock:
            sock.sendall(b"slow\n")
            until("a worker has the request", (node.prefix / "slow").exists)
            began = time.monotonic()
            node.signal(signal.SIGTERM)
            assert node.wait() == 0
            assert time.monotonic() - began < 2
        assert refused(node.port)

    def test_nothing_is_left_after_a_stop(self, start: Start) -> None:
        node = start(workers=2)
        family = node.descendants()
        assert len(family) == 4
        node.signal(signal.SIGQUIT)
        node.wait()
        assert [process.pid for process in family if alive(process.pid)] == []
        assert list((node.prefix / "sockets").iterdir()) == []
        assert not (node.prefix / "pids" / "nginx.pid").exists()

    def test_the_pid_file_names_the_supervisor(self, start: Start) -> None:
        node = start(workers=1)
        assert (node.prefix / "pids" / "nginx.pid").read_text().strip() == str(node.process.pid)

    def test_a_term_during_a_graceful_stop_hurries_it(self, start: Start) -> None:
        node = start(workers=1)
        worker = next(iter(node.pids()))
        os.kill(worker, signal.SIGSTOP)
        node.signal(signal.SIGQUIT)
        until("it is stopping", lambda: "(SIGQUIT) received" in node.log)
        began = time.monotonic()
        node.signal(signal.SIGTERM)
        assert node.wait() == 0
        assert time.monotonic() - began < 5
        assert not alive(worker)


class TestStartThatFails:
    def test_the_worker_s_own_words_are_the_error(self, start: Start, tmp_path: object) -> None:
        node = start(ready=False, workers=1)
        node.signal(signal.SIGKILL)
        node.wait()
        (node.prefix / "worker-fails").write_text("no such thing")
        again = start(ready=False, workers=2)
        assert again.line() == "failed: no such thing"
        assert again.wait() == 1
        assert not (again.prefix / "pids" / "nginx.pid").exists()

    def test_a_worker_that_crashes_at_once_fails_the_start(self, start: Start) -> None:
        node = start(ready=False, workers=1)
        node.signal(signal.SIGKILL)
        node.wait()
        (node.prefix / "worker-crashes").write_text("")
        again = start(ready=False, workers=1)
        assert again.line() == "failed: worker 0 ended while it was starting with exit code 3"
        assert again.wait() == 1

    def test_a_taken_port_fails_the_start_and_names_the_node(self, start: Start) -> None:
        first = start("first", workers=2)
        second = start("second", ready=False, workers=2, port=first.port)
        line = second.line()
        assert f"port {first.port} is taken by another gwctl node (data_plane, prefix {first.prefix}" in line
        assert second.wait() == 1
        assert first.call().version == 0


def _fork_servers(node: StubNode) -> set[int]:
    found = set()
    for process in node.descendants():
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "gwctl forks" and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
    return found


def _kill_all(pids: set[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


class TestDeaths:
    def test_a_killed_worker_is_replaced_within_a_second_at_the_current_version(self, start: Start) -> None:
        node = start(workers=2)
        node.store(7)
        until("version 7 is served", lambda: {node.call().version for _ in range(8)} == {7})
        victim = min(node.pids())
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        until("two workers again", lambda: len(node.pids() - {victim}) == 2)
        assert time.monotonic() - began < 1.0
        assert {node.call().version for _ in range(8)} == {7}

    def test_a_successor_knows_that_it_is_one(self, start: Start) -> None:
        node = start(workers=2)
        assert [member["stats"] for member in node.members("worker")] == [{"memory": 1, "first": True}] * 2
        kill_one(node)
        until("it says so", lambda: {"memory": 1, "first": False} in [each["stats"] for each in node.members("worker")])

    def test_only_what_a_killed_worker_had_accepted_fails(self, start: Start) -> None:
        node = start(workers=2)
        with Load(node, threads=4) as load:
            for _ in range(3):
                kill_one(node)
        assert len(load.failures) <= 3 * 4
        assert load.count > 30

    def test_a_crash_loop_slows_down_and_the_supervisor_lives(self, start: Start) -> None:
        node = start(workers=1)
        (node.prefix / "worker-crashes").write_text("")
        os.kill(next(iter(node.pids())), signal.SIGKILL)
        until("it crashed twice", lambda: node.log.count("ended with exit code 3") >= 2)
        began = time.monotonic()
        until("and a third time", lambda: node.log.count("ended with exit code 3") >= 3)
        assert time.monotonic() - began > 1.0
        (node.prefix / "worker-crashes").unlink()
        until("it serves again", lambda: node.pids(), 10)
        assert node.call().slot == 0

    def test_the_death_of_the_agent_is_not_noticed_by_callers(self, start: Start) -> None:
        node = start(workers=2)
        with Load(node) as load:
            agent = next(iter(node.pids("agent")))
            os.kill(agent, signal.SIGKILL)
            until("another agent", lambda: node.pids("agent") - {agent})
            node.store(9)
            until("its version is served", lambda: {node.call().version for _ in range(8)} == {9}, 5)
        assert load.failures == []

    def test_the_death_of_the_fork_server_disturbs_no_child_and_it_comes_back_at_once(self, start: Start) -> None:
        node = start(workers=2)
        workers = node.pids()
        killed = node.named("gwctl forks").pid
        os.kill(killed, signal.SIGKILL)
        until("another fork server", lambda: _fork_servers(node) - {killed})
        assert "the fork server ended: killed by SIGKILL" in node.log
        assert node.pids() == workers
        victim = min(workers)
        os.kill(victim, signal.SIGKILL)
        until("a worker from a new fork server", lambda: len(node.pids() - {victim}) == 2)
        until("no zombie stays", lambda: not [p for p in node.descendants() if p.status() == psutil.STATUS_ZOMBIE])

    def test_a_worker_that_dies_with_its_fork_server_is_replaced_without_a_pause(self, start: Start) -> None:
        node = start(workers=1)
        began = time.monotonic()
        for _ in range(3):
            victims = {*node.pids(), *_fork_servers(node)}
            _kill_all(victims)
            until("another worker", lambda victims=victims: node.pids() - victims)  # type: ignore[misc]
            until("another fork server", lambda victims=victims: _fork_servers(node) - victims)  # type: ignore[misc]
        assert node.call().slot == 0
        assert time.monotonic() - began < 12

    def test_a_fork_server_that_dies_again_and_again_holds_up_no_stop(self, start: Start) -> None:
        node = start(workers=1)
        victims = _fork_servers(node)
        for _ in range(4):
            _kill_all(victims)
            victims = until("another fork server", lambda victims=victims: _fork_servers(node) - victims)  # type: ignore[misc]
        _kill_all(victims | node.pids())
        until("the worker is missed", lambda: "worker 0" in node.log and not node.pids())
        began = time.monotonic()
        node.signal(signal.SIGTERM)
        assert node.wait() == 0
        assert time.monotonic() - began < 6

    def test_a_worker_that_stalls_is_killed_and_replaced(self, start: Start) -> None:
        node = start(workers=1, stall=2)
        stalled = next(iter(node.pids()))
        with socket.create_connection(("127.0.0.1", node.port), 5) as sock:
            sock.sendall(b"stall\n")
            until("another worker", lambda: node.pids() - {stalled}, 10)
        assert f"worker 0 ({stalled}) stalls; it is replaced" in node.log
        assert node.call().pid != stalled

    def test_a_stopped_agent_is_replaced_too(self, start: Start) -> None:
        node = start(workers=1, stall=2)
        agent = next(iter(node.pids("agent")))
        os.kill(agent, signal.SIGSTOP)
        until("another agent", lambda: node.pids("agent") - {agent}, 10)

    def test_children_end_gracefully_when_the_supervisor_is_killed(self, start: Start) -> None:
        node = start(workers=2)
        family = node.descendants()
        with socket.create_connection(("127.0.0.1", node.port), 5) as sock:
            sock.sendall(b"slow\n")
            until("a worker has the request", (node.prefix / "slow").exists)
            node.process.kill()
            assert len(sock.recv(100).split()) == 3
        until("all of them end", lambda: not [p for p in family if alive(p.pid)], 10)

    def test_a_start_right_after_a_kill_finds_its_port_free(self, start: Start) -> None:
        node = start(workers=2)
        node.process.kill()
        node.wait()
        again = start(workers=2, port=node.port)
        assert again.call().version == 0


class TestVersions:
    def test_the_agent_hears_of_a_version_when_every_worker_serves_it(self, start: Start) -> None:
        node = start(workers=2)
        node.store(3)
        until("acknowledged", lambda: node.members("agent")[0]["stats"] == {"acknowledged": 3})
        status = node.status()
        assert (status["version"], status["config_hash"]) == (3, f"{3:032x}")

    def test_a_worker_that_comes_later_does_not_hold_it_back(self, start: Start) -> None:
        node = start(workers=1)
        os.kill(next(iter(node.pids())), signal.SIGKILL)
        node.store(4)
        until("acknowledged", lambda: node.members("agent")[0]["stats"] == {"acknowledged": 4})


class TestReload:
    def test_the_supervisor_stays_and_every_child_is_new(self, start: Start) -> None:
        node = start(workers=2)
        before = node.pids() | node.pids("agent")
        assert node.reload().error == ""
        until("the agent too", lambda: node.pids("agent"))
        assert not before & (node.pids() | node.pids("agent"))
        assert node.process.poll() is None
        until("the old ones end", lambda: not [pid for pid in before if alive(pid)])

    def test_reloads_under_load_drop_nothing(self, start: Start) -> None:
        node = start(workers=2)
        with Load(node, threads=4) as load:
            for _ in range(5):
                assert node.reload().error == ""
        assert load.failures == []
        assert load.count > 30

    def test_requests_in_flight_finish_in_the_old_worker(self, start: Start) -> None:
        node = start(workers=1)
        old = next(iter(node.pids()))
        with socket.create_connection(("127.0.0.1", node.port), 5) as sock:
            sock.sendall(b"slow\n")
            until("a worker has the request", (node.prefix / "slow").exists)
            assert node.reload().error == ""
            assert int(sock.recv(100).split()[0]) == old

    def test_a_hangup_reloads_too(self, start: Start) -> None:
        node = start(workers=1)
        old = node.pids()
        node.signal(signal.SIGHUP)
        until("a new worker", lambda: node.pids() and not node.pids() & old)

    def test_broken_settings_leave_everything_as_it_was(self, start: Start) -> None:
        node = start(workers=2)
        before = node.pids() | node.pids("agent")
        (node.prefix / "broken").write_text("")
        assert node.reload().error == "these settings are broken"
        assert node.pids() | node.pids("agent") == before
        assert "[error]" in node.log
        assert "reload failed, the node goes on as it was: these settings are broken" in node.log

    def test_workers_that_cannot_start_leave_everything_as_it_was(self, start: Start) -> None:
        node = start(workers=2)
        before = node.pids() | node.pids("agent")
        (node.prefix / "worker-fails").write_text("cannot")
        with Load(node) as load:
            assert node.reload().error == "cannot"
        assert load.failures == []
        assert node.pids() | node.pids("agent") == before
        (node.prefix / "worker-fails").unlink()
        time.sleep(1.5)
        assert node.pids() | node.pids("agent") == before, "nobody tries on"

    @pytest.mark.parametrize("workers", ["1", "4"])
    def test_the_number_of_workers_changes_without_a_drop(self, start: Start, workers: str) -> None:
        node = start(workers=2)
        (node.prefix / "workers").write_text(workers)
        with Load(node) as load:
            assert node.reload().error == ""
            until("the new number", lambda: len(node.pids()) == int(workers))
        assert load.failures == []

    def test_a_new_address_is_opened_and_the_old_one_closed(self, start: Start, free: int) -> None:
        node = start(workers=2)
        old = node.port
        (node.prefix / "port").write_text(str(free))
        assert node.reload().error == ""
        node.port = free
        assert node.call().version == 0
        until("the old port is closed", lambda: refused(old))

    def test_a_taken_new_address_leaves_everything_as_it_was(self, start: Start) -> None:
        node = start(workers=2)
        before = node.pids()
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            (node.prefix / "port").write_text(str(other.getsockname()[1]))
            assert "is taken by another program" in node.reload().error
        assert node.pids() == before
        assert node.call().version == 0


@pytest.fixture
def free() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def kill_one(node: StubNode) -> None:
    """Kill a worker and wait for its successor."""
    victim = min(node.pids())
    os.kill(victim, signal.SIGKILL)
    until("it is replaced", lambda: len(node.pids() - {victim}) == 2)


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    except TimeoutError:
        pass  # knocked while the listener took nobody in any more
    return False


def test_reloads_and_deaths_leave_no_descriptor_and_no_process_behind(start: Start) -> None:
    node = start(workers=2)
    supervisor = psutil.Process(node.process.pid)

    def settled() -> bool:
        return len(node.descendants()) == 4 and len(node.pids()) == 2 and len(node.pids("agent")) == 1

    def round_() -> int:
        assert node.reload().error == ""
        kill_one(node)
        until("nothing else is there", settled)
        return supervisor.num_fds()

    round_()
    first = round_()
    for _ in range(3):
        round_()
    until("no descriptor is left of the rounds", lambda: supervisor.num_fds() <= first)
