"""YAML text → values, event by event: no recursion, bounded depth, bounded aliases (reliability.md S5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from gwctl.declarative.limits import MAX_DEPTH, MAX_EXPANDED
from gwctl.declarative.scalars import plain

_STR = "tag:yaml.org,2002:str"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": (int, float),
    "tag:yaml.org,2002:bool": bool,
    "tag:yaml.org,2002:null": type(None),
}
Mark: TypeAlias = tuple[int, int]
"""Line and column, from 1."""

_COLLECTIONS = frozenset((None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"))

Substitute: TypeAlias = Callable[[str, bool, Mark], Any]
"""(text of a scalar, whether it is unquoted, line and column) → its value."""


class YamlError(Exception):
    """Text that is no YAML, or more than a file may hold; line and column count from 1."""

    def __init__(self, message: str, line: int | None, column: int | None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A name that stands twice in one object; the last one holds."""

    name: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: '{self.name}' stands twice in one object; the last one holds"


@dataclass(slots=True)
class _Frame:
    """A collection that is being read. ``weight`` counts its nodes with those that aliases stand for."""

    value: Any
    is_map: bool
    anchor: str | None
    weight: int = 1
    key: str | None = None
    merging: bool = False
    merged: list[dict[str, Any]] = field(default_factory=list)


def events(data: bytes) -> Iterator[Any]:
    """The events of ``data``. Raises YamlError; depth is bounded, because the parser's cost grows with its square."""
    loader = yaml.CSafeLoader(data)
    depth = 0
    try:
        while True:
            event = loader.get_event()
            if event is None:
                return
            kind = type(event)
            if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                depth += 1
                if depth > MAX_DEPTH:
                    raise fault(f"nested deeper than {MAX_DEPTH} levels", event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                depth -= 1
            yield event
    except yaml.YAMLError as error:
        raise _translated(error, data) from None
    finally:
        loader.dispose()


def fault(message: str, event: Any) -> YamlError:
    return YamlError(message, *mark_of(event))


def mark_of(event: Any) -> Mark:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _translated(error: yaml.YAMLError, data: bytes) -> YamlError:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return YamlError(str(getattr(error, "problem", error)), mark.line + 1, mark.column + 1)
    position = getattr(error, "position", None)
    reason = str(getattr(error, "reason", error))
    if not isinstance(position, int):
        return YamlError(reason, None, None)
    before = data[:position]
    start = before.rfind(b"\n") + 1
    return YamlError(reason, before.count(b"\n") + 1, len(before[start:].decode(errors="replace")) + 1)


class _Builder:
    """Puts values together as events come. The result shares what aliases share: treat it as read-only."""

    def __init__(self, substitute: Substitute | None) -> None:
        self.root: Any = None
        self.done = False
        self.duplicates: list[Duplicate] = []
        self._substitute = substitute
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._expanded = 0
        self._plain: dict[str, Any] = {}

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._start(event, kind is yaml.MappingStartEvent)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end(event)
        elif kind is yaml.AliasEvent:
            self._alias(event)

    def _scalar(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.is_map and frame.key is None:
            self._name(frame, event)
            return
        value = self._value(event)
        weight = 1 + (len(value) >> 6) if type(value) is str else 1
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, weight)
        self._put(value, weight, event)

    def _name(self, frame: _Frame, event: Any) -> None:
        """Names are text as it is written: ``on:`` is the name ``on``."""
        text: str = event.value
        if self._substitute is not None:
            text = str(self._substitute(text, False, mark_of(event)))
        frame.merging = text == "<<" and event.implicit[0]
        if event.anchor is not None:
            self._anchors[event.anchor] = (text, 1)
        self._key(frame, text, event)

    def _key(self, frame: _Frame, text: str, event: Any) -> None:
        if text in frame.value and not frame.merging:
            self.duplicates.append(Duplicate(text, *mark_of(event)))
        frame.key = text
        frame.weight += 1

    def _value(self, event: Any) -> Any:
        text = event.value
        if event.implicit[0]:
            if self._substitute is not None:
                return self._substitute(text, True, mark_of(event))
            known = self._plain.get(text, self)
            if known is not self:
                return known
            value = plain(text)
            if len(text) < 16:
                self._plain[text] = value
            return value
        tag = event.tag
        if tag is None or tag == "!" or tag == _STR:
            return text if self._substitute is None else self._substitute(text, False, mark_of(event))
        return self._tagged(tag, event)

    def _tagged(self, tag: str, event: Any) -> Any:
        wanted = _TYPES.get(tag)
        value = plain(event.value)
        if wanted is None:
            raise fault(f"unknown tag {tag.removeprefix('tag:yaml.org,2002:')!r}", event)
        if not isinstance(value, wanted):
            raise fault(f"{event.value!r} does not fit its tag", event)
        return value

    def _start(self, event: Any, is_map: bool) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.is_map and frame.key is None:
            raise fault("the name of an entry must be a scalar", event)
        if event.tag not in _COLLECTIONS:
            raise fault(f"unknown tag {event.tag.removeprefix('tag:yaml.org,2002:')!r}", event)
        if event.anchor is not None:
            self._open.add(event.anchor)
        self._stack.append(_Frame({} if is_map else [], is_map, event.anchor))

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        if frame.merged:
            merged: dict[str, Any] = {}
            for mapping in reversed(frame.merged):
                merged.update(mapping)
            frame.value = {**merged, **frame.value}
        if frame.anchor is not None:
            self._open.discard(frame.anchor)
            self._anchors[frame.anchor] = (frame.value, frame.weight)
        self._put(frame.value, frame.weight, event)

    def _alias(self, event: Any) -> None:
        name = event.anchor
        if name in self._open:
            raise fault(f"the alias '{name}' stands inside what it means", event)
        found = self._anchors.get(name)
        if found is None:
            raise fault(f"found undefined alias '{name}'", event)
        value, weight = found
        self._expanded += weight
        if self._expanded > MAX_EXPANDED:
            raise fault(f"aliases stand for more than {MAX_EXPANDED:,} nodes", event)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.is_map and frame.key is None:
            if type(value) is not str:
                raise fault("the name of an entry must be a scalar", event)
            self._key(frame, value, event)
            return
        self._put(value, weight, event)

    def _put(self, value: Any, weight: int, event: Any) -> None:
        if not self._stack:
            self.root = value
            self.done = True
            return
        frame = self._stack[-1]
        frame.weight += weight
        if not frame.is_map:
            frame.value.append(value)
        elif frame.merging:
            self._merge(frame, value, event)
        else:
            frame.value[frame.key] = value
            frame.key = None

    def _merge(self, frame: _Frame, value: Any, event: Any) -> None:
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise fault("expected a mapping or list of mappings for merging", event)
        frame.merged.extend(mappings)
        frame.merging, frame.key = False, None


def read_yaml(data: bytes, substitute: Substitute | None = None) -> tuple[Any, list[Duplicate]]:
    """The one document in ``data`` (UTF-8), and the names that stand in an object twice. Raises YamlError.

    ``substitute`` replaces texts (decK's ``${{ env "X" }}``).
    """
    builder = _Builder(substitute)
    take = builder.take
    for event in events(data):
        if builder.done and type(event) is yaml.DocumentStartEvent:
            raise fault("expected one document, found another one", event)
        take(event)
    return builder.root, builder.duplicates
