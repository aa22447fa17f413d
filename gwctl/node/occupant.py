"""Who listens on an address already: found in /proc, as far as this user may look."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gwctl.node.prefix import PrefixDirectory

_LISTEN = "0A"
_LOCK = "/pids/node.lock"


@dataclass(frozen=True, slots=True)
class Occupant:
    """A program that listens.

    ``prefix`` and ``role`` are known when it is a node of ours, ``pid`` 0 when nothing is known.
    """

    pid: int = 0
    program: str = ""
    prefix: Path | None = None
    role: str = ""

    def __str__(self) -> str:
        if self.prefix is not None:
            return f"another gwctl node ({self.role or 'role unknown'}, prefix {self.prefix}, pid {self.pid})"
        if self.pid:
            return f"another program ({self.program}, pid {self.pid})"
        return "another program"


def find_occupant(ip: str, port: int) -> Occupant:
    """The listener that keeps ``ip:port``.

    A node's supervisor is preferred to its workers, which hold the same sockets.
    """
    inodes = {f"socket:[{inode}]" for inode in _listening(ip, port)}
    found = Occupant()
    for pid, links in _open_files(inodes):
        lock = next((link for link in links if link.endswith(_LOCK)), None)
        if lock is not None:
            prefix = Path(lock.removesuffix(_LOCK))
            holder = PrefixDirectory(prefix).running()
            if holder is not None and holder.pid == pid:
                return Occupant(pid, _program(pid), prefix, holder.role)
        if not found.pid:
            found = Occupant(pid, _program(pid))
    return found


def _listening(ip: str, port: int) -> Iterator[str]:
    wanted = ipaddress.ip_address(ip)
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            address, _, hexadecimal = fields[1].rpartition(":")
            if fields[3] == _LISTEN and int(hexadecimal, 16) == port and _collides(_decode(address), wanted):
                yield fields[9]


def _decode(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    # The kernel prints 32-bit words in the byte order of the machine.
    words = (int(text[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(text), 8))
    return ipaddress.ip_address(b"".join(words))


def _collides(
    one: ipaddress.IPv4Address | ipaddress.IPv6Address, other: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> bool:
    return one == other or one.is_unspecified or other.is_unspecified


def _open_files(wanted: set[str]) -> Iterator[tuple[int, list[str]]]:
    """Processes that have one of the files ``wanted`` open, with all their open files."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        links = _links(entry / "fd")
        if not wanted.isdisjoint(links):
            yield int(entry.name), links


def _links(directory: Path) -> list[str]:
    links: list[str] = []
    # Another user's process hides its files, and one that has just ended has none.
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        links.extend(os.readlink(entry.path) for entry in entries)
    return links


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "unknown"
