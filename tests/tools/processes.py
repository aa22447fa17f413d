"""The processes of a node, found from outside: by the prefix's pid file and by the names they give themselves."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil


def alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def name_of(process: psutil.Process) -> str:
    """The name a process gave itself, without the program: ``worker 0``, ``agent``, ``api``, ``hub``, ``forks``."""
    try:
        return Path(f"/proc/{process.pid}/comm").read_text().strip().removeprefix("gwctl ")
    except OSError:
        return ""


def supervisor(prefix: Path) -> int:
    """The supervisor's pid as the pid file says."""
    return int((prefix / "pids" / "nginx.pid").read_text())


def tree(prefix: Path) -> list[psutil.Process]:
    """Supervisor first, then everything below it."""
    root = psutil.Process(supervisor(prefix))
    return [root, *root.children(recursive=True)]


def of_kind(prefix: Path, kind: str) -> list[psutil.Process]:
    """Processes of one kind (``worker``, ``agent``, ``api``, ``hub`` …), by slot."""
    found = [process for process in tree(prefix)[1:] if name_of(process).split(" ")[0] == kind and alive(process.pid)]
    return sorted(found, key=name_of)


def kill(processes: Iterable[psutil.Process], number: int = signal.SIGKILL) -> list[int]:
    """Send a signal; a process already gone is fine. Returns the pids."""
    pids = []
    for process in processes:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            continue
        pids.append(process.pid)
    return pids


def marked(variable: str, value: str) -> list[psutil.Process]:
    """Every living process that was started with this environment variable: how a test finds what it left behind."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(variable) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
