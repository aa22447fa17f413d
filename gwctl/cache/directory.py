"""The files of a cache directory: generations, the pointer to the current one, and what was set aside.

::

    gen-000007/{data.mdb,lock.mdb,state.json}   generations: the current one and the one before it
    new-000008/                                 a generation being written; worthless after a crash
    bad-gen-000006-…/                           damaged generations, kept for examination (at most two)
    CURRENT                                     the name of the current generation, replaced by rename
    lock                                        held by the one writer

Nothing in it names the node or a path, so a copy of the directory serves another node as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from pathlib import Path

from gwctl.cache.errors import CacheBusy, storage_errors
from gwctl.kit.files import sync_directory, write_atomic

_GENERATION = re.compile(r"gen-(\d{6,})")
_UNFINISHED = re.compile(r"new-(\d{6,})")
_BAD = re.compile(r"bad-gen-(\d{6,})-[0-9a-f]{8}")
_KEPT_BAD = 2
_CURRENT = "CURRENT"


class Directory:
    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the directory, for its owner only. Raises CacheStorage."""
        with storage_errors(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def lock(self) -> int:
        """Become the only writer; the returned descriptor holds the lock. Raises CacheBusy."""
        with storage_errors(self.path):
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise CacheBusy(
                f"the cache {self.path} is already written by process {holder}",
                hint="one node per prefix: stop the other node or use another prefix (-p)",
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor

    def holds(self, descriptor: int) -> bool:
        """Whether ``descriptor`` locks this directory still: the file may have been removed, and locked anew."""
        held = os.fstat(descriptor)
        try:
            present = (self.path / "lock").stat()
        except OSError:
            return False
        return (held.st_dev, held.st_ino) == (present.st_dev, present.st_ino)

    def current(self) -> Path | None:
        """The generation that readers use, or None when there is none. Never raises for a damaged pointer."""
        try:
            name = (self.path / _CURRENT).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None
        path = self.path / name
        return path if _GENERATION.fullmatch(name) and path.is_dir() else None

    def readable(self) -> Path | None:
        """The generation for whoever only reads: the current one, or the newest when the pointer is lost."""
        return self.current() or next(iter(self.generations()), None)

    def point_to(self, generation: Path) -> None:
        """Make ``generation`` the current one."""
        write_atomic(self.path / _CURRENT, f"{generation.name}\n", mode=0o600)

    def generations(self) -> list[Path]:
        """All finished generations, newest first."""
        found = [(number_of(path), path) for path in self.path.glob("gen-*") if _GENERATION.fullmatch(path.name)]
        return [path for _, path in sorted(found, reverse=True)]

    def candidates(self) -> list[Path]:
        """The generations to try at start: the current one, then the others, newest first."""
        current = self.current()
        others = [path for path in self.generations() if path != current]
        return [current, *others] if current else others

    def next_number(self) -> int:
        names = [path.name for path in self.path.iterdir()]
        numbers = [int(match[1]) for name in names if (match := re.match(r"(?:bad-gen|gen|new)-(\d{6,})", name))]
        return max(numbers, default=0) + 1

    def begin(self, above: int = 0) -> Path:
        """A fresh directory to write a generation in, with a number greater than ``above``."""
        path = self.path / f"new-{max(self.next_number(), above + 1):06d}"
        path.mkdir(mode=0o700)
        return path

    def publish(self, unfinished: Path) -> Path:
        """Name a written generation as finished; it becomes current with ``point_to``."""
        finished = self.path / f"gen-{number_of(unfinished):06d}"
        sync_directory(unfinished)
        os.rename(unfinished, finished)
        sync_directory(self.path)
        return finished

    def set_aside(self, generation: Path) -> Path:
        """Rename a damaged generation and forget the oldest of those set aside."""
        target = self.path / f"bad-{generation.name}-{secrets.token_hex(4)}"
        os.rename(generation, target)
        bad = [path for path in self.path.glob("bad-gen-*") if _BAD.fullmatch(path.name)]
        for old in sorted(bad, key=lambda path: path.stat().st_ctime_ns, reverse=True)[_KEPT_BAD:]:
            discard(old)
        return target

    def sweep(self, current: Path) -> None:
        """Remove unfinished generations and all finished ones but the current and the one before it."""
        for path in self.path.glob("new-*"):
            if _UNFINISHED.fullmatch(path.name):
                discard(path)
        older = [path for path in self.generations() if path != current]
        for path in older[1:]:
            discard(path)


def number_of(path: Path) -> int:
    """The number in a generation's directory name."""
    match = re.search(r"-(\d{6,})", path.name)
    return int(match[1]) if match else 0


def discard(path: Path) -> None:
    """Remove a directory of a generation; what cannot be removed is left for the next sweep."""
    with contextlib.suppress(OSError):
        shutil.rmtree(path)
