"""The few Linux calls that Python has no function for."""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36


def set_process_name(name: str) -> None:
    """What ``ps`` and ``top`` show; the kernel keeps 15 bytes."""
    _prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]))


def become_reaper() -> None:
    """Descendants whose parent dies become children of this process."""
    _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))


def end_with_parent() -> None:
    """Ask for SIGTERM when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM))


def _prctl(option: int, argument: object) -> None:
    # A kernel without the call leaves a name or an orphan's zombie behind, nothing worse.
    ctypes.CDLL(None, use_errno=True).prctl(option, argument, ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
