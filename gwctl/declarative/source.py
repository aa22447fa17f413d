"""Text of a declarative file → document: JSON, YAML, or whichever fits (admin-api.md 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from gwctl.declarative.errors import DeclarativeError, Path, Spot, parse_error
from gwctl.declarative.limits import MAX_BYTES, MAX_DEPTH, MAX_LENIENT_JSON
from gwctl.declarative.yaml_text import Duplicate, Substitute, YamlError, read_yaml

Syntax = Literal["json", "yaml"]

_BOM = b"\xef\xbb\xbf"
_SUFFIXES: dict[str, Syntax] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


@dataclass(frozen=True, slots=True)
class Source:
    """A text that was read. ``document`` may share parts with itself: read-only."""

    document: Any = field(repr=False)
    data: bytes = field(repr=False)
    syntax: Syntax
    name: str | None
    duplicates: tuple[Duplicate, ...] = ()

    def locate(self, paths: Sequence[Path]) -> Sequence[Spot | None]:
        """The spot of every path, by reading the text once more."""
        from gwctl.declarative.places import locate

        marks = locate(self.data, self.syntax, paths)
        return [None if mark is None else Spot(self.name, *mark, path) for path, mark in zip(paths, marks, strict=True)]


def read_source(text: str | bytes, name: str | None = None) -> Source:
    """The document in ``text``. The end of ``name`` decides between JSON and YAML; without a name JSON is tried first.

    Raises DeclarativeError for text that is too long, no UTF-8, of an unknown type or malformed.
    """
    data = clean_bytes(text, name)
    syntax = _syntax_of(name)
    if syntax == "json":
        return Source(_json(data, name), data, "json", name)
    if syntax is None:
        try:
            return Source(_json(data, name), data, "json", name)
        except DeclarativeError:
            if len(data) > MAX_LENIENT_JSON and data[:256].lstrip().startswith((b"{", b"[")):
                raise
    return yaml_source(data, name)


def clean_bytes(text: str | bytes, name: str | None) -> bytes:
    """``text`` as UTF-8 without a byte order mark. Raises DeclarativeError when it is too long or no UTF-8."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BYTES:
        raise parse_error(f"the text is longer than {MAX_BYTES // 1024 // 1024} MiB", file=name)
    data = data.removeprefix(_BOM)
    _require_utf8(data, name)
    return data


def _syntax_of(name: str | None) -> Syntax | None:
    if name is None or name == "-":
        return None
    dot = name.rfind(".")
    syntax = _SUFFIXES.get(name[dot:].lower()) if dot > 0 else None
    if syntax is None:
        raise DeclarativeError(
            {"error": f"unknown file type: {name}. (Accepted types: json, yaml)"},
            faults=[((), f"unknown file type: {name}. (Accepted types: json, yaml)")],
            file=name,
        )
    return syntax


def _require_utf8(data: bytes, name: str | None) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        text = f"invalid utf-8 character sequence detected at position {error.start + 1}"
        raise parse_error(text, file=name, line=line, column=column) from None


def _json(data: bytes, name: str | None) -> Any:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise parse_error(error.msg, file=name, line=error.lineno, column=error.colno) from None
    if _too_deep(document):
        raise parse_error(f"nested deeper than {MAX_DEPTH} levels", file=name)
    return document


def _too_deep(document: Any) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            items = value.values() if type(value) is dict else value if type(value) is list else ()
            below += [item for item in items if type(item) is dict or type(item) is list]
        if not below:
            return False
        level = below
    return True


def yaml_source(data: bytes, name: str | None, substitute: Substitute | None = None) -> Source:
    """The YAML document in ``data``, a text from `clean_bytes`. Raises DeclarativeError."""
    try:
        document, duplicates = read_yaml(data, substitute)
    except YamlError as error:
        raise parse_error(error.message, file=name, line=error.line, column=error.column) from None
    return Source(document, data, "yaml", name, tuple(duplicates))
