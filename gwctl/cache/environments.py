"""Open LMDB environments of one process, shared by reference count.

LMDB refuses to open a file twice in one process, and a generation must stay open for the last view of it although a
newer one is current. Whoever needs a generation holds a lease; the last release closes it.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb

from gwctl.cache.errors import CacheDamaged, storage_errors

_MAX_READERS = 4096
_MAGIC = 0xBEEFC0DE
_PAGE_HEADER = 16
_LONGEST = 1 << 40
_LAST_PAGE_OFFSET = _PAGE_HEADER + 24 + 2 * 48
_TRANSACTION_OFFSET = _LAST_PAGE_OFFSET + 8


@dataclass(slots=True)
class _Open:
    environment: Any
    writable: bool
    leases: int


class Lease:
    """The right to use an open generation until ``release``."""

    __slots__ = ("_owner", "environment", "path")

    def __init__(self, owner: Environments, path: Path, environment: Any) -> None:
        self._owner: Environments | None = owner
        self.path = path
        self.environment = environment

    def release(self) -> None:
        """Give the right back; more than once does no harm."""
        owner, self._owner = self._owner, None
        if owner is not None:
            owner._release(self.path)

    def share(self) -> Lease:
        """Another lease on the same generation."""
        if self._owner is None:
            raise ValueError("the lease was released")
        return self._owner.acquire(self.path)


class Environments:
    """All open generations of a process; safe to use from several threads."""

    def __init__(self) -> None:
        self._open: dict[Path, _Open] = {}
        self._lock = threading.Lock()

    def acquire(
        self, path: Path, *, writable: bool = False, map_size: int | None = None, durable: bool = True
    ) -> Lease:
        """A lease on the generation at ``path``, opened when nobody has it open yet.

        ``map_size`` None keeps the size the file was written with. A writable lease on a generation that is open for
        reading only is refused with ValueError. Raises CacheDamaged for a file cut short, CacheStorage.
        """
        with self._lock:
            known = self._open.get(path)
            if known is None:
                known = _Open(_open(path, writable, map_size, durable), writable, 0)
                self._open[path] = known
            elif writable and not known.writable:
                raise ValueError(f"{path} is open for reading only")
            known.leases += 1
            return Lease(self, path, known.environment)

    def _release(self, path: Path) -> None:
        with self._lock:
            known = self._open[path]
            known.leases -= 1
            if known.leases == 0:
                del self._open[path]
                known.environment.close()


def _open(path: Path, writable: bool, map_size: int | None, durable: bool) -> Any:
    with storage_errors(path):
        ensure_whole(path / "data.mdb")
        return lmdb.open(
            str(path),
            map_size=map_size or 0,
            readonly=not writable,
            create=writable,
            sync=durable,
            mode=0o600,
            max_readers=_MAX_READERS,
            max_dbs=0,
        )


def ensure_whole(data: Path, *, written: bool = False) -> None:
    """Raise CacheDamaged when the file ends before its last page: LMDB would die of a bus error reading it.

    A missing or empty file is whole, as a new environment, unless it was ``written`` before. This costs two reads, not
    a verification.
    """
    try:
        size = data.stat().st_size
    except FileNotFoundError:
        return
    if size == 0 and not written:
        return
    with data.open("rb") as file:
        head = file.read(65536 + 512)
    page_size = _page_size(head)
    newest = max((_meta(head, place) for place in (0, page_size)), default=None)
    if newest is None or (newest[1] + 1) * page_size > size:
        raise CacheDamaged(f"the cache file {data} is cut short or is no cache file")


def claim_length(data: Path) -> None:
    """Make a file that nobody has open as long as its last page says, for a verification to read it safely.

    A process may die between a commit and ``lengthen``; where more than unused pages is missing, the verification finds
    empty ones. Raises OSError.
    """
    try:
        size = data.stat().st_size
    except FileNotFoundError:
        return
    with data.open("rb") as file:
        head = file.read(65536 + 512)
    page_size = _page_size(head)
    transaction, last = max(_meta(head, place) for place in (0, page_size))
    needed = (last + 1) * page_size
    if transaction >= 0 and 0 < size < needed <= _LONGEST:
        os.truncate(data, needed)


def lengthen(environment: Any, generation: Path) -> None:
    """Make the file as long as its last page says; what is added takes no room on the disk.

    LMDB counts pages that a transaction took and gave back without writing them, so a sound file may be shorter, which
    ``ensure_whole`` could not tell from a file that was cut. Raises OSError.
    """
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    data = generation / "data.mdb"
    if data.stat().st_size < needed:
        os.truncate(data, needed)


def _page_size(head: bytes) -> int:
    offset = _PAGE_HEADER + 24  # the page size of the file is kept in the first word of the free-list database
    size = int.from_bytes(head[offset : offset + 4], "little")
    return size if size in (4096, 8192, 16384, 32768, 65536) else 4096


def _meta(head: bytes, place: int) -> tuple[int, int]:
    """(transaction, last page) of the meta page at ``place``; (-1, a page beyond any file) when it is unreadable."""
    page = head[place : place + 512]
    unreadable = (-1, 1 << 52)
    if len(page) < _TRANSACTION_OFFSET + 8:
        return unreadable
    if int.from_bytes(page[_PAGE_HEADER : _PAGE_HEADER + 4], "little") != _MAGIC:
        return unreadable
    last = int.from_bytes(page[_LAST_PAGE_OFFSET : _LAST_PAGE_OFFSET + 8], "little")
    return int.from_bytes(page[_TRANSACTION_OFFSET : _TRANSACTION_OFFSET + 8], "little"), last
