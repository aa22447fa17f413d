"""A table of URL paths with parameters, looked up segment by segment on the raw path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("entry", "named", "parameter")

    def __init__(self) -> None:
        self.named: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None
        self.entry: tuple[tuple[str, ...], T] | None = None


class PathTable(Generic[T]):
    """Values by path; ``{name}`` stands for one non-empty segment and named segments win over parameters.

    Segments are split before they are percent-decoded, so ``%2F`` belongs to its segment. Bytes that are not UTF-8 come
    out as surrogate escapes. One trailing slash is tolerated, an empty segment matches nothing.
    """

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._values: dict[str, T] = {}

    def add(self, path: str, value: T) -> None:
        """Store ``value`` under ``path``. Raises ValueError when the path is taken."""
        node = self._root
        names: list[str] = []
        for segment in path.strip("/").split("/") if path != "/" else []:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.named.setdefault(segment, _Node())
        if node.entry is not None:
            raise ValueError(f"path {path} is in the table already")
        node.entry = (tuple(names), value)
        self._values[path] = value

    def find(self, raw_path: bytes) -> tuple[T, dict[str, str]] | None:
        """The value of the path and its parameters (a name that repeats keeps its last value), or None."""
        if not raw_path.startswith(b"/"):
            return None
        parts = raw_path[1:].split(b"/")
        if parts[-1] == b"":
            parts.pop()
        segments = [unquote_to_bytes(part).decode("utf-8", "surrogateescape") for part in parts]
        if "" in segments:
            return None
        found = _walk(self._root, segments, 0, ())
        if found is None:
            return None
        (names, value), matched = found
        return value, dict(zip(names, matched, strict=True))

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """All (path, value), ordered by segment: ``/a``, ``/a/z``, ``/ab``."""
        return iter(sorted(self._values.items(), key=lambda item: item[0].split("/")))


def _walk(
    node: _Node[T], segments: list[str], index: int, matched: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], T], tuple[str, ...]] | None:
    if index == len(segments):
        return None if node.entry is None else (node.entry, matched)
    segment = segments[index]
    named = node.named.get(segment)
    if named is not None:
        found = _walk(named, segments, index + 1, matched)
        if found is not None:
            return found
    if node.parameter is None:
        return None
    return _walk(node.parameter, segments, index + 1, (*matched, segment))
