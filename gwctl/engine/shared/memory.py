"""The memory that the processes of a node share: a descriptor that the supervisor makes and its children inherit.

It is made of 64-bit words. One word is read and written in one piece, so who reads needs no lock; who writes what
others write too holds a lock (``stripes``). Pages that nobody has touched cost nothing.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from dataclasses import dataclass

WORD = 8
_MAGIC = 0x6777_6374_6C00_0001
"""``gwctl``, and the number of the layout: it grows with every change of what is below."""

_HEADER_WORDS = 512
_HEALTH_SLOTS = 1 << 16
_ROWS = 256
_COLUMNS = 128

SLOT_WORDS = 8
"""Words of one entry of the table of health."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are, in words. ``health_slots`` must be a power of two of 64 or more."""

    health_slots: int = _HEALTH_SLOTS
    rows: int = _ROWS
    columns: int = _COLUMNS

    @property
    def used(self) -> int:
        """One bit per health slot: whether it is in use."""
        return _HEADER_WORDS

    @property
    def health(self) -> int:
        return self.used + self.health_slots // 64

    @property
    def metrics(self) -> int:
        return self.health + self.health_slots * SLOT_WORDS

    @property
    def words(self) -> int:
        return self.metrics + self.rows * self.columns

    @property
    def number(self) -> int:
        """Tells layouts apart that a process cannot share."""
        return _MAGIC ^ (self.health_slots << 40 | self.rows << 24 | self.columns << 8)


EPOCH = 1
"""The word that grows whenever the availability of an address changes."""
STRIPES = 64
"""Locks for the writers of health, and one more for those that add or remove entries."""
UNFINISHED = 64
"""First of ``STRIPES + 1`` words: 1 while somebody writes under that lock."""


class SharedMemory:
    """A mapping of the node's memory. ``words`` is all of it.

    Who maps it first gives it its size and number; all processes of a node are of one version, so that they may do this
    at the same time. The size never changes then: no process can take pages from under another.
    """

    __slots__ = ("_map", "descriptor", "layout", "words")

    def __init__(self, descriptor: int, layout: Layout | None = None) -> None:
        """Raises ValueError for memory of another layout; it was made by another version of this program."""
        self.layout = layout or Layout()
        self.descriptor = descriptor
        size = self.layout.words * WORD
        if os.fstat(descriptor).st_size == 0:
            os.ftruncate(descriptor, size)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        if os.fstat(descriptor).st_size != size:
            raise ValueError("the shared memory has another size than this version uses")
        self._map = mmap.mmap(descriptor, size)
        self.words: memoryview[int] = memoryview(self._map).cast("Q")
        self.words[0] = self.words[0] or self.layout.number
        if self.words[0] != self.layout.number:
            self.words.release()
            self._map.close()
            raise ValueError("the shared memory has another layout than this version uses")

    @classmethod
    def create(cls, layout: Layout | None = None) -> SharedMemory:
        """New memory, all zeros. Raises OSError."""
        return cls(os.memfd_create("gwctl", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), layout)

    def fileno(self) -> int:
        return self.descriptor

    def close(self) -> None:
        """Unmap it and close the descriptor; for tests and for supervisors, whose processes are gone."""
        self.words.release()
        self._map.close()
        os.close(self.descriptor)
