"""Several decK files as one document, whose paths still lead to the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwctl.declarative.deck import DeckFile
from gwctl.declarative.errors import Path, Spot, faults_error


def merge(files: Sequence[DeckFile]) -> DeckFile:
    """Several files as one: lists of entities one after the other, everything else must agree.

    Raises DeclarativeError naming both files otherwise.
    """
    if len(files) == 1:
        return files[0]
    merged: dict[str, Any] = {}
    first: dict[str, DeckFile] = {}
    parts: list[tuple[str, int, DeckFile]] = []
    for file in files:
        for key, value in file.document.items():
            there = merged.get(key)
            if isinstance(value, list) and (there is None or isinstance(there, list)):
                parts.append((key, len(there or ()), file))
                merged[key] = [*(there or ()), *value]
            elif there is None:
                merged[key], first[key] = value, file
            elif value is not None and value != there and key != "_comment":
                text = f"'{key}' is not the same in {first[key].name if key in first else 'the other files'}"
                raise faults_error([((key,), text)], file=file.name, locate=file.locate)
    tags = tuple(dict.fromkeys(tag for file in files for tag in file.select_tags))
    warnings = tuple(warning for file in files for warning in file.warnings)
    return DeckFile(merged, tags, files[0].workspace, _MergedPlaces(parts, first).locate, None, warnings)


class _MergedPlaces:
    """Finds paths of a merged document in the files it came from."""

    def __init__(self, parts: Sequence[tuple[str, int, DeckFile]], first: Mapping[str, DeckFile]) -> None:
        self._parts = parts
        self._first = first

    def locate(self, paths: Sequence[Path]) -> list[Spot | None]:
        asked: dict[int, tuple[DeckFile, list[tuple[int, Path]]]] = {}
        for position, path in enumerate(paths):
            file, inside = self._origin(path)
            if file is not None:
                asked.setdefault(id(file), (file, []))[1].append((position, inside))
        found: list[Spot | None] = [None] * len(paths)
        for file, questions in asked.values():
            if file.locate is None:
                continue
            spots = file.locate([inside for _, inside in questions])
            for (position, _), spot in zip(questions, spots, strict=True):
                found[position] = spot
        return found

    def _origin(self, path: Path) -> tuple[DeckFile | None, Path]:
        if len(path) > 1 and isinstance(path[1], int):
            for key, start, file in reversed(self._parts):
                if key == path[0] and start <= path[1]:
                    return file, (key, path[1] - start, *path[2:])
        name = path[0] if path else None
        holder = self._first.get(name) if isinstance(name, str) else None
        holder = holder or next((file for key, _, file in self._parts if key == name), None)
        return holder, path
