"""The listening sockets of a node. The supervisor opens them once and keeps them, so a child that dies or is replaced
loses no queued connection.

Each slot of a process kind has its own SO_REUSEPORT socket per address. Because that option would let a second program
share the port unseen, an address is first bound without it: a taken port is an error that says by whom.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from gwctl.kit.errors import GwctlError
from gwctl.node.linux import refuse_connections
from gwctl.node.occupant import find_occupant
from gwctl.settings import Listener

DEFAULT_BACKLOG = 4096


class ListenError(GwctlError):
    """An address cannot be listened on."""

    code = "listen"


@dataclass(frozen=True, slots=True)
class Planned:
    """A listener and the setting that asks for it."""

    setting: str
    listener: Listener


@dataclass(frozen=True, slots=True)
class Address:
    """A socket address; ``sockaddr`` is ``(ip, port)``."""

    family: int
    ip: str
    port: int

    @property
    def text(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.family == socket.AF_INET6 else f"{self.ip}:{self.port}"


class ListenSockets:
    """All sockets of a node by address and slot."""

    def __init__(self) -> None:
        self._slots: dict[Address, list[socket.socket]] = {}

    def open(self, wanted: Iterable[tuple[Planned, int]]) -> None:
        """Open what is missing for each listener and its number of slots.

        Raises ListenError and then has opened nothing.
        """
        opened: list[tuple[Address, socket.socket]] = []
        users: dict[Address, str] = {}
        try:
            for planned, count in wanted:
                for address in resolve(planned):
                    if users.setdefault(address, planned.setting) != planned.setting:
                        raise _shared(address, users[address], planned.setting)
                    sockets = self._slots.setdefault(address, [])
                    if not sockets and address.port != 0:
                        _probe(planned, address)
                    while len(sockets) < count:
                        sockets.append(_listen(planned, address))
                        opened.append((address, sockets[-1]))
        except BaseException:
            for address, sock in opened:
                self._slots[address].remove(sock)
                sock.close()
            self._forget_empty()
            raise

    def of(self, planned: Planned, slot: int, count: int) -> list[socket.socket]:
        """The sockets of one of ``count`` slots.

        Sockets of slots that no longer exist are shared out: what queues there is served too.
        """
        return [sock for address in resolve(planned) for sock in self._slots.get(address, [])[slot::count]]

    def refuse(self, kept: Iterable[Planned] = ()) -> bool:
        """Take no new connections except at ``kept``; what has queued can be accepted. True when any is refused."""
        wanted = {address for planned in kept for address in resolve(planned)}
        going = [sock for address, sock in self.all() if address not in wanted]
        for sock in going:
            refuse_connections(sock)
        return bool(going)

    def keep(self, wanted: Iterable[Planned]) -> None:
        """Close every address that is not among ``wanted``."""
        kept = {address for planned in wanted for address in resolve(planned)}
        for address in [address for address in self._slots if address not in kept]:
            for sock in self._slots.pop(address):
                sock.close()

    def adopt(self, address: Address, sock: socket.socket) -> None:
        """Take a socket over from the supervisor before (SIGUSR2)."""
        self._slots.setdefault(address, []).append(sock)

    def all(self) -> list[tuple[Address, socket.socket]]:
        return [(address, sock) for address, sockets in self._slots.items() for sock in sockets]

    def close(self) -> None:
        for _, sock in self.all():
            sock.close()
        self._slots.clear()

    def _forget_empty(self) -> None:
        self._slots = {address: sockets for address, sockets in self._slots.items() if sockets}


def resolve(planned: Planned) -> list[Address]:
    """The addresses of a listener; a host name may have several. Raises ListenError."""
    listener = planned.listener
    try:
        answers = socket.getaddrinfo(listener.ip, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(
            f"{planned.setting}: cannot resolve {listener.ip}: {error.strerror}",
            hint=f"give {planned.setting} an address of this machine",
        ) from error
    return list(
        dict.fromkeys(Address(family, str(sockaddr[0]), int(sockaddr[1])) for family, _, _, _, sockaddr in answers)
    )


def _probe(planned: Planned, address: Address) -> None:
    with _new_socket(planned, address) as sock:
        _bind(planned, address, sock)


def _listen(planned: Planned, address: Address) -> socket.socket:
    listener = planned.listener
    sock = _new_socket(planned, address)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if listener.deferred:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        if listener.so_keepalive not in (None, "off"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _bind(planned, address, sock)
        sock.listen(listener.backlog or DEFAULT_BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _new_socket(planned: Planned, address: Address) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if address.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, planned.listener.ipv6only is not False)
    return sock


def _bind(planned: Planned, address: Address, sock: socket.socket) -> None:
    try:
        sock.bind((address.ip, address.port))
    except OSError as error:
        raise _listen_error(planned, address, error) from error


def _shared(address: Address, one: str, other: str) -> ListenError:
    return ListenError(
        f"{one} and {other} both want {address.text}",
        hint=f"give each its own port, for instance with GWCTL_{other.upper()}",
        code="port_taken",
    )


def _listen_error(planned: Planned, address: Address, error: OSError) -> ListenError:
    place = f"cannot listen on {address.text} ({planned.setting})"
    if error.errno == errno.EADDRINUSE:
        occupant = find_occupant(address.ip, address.port)
        if occupant.pid == os.getpid():
            return _shared(address, "another listener of this node", planned.setting)
        stop = f"stop it with 'gwctl stop -p {occupant.prefix}'" if occupant.prefix else "stop that program"
        return ListenError(
            f"{place}: port {address.port} is taken by {occupant}",
            hint=f"{stop}, or choose another port with GWCTL_{planned.setting.upper()}",
            code="port_taken",
        )
    hints = {
        errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE",
        errno.EADDRNOTAVAIL: "this machine has no such address",
    }
    return ListenError(f"{place}: {os.strerror(error.errno or 0)}", hint=hints.get(error.errno or 0))
