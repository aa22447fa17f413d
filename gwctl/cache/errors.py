"""Errors of the cache.

CacheError
├── CacheBusy       another process is the writer of this directory
├── CacheMissing    no cache was written here yet
├── CacheStorage    the disk or the memory map refused; nothing was applied and a later attempt may work
│   └── CacheFull   the records do not fit into the room the cache may take
├── CacheDamaged    a file of the cache is not what was written
├── CacheConflict   the changes contradict the records they are applied to; nothing was applied
└── DigestMismatch  the records after the changes are not those that were announced; nothing was applied
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from gwctl.kit.errors import GwctlError


class CacheError(GwctlError):
    code = "cache_error"


class CacheBusy(CacheError):
    code = "cache_busy"


class CacheMissing(CacheError):
    code = "cache_missing"


class CacheStorage(CacheError):
    code = "cache_storage"


class CacheFull(CacheStorage):
    code = "cache_full"


class CacheDamaged(CacheError):
    code = "cache_damaged"


class CacheConflict(CacheError):
    """``entity`` and ``key`` name the record that cannot be stored."""

    code = "cache_conflict"

    def __init__(self, entity: str, key: str, reason: str) -> None:
        super().__init__(f"{entity} {key}: {reason}")
        self.entity = entity
        self.key = key
        self.reason = reason


class DigestMismatch(CacheError):
    code = "digest_mismatch"


_DAMAGE = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.VersionMismatchError,
)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Translate what lmdb and the file system raise while ``path`` is written or opened."""
    try:
        yield
    except lmdb.MapFullError:
        raise
    except lmdb.MemoryError as error:
        raise CacheStorage(
            f"cannot map the cache {path}: {error}",
            hint="lower lmdb_map_size or raise the address space limit (ulimit -v)",
        ) from error
    except _DAMAGE as error:
        raise CacheDamaged(f"the cache {path} is damaged: {error}") from error
    except (lmdb.Error, OSError) as error:
        raise CacheStorage(
            f"cannot write or read the cache {path}: {error}", hint="check free space and permissions of the directory"
        ) from error
