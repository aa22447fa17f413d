"""What the fork server and the supervisor send each other: pickled objects with descriptors beside them."""

from __future__ import annotations

import array
import pickle
import socket
from dataclasses import dataclass

PACKET = 1 << 20
MAX_DESCRIPTORS = 250


@dataclass(frozen=True, slots=True)
class Loaded:
    """The modules are imported."""


@dataclass(frozen=True, slots=True)
class Forked:
    pid: int


@dataclass(frozen=True, slots=True)
class Exited:
    """``code`` is the exit code, or minus the signal's number."""

    pid: int
    code: int


Reply = Loaded | Forked | Exited


def send(sock: socket.socket, packet: object, descriptors: list[int]) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    sock.sendmsg([pickle.dumps(packet)], rights)


def receive(sock: socket.socket) -> tuple[object, list[int]] | None:
    """One packet with its descriptors; None when the other end is gone."""
    room = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
    data, ancillary, _, _ = sock.recvmsg(PACKET, room, socket.MSG_CMSG_CLOEXEC)
    if not data:
        return None
    descriptors = array.array("i")
    for level, kind, rights in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(rights[: len(rights) - len(rights) % descriptors.itemsize])
    return pickle.loads(data), list(descriptors)  # noqa: S301 - from our own parent, over an inherited socket
