"""A bounded memory of results, also of failures."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Keeps the last ``size`` results and at most twice as many: when the young half is full, the old one goes."""

    __slots__ = ("_old", "_size", "_young")

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[object, T | None] = {}
        self._old: dict[object, T | None] = {}

    def get(self, key: object) -> tuple[bool, T | None]:
        """Whether the result of ``key`` is known, and what it is."""
        if key in self._young:
            return True, self._young[key]
        if key in self._old:
            result = self._old[key]
            self.put(key, result)
            return True, result
        return False, None

    def put(self, key: object, result: T | None) -> None:
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = result
