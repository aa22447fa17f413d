"""The local copy of the configuration: LMDB generations with one writer and many reading processes.

``CacheWriter`` is opened by the process that receives configuration, ``CacheReader`` by those that serve from it; the
layout of the directory is described in ``directory``, that of the keys in ``keys``.
"""

from gwctl.cache.errors import (
    CacheBusy,
    CacheConflict,
    CacheDamaged,
    CacheError,
    CacheFull,
    CacheMissing,
    CacheStorage,
    DigestMismatch,
)
from gwctl.cache.generation import GenerationWriter
from gwctl.cache.reader import CacheReader, CacheView
from gwctl.cache.writer import DEFAULT_MAP_SIZE, CacheWriter
from gwctl.kit.changes import Change, Delta, Document, Position

__all__ = [
    "DEFAULT_MAP_SIZE",
    "CacheBusy",
    "CacheConflict",
    "CacheDamaged",
    "CacheError",
    "CacheFull",
    "CacheMissing",
    "CacheReader",
    "CacheStorage",
    "CacheView",
    "CacheWriter",
    "Change",
    "Delta",
    "DigestMismatch",
    "Document",
    "GenerationWriter",
    "Position",
]
