"""A bounded memory of answers, also of "nothing", that forgets everything at once without a stall."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

T = TypeVar("T")


class _Unknown:
    """What a memory says about a question it does not remember."""


UNKNOWN: Final = _Unknown()

_LONGEST = 1024
"""Characters of a question worth remembering: nobody fills the memory with what comes once."""
_MOST_CHARACTERS = 4 * 1024 * 1024
_FREED_AT_ONCE = 8


class Memo(Generic[T]):
    """Keeps the last half of ``size`` answers and at most ``size``: when the young half is full, the old one goes.

    What goes is freed a few entries at a time, with each new answer, because to free a hundred thousand at once would
    hold up the requests of that moment.
    """

    __slots__ = ("_characters", "_going", "_half", "_old", "_young")

    def __init__(self, size: int) -> None:
        self._half = max(size // 2, 1)
        self._young: dict[object, T | None] = {}
        self._old: dict[object, T | None] = {}
        self._going: list[dict[object, T | None]] = []
        self._characters = 0

    def __len__(self) -> int:
        """The entries held, those included that only wait to be freed."""
        return len(self._young) + len(self._old) + sum(map(len, self._going))

    def resize(self, size: int) -> None:
        """Keep ``size`` from now on."""
        self._half = max(size // 2, 1)

    def clear(self) -> None:
        """Forget everything."""
        self._going += [half for half in (self._young, self._old) if half]
        self._young, self._old, self._characters = {}, {}, 0

    def get(self, key: object) -> T | _Unknown | None:
        """The answer to ``key``, UNKNOWN when it is not remembered."""
        found = self._young.get(key, UNKNOWN)
        if found is UNKNOWN and self._old:
            found = self._old.get(key, UNKNOWN)
            if found is not UNKNOWN:
                self._young[key] = found  # type: ignore[assignment]
        return found

    def put(self, key: object, answer: T | None, characters: int) -> None:
        """Remember ``answer``; ``characters`` is the length of what a client chose in ``key``."""
        if self._going:
            self._free()
        if characters > _LONGEST:
            return
        if len(self._young) >= self._half or self._characters >= _MOST_CHARACTERS:
            if self._old:
                self._going.append(self._old)
            self._old, self._young, self._characters = self._young, {}, 0
        self._young[key] = answer
        self._characters += characters

    def _free(self) -> None:
        going = self._going[-1]
        for _ in range(min(_FREED_AT_ONCE, len(going))):
            going.popitem()
        if not going:
            self._going.pop()
