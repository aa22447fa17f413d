"""The few Linux calls that Python has no function for."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
from pathlib import Path

_SO_ATTACH_FILTER = 26
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36


def set_process_name(name: str) -> None:
    """What ``ps`` and ``top`` show; the kernel keeps 15 bytes."""
    _prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]))


def shared_memory() -> int:
    """A descriptor of memory that children can inherit, still without a size. Raises OSError."""
    return os.memfd_create("gwctl", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def become_reaper() -> None:
    """Descendants whose parent dies become children of this process."""
    _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))


def raise_file_limit() -> None:
    """Allow this process and its children as many open files as the system lets us have without asking."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def bury_orphans(own: set[int]) -> None:
    """Bury dead children that are not ``own``: those of descendants that died before them (``become_reaper``)."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(OSError):
        for pid in {int(word) for word in children.read_text().split()} - own:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def end_with_parent() -> None:
    """Ask for SIGTERM when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM))


class _Instruction(ctypes.Structure):
    """``struct sock_filter`` of the kernel's classic packet filter."""

    _fields_ = (("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


# The filter sees a segment from its TCP header on. Byte 13 holds the flags; SYN without ACK asks for a connection.
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load byte 13
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # only SYN?
    (0x06, 0, 0, 0),  # then drop
    (0x06, 0, 0, 0xFFFFFFFF),  # else keep
)


def refuse_connections(sock: socket.socket) -> None:
    """Let a listening socket take no new connection, while handshakes under way still complete.

    Closing it a moment later then resets nobody: whoever knocked meanwhile gets no answer, knocks again after a second
    and is refused. A kernel that does not allow this leaves the socket as it was.
    """
    instructions = (_Instruction * len(_DROP_SYN))(*(_Instruction(*words) for words in _DROP_SYN))
    program = _Program(len(_DROP_SYN), instructions)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))


def _prctl(option: int, argument: object) -> None:
    # A kernel without the call leaves a name or an orphan's zombie behind, nothing worse.
    ctypes.CDLL(None, use_errno=True).prctl(option, argument, ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
