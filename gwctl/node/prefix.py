"""The prefix directory of a node: where its files are, and whether a node lives there (hybrid.md 2.8, 3.2).

The authority on liveness is a lock on ``pids/node.lock`` that the supervisor holds for its life (and hands over on
SIGUSR2): it belongs to the open file, so it ends with the last process that has it, and asking for it takes nothing.
The pid file is for people and scripts; a stale one, or one whose number now belongs to another program, never
misleads.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gwctl.kit.errors import GwctlError
from gwctl.kit.files import write_atomic

DIRECTORY_MODE = 0o700
ENVIRONMENT_MODE = 0o640
_LOGS = ("error.log", "access.log", "admin_access.log")
_FLOCK = struct.Struct("@hhqqi0q")  # struct flock: type, whence, start, length (0: to the end), pid

T = TypeVar("T")


class PrefixError(GwctlError):
    """The prefix cannot be prepared, or there is none."""

    code = "prefix"


class NodeRunning(GwctlError):
    """A node lives in the prefix; ``pid`` is its supervisor (0 when it has not written its number yet)."""

    code = "already_running"

    def __init__(self, prefix: Path, node: RunningNode) -> None:
        super().__init__(f"Kong is already running in {prefix}")
        self.prefix = prefix
        self.pid = node.pid
        self.role = node.role


@dataclass(frozen=True, slots=True)
class RunningNode:
    """Who holds a prefix: the supervisor's pid (0: not yet known) and role ("" : not yet known)."""

    pid: int
    role: str


class NodeLock:
    """The held lock of a prefix. It ends when every process that has ``descriptor`` open is gone."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor = descriptor
        self._path = path

    def describe(self, node: RunningNode) -> None:
        """Write who holds the lock, for ``running`` of other processes."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{node.pid} {node.role}\n".encode(), 0)

    def release(self) -> None:
        """Close this process's end; more than once does no harm."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class PrefixDirectory:
    """Names of the files below one prefix, and the steps that prepare it. ``path`` is absolute."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self.pids = self.path / "pids"
        self.pid_file = self.pids / "nginx.pid"
        self.old_pid_file = self.pids / "nginx.pid.oldbin"
        self.lock_file = self.pids / "node.lock"
        self.logs = self.path / "logs"
        self.error_log = self.logs / "error.log"
        self.access_log = self.logs / "access.log"
        self.admin_access_log = self.logs / "admin_access.log"
        self.environment = self.path / ".kong_env"
        self.next_environment = self.path / ".kong_env.next"
        self.identity = self.path / "kong.id"
        self.ssl = self.path / "ssl"
        self.sockets = self.path / "sockets"
        self.bus = self.sockets / "bus.sock"
        self.replica = self.path / "hub.lmdb"
        self.loads = self.path / "loads"
        self.document = self.path / "stdin.kong"

    def exists(self) -> bool:
        return os.path.isdir(self.path)

    def create(self, say: Callable[[str], None]) -> None:
        """Create what is missing; safe against another process that does the same. Raises PrefixError."""
        if not os.path.exists(self.path):
            say(f"prefix directory {self.path} not found, trying to create it")
        for directory in (self.path, self.pids, self.logs, self.ssl, self.sockets):
            self._guard(directory, lambda directory=directory: _make_directory(directory))  # type: ignore[misc]
        for name in _LOGS:
            path = self.logs / name
            self._guard(path, lambda path=path: _touch(path))  # type: ignore[misc]

    def write_environment(self, text: str) -> None:
        """Replace ``.kong_env``: the settings a running node was started with."""
        self._guard(self.environment, lambda: write_atomic(self.environment, text, ENVIRONMENT_MODE, durable=False))

    def write_next_environment(self, text: str) -> None:
        """Leave settings for a node that is about to reload."""
        path = self.next_environment
        self._guard(path, lambda: write_atomic(path, text, ENVIRONMENT_MODE, durable=False))

    def write_pid(self, pid: int) -> None:
        self._guard(self.pid_file, lambda: write_atomic(self.pid_file, f"{pid}\n", durable=False))

    def remove_pid(self, path: Path, pid: int) -> None:
        """Remove a pid file, unless another supervisor has written its own number into it."""
        if read_pid(path) == pid:
            path.unlink(missing_ok=True)

    def lock(self) -> NodeLock:
        """Become the node of this prefix.

        Raises NodeRunning when there is one, PrefixError when the lock cannot be opened.
        """
        descriptor = self._guard(
            self.lock_file, lambda: os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        )
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        except OSError as error:
            node = _read_holder(descriptor)
            os.close(descriptor)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise self._error(self.lock_file, error) from error
            raise NodeRunning(self.path, node) from None
        os.ftruncate(descriptor, 0)  # whoever held it before is gone, and the number may be another program's by now
        return NodeLock(descriptor, self.lock_file)

    def running(self) -> RunningNode | None:
        """Who lives here; None when nobody does. Raises PrefixError when this user may not know."""
        try:
            descriptor = os.open(self.lock_file, os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError as error:
            raise PrefixError(
                f"cannot read {self.lock_file}: {error.strerror}",
                hint=f"the node belongs to another user than {_user_name()}; try with sudo",
            ) from error
        except OSError:
            return None
        try:
            answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            return None if _FLOCK.unpack(answer)[0] == fcntl.F_UNLCK else _read_holder(descriptor)
        finally:
            os.close(descriptor)

    def write_document(self, text: bytes) -> None:
        """Keep the document that a node was started with. Raises PrefixError."""
        self._guard(self.document, lambda: write_atomic(self.document, text, 0o600))

    def remove_dangling_sockets(self, warn: Callable[[str], None]) -> None:
        """Remove sockets a killed node left behind. Call with the lock held."""
        dangling = [entry for entry in sorted(self.sockets.iterdir()) if stat.S_ISSOCK(entry.lstat().st_mode)]
        if not dangling:
            return
        warn(
            f'Found dangling unix sockets in the prefix directory ("{self.path}") while preparing to start Kong. '
            "This may be a sign that Kong was previously shut down uncleanly or is in an unknown state and could "
            "require further investigation."
        )
        warn("Attempting to remove dangling sockets before starting Kong...")
        for path in dangling:
            warn(f"removing unix socket: {path}")
            path.unlink(missing_ok=True)

    def _guard(self, path: Path, step: Callable[[], T]) -> T:
        try:
            return step()
        except OSError as error:
            raise self._error(path, error) from error

    def _error(self, path: Path, error: OSError) -> PrefixError:
        reason = os.strerror(error.errno) if error.errno else str(error)
        fixes = {errno.ENOSPC: "free some space on that disk", errno.ENAMETOOLONG: "give it a shorter name"}
        fix = fixes.get(error.errno or 0, f"make it writable for user {_user_name()}")
        return PrefixError(
            f"could not prepare Kong prefix at {self.path}: {path}: {reason}",
            hint=f"{fix}, or choose another place with -p PREFIX or GWCTL_PREFIX",
        )


def read_pid(path: Path) -> int | None:
    """The number in a pid file; None when there is none or it is not a number."""
    try:
        return int(path.read_text().strip())
    except (OSError, ValueError):
        return None


def _make_directory(path: Path) -> None:
    path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _touch(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640))


def _read_holder(descriptor: int) -> RunningNode:
    words = os.pread(descriptor, 100, 0).decode(errors="replace").split()
    pid = int(words[0]) if words and words[0].isdigit() else 0
    return RunningNode(pid, words[1] if len(words) > 1 else "")


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
