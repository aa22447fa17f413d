"""The files of a desired state: several, directories, standard input; merged into one document, with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from gwctl.client.errors import AdminError
from gwctl.declarative import DeclarativeError
from gwctl.declarative.deck import DeckFile, read
from gwctl.declarative.errors import dotted
from gwctl.declarative.merged import merge
from gwctl.kit.errors import GwctlError

STDIN = "-"
SUFFIXES = frozenset({".json", ".yaml", ".yml"})
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class State:
    """What the files say, as one document of the gateway's own format."""

    file: DeckFile

    def text(self) -> bytes:
        """The document as JSON. Raises GwctlError for what JSON cannot hold."""
        try:
            return orjson.dumps(self.file.document)
        except TypeError as error:
            raise GwctlError(f"the files hold a value that cannot be sent: {error}") from error

    def select_tags(self, told: Sequence[str]) -> tuple[str, ...]:
        """The tags of the command line, else those of the files. Raises GwctlError (2) when both say something else."""
        own = self.file.select_tags
        if told and own and set(told) != set(own):
            raise GwctlError(
                f"the files select the tags {', '.join(own)}, the command line {', '.join(told)}",
                hint="leave out --select-tag, or _info.select_tags in the files",
                exit_code=2,
            )
        return tuple(dict.fromkeys(told or own))

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Let a refusal of the document name the places in the files where it can."""
        try:
            yield
        except AdminError as error:
            places = error.body.get("places") if isinstance(error.body, dict) else None
            if places and isinstance(places, list) and all(isinstance(place, dict) for place in places):
                raise self._placed(error, places) from error
            raise

    def _placed(self, error: AdminError, places: Sequence[Mapping[str, Any]]) -> GwctlError:
        told = [(str(place.get("path") or ""), str(place.get("message") or "")) for place in places]
        spots = self.file.locate([_steps(path) for path, _ in told]) if self.file.locate else [None] * len(told)
        lines: list[tuple[tuple[str, int, int], str]] = []
        for (path, message), spot in zip(told, spots, strict=True):
            if spot is None:
                lines.append((("", 0, 0), f"{path}: {message}" if path else message))
            else:
                at = (spot.file or "stdin", spot.line, spot.column)
                inside = dotted(spot.path) or path
                lines.append((at, f"{at[0]}:{at[1]}:{at[2]}: {inside}: {message}"))
        return _refusal("the control plane refuses the configuration", [text for _, text in sorted(lines)], error)


def read_state(names: Sequence[str], environ: Mapping[str, str], stdin: BinaryIO) -> State:
    """Read and merge files; ``environ`` fills placeholders. Raises GwctlError with every mistake and its place."""
    if list(names).count(STDIN) > 1:
        raise GwctlError("standard input can be read once only", exit_code=2)
    try:
        files = [read(data, environ, name=name) for name, data in _texts(names, stdin)]
        return State(merge(files))
    except DeclarativeError as error:
        told = [str(place) for place in error.places]
        raise _refusal("the configuration cannot be read", told, error) from error


def _refusal(what: str, told: Sequence[str], error: GwctlError) -> GwctlError:
    refusal = GwctlError(what, exit_code=error.exit_code, code=error.code)
    more = len(told) - _MOST_SHOWN
    refusal.details = (*told[:_MOST_SHOWN], *([f"… and {more} more"] if more > 0 else []))
    return refusal


def _texts(names: Sequence[str], stdin: BinaryIO) -> Iterator[tuple[str | None, bytes]]:
    for name in names:
        if name == STDIN:
            yield None, stdin.read()
        else:
            for path in _files(Path(name)):
                yield str(path), _bytes(path)


def _files(path: Path) -> Sequence[Path]:
    """A file is itself; a directory is the files of these kinds in it, by name."""
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES and each.is_file())
    if not found:
        raise GwctlError(f"{path} holds no file that ends with {', '.join(sorted(SUFFIXES))}")
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GwctlError(f"cannot read {path}: {error.strerror or error}") from error


def _steps(path: str) -> tuple[str | int, ...]:
    """``services[2].routes[0]`` → ("services", 2, "routes", 0)"""
    return tuple(name or int(position) for name, position in _STEP.findall(path))
