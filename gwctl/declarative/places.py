"""Where a path stands in a text: a second reading, done only when there is an error to pin down."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

import yaml

from gwctl.declarative.errors import Path
from gwctl.declarative.yaml_text import Mark, YamlError, events, mark_of

Kind = Literal["map", "list", "end", "value"]
Token: TypeAlias = tuple[Kind, str, Any]
"""What begins or ends here, its text (of a scalar), and where: a mark, or something that `_Marks` can read."""


def locate(data: bytes, syntax: str, paths: Sequence[Path]) -> list[Mark | None]:
    """The mark of every path: of the name in its object or of the element in its list.

    A path that leads into nothing gets the mark of the last part that exists; the whole text's when none does.
    """
    wanted: dict[str | int, Any] = {}
    for path in paths:
        node = wanted
        for step in path:
            node = node.setdefault(step, {})
    lines = _Lines(data)
    tokens = _yaml_tokens(data) if syntax == "yaml" else _json_tokens(data, lines)
    marks: dict[Path, Mark] = {}
    with contextlib.suppress(YamlError):
        _walk(tokens, wanted, marks)
    return [_nearest(marks, path) for path in paths]


def _nearest(marks: dict[Path, Mark], path: Path) -> Mark | None:
    for length in range(len(path), -1, -1):
        mark = marks.get(path[:length])
        if mark is not None:
            return mark
    return None


class _Level:
    """An open collection; ``wanted`` is None when nothing below it is asked for."""

    __slots__ = ("is_map", "key", "path", "position", "wanted")

    def __init__(self, is_map: bool, path: Path, wanted: dict[str | int, Any] | None) -> None:
        self.is_map = is_map
        self.path = path
        self.wanted = wanted
        self.key: str | None = None
        self.position = 0


def _walk(tokens: Iterator[Token], wanted: dict[str | int, Any], marks: dict[Path, Mark]) -> None:
    stack: list[_Level] = []
    for kind, text, where in tokens:
        if kind == "end":
            stack.pop()
            continue
        level = stack[-1] if stack else None
        if level is not None and level.is_map and level.key is None:
            level.key = text
            if level.wanted is not None and text in level.wanted:
                marks[(*level.path, text)] = where()
            continue
        path, below = _place(level, wanted)
        if level is None:
            marks[()] = where()
        elif not level.is_map and below is not None:
            marks[path] = where()
        if kind != "value":
            stack.append(_Level(kind == "map", path, below))


def _place(level: _Level | None, root: dict[str | int, Any]) -> tuple[Path, dict[str | int, Any] | None]:
    """The path of the value that begins now, and what is asked for below it."""
    if level is None:
        return (), root
    step: str | int
    if level.is_map:
        step, level.key = level.key or "", None
    else:
        step = level.position
        level.position += 1
    if level.wanted is None or step not in level.wanted:
        return (), None
    return (*level.path, step), level.wanted[step]


def _yaml_tokens(data: bytes) -> Iterator[Token]:
    for event in events(data):
        kind = type(event)
        if kind is yaml.ScalarEvent:
            yield "value", event.value, _mark_of(event)
        elif kind is yaml.AliasEvent:
            yield "value", "", _mark_of(event)
        elif kind is yaml.MappingStartEvent:
            yield "map", "", _mark_of(event)
        elif kind is yaml.SequenceStartEvent:
            yield "list", "", _mark_of(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            yield "end", "", None


def _mark_of(event: Any) -> Any:
    return lambda: mark_of(event)


# Possessive: what a string may go back to costs the engine 40 bytes per character.
_JSON_TOKEN = re.compile(rb'"((?:[^"\\]++|\\.)*+)"|([{\[])|([}\]])|[^\s{}\[\],:"]+')


def _json_tokens(data: bytes, lines: _Lines) -> Iterator[Token]:
    import orjson

    for found in _JSON_TOKEN.finditer(data):
        where = _lines_mark(lines, found.start())
        if found[2]:
            yield ("map" if found[2] == b"{" else "list"), "", where
        elif found[3]:
            yield "end", "", None
        elif found[1] is not None:
            raw = found[0]
            yield "value", (orjson.loads(raw) if b"\\" in raw else found[1].decode()), where
        else:
            yield "value", found[0].decode(), where


def _lines_mark(lines: _Lines, offset: int) -> Any:
    return lambda: lines.mark(offset)


class _Lines:
    """Line and column of offsets in a text."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts: list[int] = []

    def mark(self, offset: int) -> Mark:
        if not self._starts:
            self._starts = [0, *(found.end() for found in re.finditer(rb"\n", self._data))]
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        return line, len(self._data[start:offset].decode(errors="replace")) + 1
