"""DeclarativeError: everything that is wrong with one file, in the reference's shapes (admin-api.md 3.6, 3.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from gwctl.kit.errors import GwctlError
from gwctl.schema import lua

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in the document: names of objects, positions in lists counted from 0."""


@dataclass(frozen=True, slots=True)
class Place:
    """One error and where it stands; line and column count from 1, None when the text is not known."""

    path: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file or "", "" if self.line is None else f"{self.line}:{self.column}", self.path]
        return ": ".join([*(part for part in (":".join(p for p in parts[:2] if p), parts[2]) if part), self.message])

    def as_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
        }


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a path stands; ``path`` is the path inside of ``file``."""

    file: str | None
    line: int
    column: int
    path: Path


Locate: TypeAlias = Callable[[Sequence[Path]], Sequence[Spot | None]]
"""The spot of each path, from a second reading of the text."""

NUMBER = 14
NAME = "invalid declarative configuration"
PARSE_PREFIX = "failed parsing declarative configuration: "


class DeclarativeError(GwctlError):
    """A refused file. ``fields`` is the reference's nested tree of errors.

    ``hoisted`` is what is left of ``fields`` when the errors of entities are told one by one in ``entries``.
    """

    code = "declarative"

    def __init__(
        self,
        fields: dict[str, Any],
        *,
        hoisted: dict[str, Any] | None = None,
        entries: Sequence[Mapping[str, Any]] = (),
        faults: Sequence[tuple[Path, str]] = (),
        locate: Locate | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(f"declarative config is invalid: {lua.compact(fields)}")
        self.fields = fields
        self.file = file
        self._hoisted = fields if hoisted is None else hoisted
        self._entries = [dict(entry) for entry in entries]
        self._faults = list(faults)
        self._locate = locate

    def body(self) -> dict[str, Any]:
        """The body of the answer (code 14)."""
        return _body(self.fields)

    def flattened_body(self) -> dict[str, Any]:
        """The body of the answer when ``flatten_errors`` was asked for."""
        fields, entries = self.flattened()
        return {**_body(fields), "flattened_errors": entries}

    def flattened(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The errors that belong to no entity, and one entry per entity that has some (admin-api.md 3.6)."""
        return self._hoisted, self._entries

    @cached_property
    def places(self) -> list[Place]:
        """Every error with its place; the text is read a second time for it, once."""
        paths = [path for path, _ in self._faults]
        spots: Sequence[Spot | None] = [None] * len(paths)
        if self._locate is not None:
            spots = self._locate(paths)
        found = [self._place(path, message, spot) for (path, message), spot in zip(self._faults, spots, strict=True)]
        return sorted(found, key=_order)

    def _place(self, path: Path, message: str, spot: Spot | None) -> Place:
        if spot is None:
            return Place(dotted(path), message, self.file)
        return Place(dotted(spot.path), message, spot.file, spot.line, spot.column)

    def tree(self, indent: str = "  ") -> list[str]:
        """The lines that ``config parse`` prints: ``in 'services':``, ``- in entry 1 of 'services':``, …"""
        if list(self.fields) == ["error"]:
            return [f"{indent}{self.fields['error']}"]
        return _tree(self.fields, indent)

    def lines(self) -> list[str]:
        """The tree, and below it one line per error with its place, as compilers print them, when there is a text."""
        placed = [str(place) for place in self.places if place.line is not None]
        return [*self.tree(), *(["", *placed] if placed else [])]


def _order(place: Place) -> tuple[str, int, int, str]:
    """By place; what has none stays in the order of the document."""
    if place.line is None:
        return (place.file or "", 0, 0, "")
    return (place.file or "", place.line, place.column or 0, place.path)


def _body(fields: dict[str, Any]) -> dict[str, Any]:
    message = f"declarative config is invalid: {lua.compact(fields)}"
    return {"code": NUMBER, "name": NAME, "message": message, "fields": fields}


def parse_error(
    text: str, *, file: str | None = None, line: int | None = None, column: int | None = None
) -> DeclarativeError:
    """The text could not be read at all."""
    where = "" if line is None else f"{line}:{column}: "
    spot = None if line is None or column is None else Spot(file, line, column, ())
    fields = {"error": f"{PARSE_PREFIX}{where}{text}"}
    return DeclarativeError(fields, faults=[((), text)], locate=lambda paths: [spot for _ in paths], file=file)


def faults_error(faults: Sequence[tuple[Path, str]], *, file: str | None, locate: Locate | None) -> DeclarativeError:
    """A document that is wrong outside of its entities."""
    fields = {dotted(path) or "error": text for path, text in faults}
    return DeclarativeError(fields, faults=faults, locate=locate, file=file)


def dotted(path: Path) -> str:
    """``services[2].routes[0].paths[1]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _tree(errors: Mapping[str, Any] | Sequence[Any], indent: str, item: str = "") -> list[str]:
    lines: list[str] = []
    for key, error in _entries(errors):
        label = f"- in entry {key} of '{item}':" if isinstance(key, int) else f"in '{key}':"
        if isinstance(error, Mapping | list | tuple):
            lines.append(indent + label)
            lines += _tree(error, indent + "  ", item if isinstance(key, int) else key)
        else:
            lines.append(f"{indent}{label} {error}")
    return lines


def _entries(errors: Mapping[str, Any] | Sequence[Any]) -> list[tuple[str | int, Any]]:
    if isinstance(errors, Mapping):
        return list(errors.items())
    return [(position, error) for position, error in enumerate(errors, 1) if error is not None]
