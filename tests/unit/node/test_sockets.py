"""Listening sockets: taken ports are named, slots keep their sockets, nothing half-open stays behind."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.node import occupant
from gwctl.node.occupant import find_occupant
from gwctl.node.prefix import PrefixDirectory, RunningNode
from gwctl.node.sockets import Address, ListenError, ListenSockets, Planned
from gwctl.settings import Listener


def planned(port: int, ip: str = "127.0.0.1") -> Planned:
    return Planned("proxy_listen", Listener(ip, port))


@pytest.fixture
def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def listen(port: int = 0, ip: str = "127.0.0.1", *, reuse_port: bool = False) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((ip, port))
    sock.listen()
    return sock


@contextlib.contextmanager
def another_program(shares: bool, *inherited: int) -> Iterator[tuple[int, int]]:
    """A process that listens; its pid and port."""
    code = (
        "import socket, sys\n"
        "sock = socket.socket()\n"
        f"sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, {int(shares)})\n"
        "sock.bind(('127.0.0.1', 0)); sock.listen(); print(sock.getsockname()[1], flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], text=True, pass_fds=inherited, **pipes) as program:
        assert program.stdout is not None
        yield program.pid, int(program.stdout.readline())


def test_every_slot_has_its_own_socket_and_keeps_it(free_port: int) -> None:
    sockets = ListenSockets()
    item = planned(free_port)
    sockets.open([(item, 3)])
    first = [sockets.of(item, slot, 3) for slot in range(3)]
    sockets.open([(item, 3)])
    assert [sockets.of(item, slot, 3) for slot in range(3)] == first
    assert len({sock.fileno() for slot in first for sock in slot}) == 3
    sockets.close()


def test_fewer_slots_share_out_the_sockets_of_those_that_are_gone(free_port: int) -> None:
    sockets = ListenSockets()
    item = planned(free_port)
    sockets.open([(item, 4)])
    every = {sock for slot in range(2) for sock in sockets.of(item, slot, 2)}
    assert every == {sock for _, sock in sockets.all()}
    sockets.close()


def test_more_slots_open_more_sockets_on_the_same_port(free_port: int) -> None:
    sockets = ListenSockets()
    item = planned(free_port)
    sockets.open([(item, 1)])
    sockets.open([(item, 2)])
    assert len(sockets.all()) == 2
    sockets.close()


@pytest.mark.parametrize("shares", [False, True])
def test_a_taken_port_is_refused_even_when_its_owner_would_share_it(shares: bool) -> None:
    with another_program(shares) as (pid, port), pytest.raises(ListenError) as caught:
        ListenSockets().open([(planned(port), 1)])
    assert re.fullmatch(
        rf"cannot listen on 127\.0\.0\.1:{port} \(proxy_listen\): "
        rf"port {port} is taken by another program \(python[0-9.]*, pid {pid}\)",
        caught.value.message,
    )
    assert caught.value.hint == "stop that program, or choose another port with GWCTL_PROXY_LISTEN"


def test_a_port_of_another_node_names_the_node(tmp_path: Path) -> None:
    node = PrefixDirectory(tmp_path / "node")
    node.create(lambda _: None)
    lock = node.lock()
    with another_program(False, lock.descriptor) as (pid, port):
        lock.describe(RunningNode(pid, "data_plane"))
        lock.release()
        with pytest.raises(ListenError) as caught:
            ListenSockets().open([(planned(port), 1)])
    assert f"taken by another gwctl node (data_plane, prefix {node.path}, pid {pid})" in caught.value.message
    assert (caught.value.hint or "").startswith(f"stop it with 'gwctl stop -p {node.path}'")


def test_when_one_address_fails_those_opened_before_it_are_closed(free_port: int) -> None:
    sockets = ListenSockets()
    with listen() as other, pytest.raises(ListenError):
        sockets.open([(planned(free_port), 2), (planned(other.getsockname()[1]), 2)])
    assert sockets.all() == []
    listen(free_port).close()


def test_a_failure_leaves_what_was_open_before(free_port: int) -> None:
    sockets = ListenSockets()
    sockets.open([(planned(free_port), 1)])
    with listen() as other, pytest.raises(ListenError):
        sockets.open([(planned(free_port), 2), (planned(other.getsockname()[1]), 1)])
    assert [address.port for address, _ in sockets.all()] == [free_port]
    sockets.close()


def test_keep_closes_the_addresses_that_are_no_longer_wanted(free_port: int) -> None:
    sockets = ListenSockets()
    sockets.open([(planned(free_port), 2), (planned(free_port, "127.0.0.2"), 2)])
    sockets.keep([planned(free_port, "127.0.0.2")])
    assert {address.ip for address, _ in sockets.all()} == {"127.0.0.2"}
    listen(free_port).close()
    sockets.close()


def test_two_settings_with_one_address_are_told_apart(free_port: int) -> None:
    other = Planned("admin_listen", Listener("127.0.0.1", free_port))
    with pytest.raises(ListenError) as caught:
        ListenSockets().open([(planned(free_port), 1), (other, 1)])
    assert caught.value.message == f"proxy_listen and admin_listen both want 127.0.0.1:{free_port}"


def test_a_listener_on_all_addresses_and_one_of_them_collide(free_port: int) -> None:
    sockets = ListenSockets()
    everywhere = Planned("admin_listen", Listener("0.0.0.0", free_port))
    with pytest.raises(ListenError, match="another listener of this node and proxy_listen both want"):
        sockets.open([(everywhere, 1), (planned(free_port), 1)])
    assert sockets.all() == []


def test_an_address_of_another_machine_says_so() -> None:
    with pytest.raises(ListenError) as caught:
        ListenSockets().open([(planned(1, "192.0.2.1"), 1)])
    assert caught.value.message.startswith("cannot listen on 192.0.2.1:1 (proxy_listen): ")
    assert caught.value.hint == "this machine has no such address"


def test_a_name_without_address_is_refused() -> None:
    with pytest.raises(ListenError, match=r"proxy_listen: cannot resolve no\.such\.name\.invalid"):
        ListenSockets().open([(planned(1, "no.such.name.invalid"), 1)])


def test_an_inherited_socket_is_used_instead_of_a_new_one(free_port: int) -> None:
    inherited = listen(free_port, reuse_port=True)
    sockets = ListenSockets()
    sockets.adopt(Address(socket.AF_INET, "127.0.0.1", free_port), inherited)
    sockets.open([(planned(free_port), 1)])
    assert sockets.of(planned(free_port), 0, 1) == [inherited]
    sockets.close()


class TestOccupant:
    def test_a_listener_on_all_addresses_occupies_each(self) -> None:
        with listen(ip="0.0.0.0") as other:
            assert find_occupant("127.0.0.1", other.getsockname()[1]).pid == os.getpid()

    def test_ipv6_is_found_too(self) -> None:
        try:
            other = listen(ip="::1")
        except OSError as error:
            pytest.skip(f"no IPv6 here: {error}")
        with other:
            assert find_occupant("::1", other.getsockname()[1]).pid == os.getpid()

    def test_a_program_that_cannot_be_seen_is_just_another_program(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(occupant, "_open_files", lambda _: iter(()))
        assert str(find_occupant("127.0.0.1", 1)) == "another program"

    def test_another_address_with_the_same_port_does_not_count(self) -> None:
        with listen(ip="127.0.0.1") as other:
            assert find_occupant("127.0.0.9", other.getsockname()[1]).pid == 0
