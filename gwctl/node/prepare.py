"""From a request to records: what a loader does with a document before it touches the cache.

Small documents are read in a thread of the loader, large ones in a process of their own (``python -m
gwctl.node.prepare DIRECTORY``), so that neither the time nor the memory they take stays with the loader.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from gwctl.declarative import DeclarativeError, Declared, load, load_values
from gwctl.entities.catalog import Catalog
from gwctl.node.loads import LoadDirectory, Request

ACCEPTED, UNCHANGED, REFUSED = 201, 304, 400
_CONTROLS = ("check_hash", "flatten_errors")
_TRUE = ("1", "true", "on", "yes")
_BOM = b"\xef\xbb\xbf"
_MOST_ARGUMENTS = 1000
_NOTHING = "expected a declarative configuration"


@dataclass(frozen=True, slots=True)
class Prepared:
    """ACCEPTED: the records wait in the directory. REFUSED: the body of the answer does, or ``message`` says why.

    ``label`` is the hash of the document; ``tree`` are the lines that tell people what is wrong with it.
    """

    status: int
    label: str = ""
    message: str = ""
    tree: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _Given(NamedTuple):
    """A document as a text, or as an object that was the body itself; neither: there is none."""

    text: bytes | None = None
    document: Mapping[str, Any] | None = None
    controls: Mapping[str, Any] = {}


def prepare(place: LoadDirectory, request: Request, catalog: Catalog, *, now: float, current: str) -> Prepared:
    """Read the document and write its records; ``current`` is the label of what is served, ``now`` in seconds.

    Raises OSError when the document or the directory cannot be read or written.
    """
    data = Path(request.source).read_bytes()
    if request.syntax == "form" and data.count(b"&") >= _MOST_ARGUMENTS:
        return Prepared(REFUSED, message="Too many arguments")
    given = _given(data, request.syntax)
    del data
    if given.text is None and given.document is None:
        return Prepared(REFUSED, message=_NOTHING)
    check = request.check_hash or _truth(given.controls.get("check_hash"))
    if check and given.text is not None and _md5(given.text) == current:
        return Prepared(UNCHANGED, current)
    try:
        declared = _load(given, request, catalog, now)
    except DeclarativeError as error:
        flatten = request.flatten_errors or _truth(given.controls.get("flatten_errors"))
        return _refused(place, error, flatten=flatten, answered=request.answered)
    _write_records(place.records, declared, catalog)
    return Prepared(ACCEPTED, declared.hash, warnings=declared.warnings)


def _given(data: bytes, syntax: str) -> _Given:
    if syntax == "json":
        return _from_json(data)
    if syntax == "form":
        return _from_pairs(data)
    return _Given(data if data.strip() else None)


def _from_json(data: bytes) -> _Given:
    """A JSON body: the document itself, or an object that holds its text."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _Given(data if data.strip() else None)  # the loader names the place, or reads it more leniently
    if not isinstance(body, dict):
        return _Given(data)
    controls = {name: body[name] for name in _CONTROLS if name in body}
    if "_format_version" in body:
        return _Given(document={name: value for name, value in body.items() if name not in controls}, controls=controls)
    if isinstance(body.get("config"), str):
        return _Given(body["config"].encode("utf-8", "surrogatepass"), controls=controls)
    if isinstance(body.get("config"), dict):
        return _Given(document=body["config"], controls=controls)
    rest = {name: value for name, value in body.items() if name not in controls}
    return _Given(document=rest or None, controls=controls)


def _from_pairs(data: bytes) -> _Given:
    body = dict(reversed(parse_qsl(data.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")))
    controls = {name: body[name] for name in _CONTROLS if name in body}
    if "_format_version" in body:
        return _Given(document={name: value for name, value in body.items() if name not in controls}, controls=controls)
    return _Given(body["config"].encode() if body.get("config") else None, controls=controls)


def _md5(text: bytes) -> str:
    return hashlib.md5(text.removeprefix(_BOM), usedforsecurity=False).hexdigest()


def _truth(value: Any) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.lower() in _TRUE)


def _load(given: _Given, request: Request, catalog: Catalog, now: float) -> Declared:
    if given.text is not None:
        return load(given.text, catalog=catalog, now=now, name=request.name)
    return load_values(given.document, catalog=catalog, now=now)


def _refused(place: LoadDirectory, error: DeclarativeError, *, flatten: bool, answered: bool) -> Prepared:
    if answered:
        body = error.flattened_body() if flatten else error.body()
        place.answer.write_bytes(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS, default=str))
    return Prepared(REFUSED, message=error.message, tree=tuple(error.tree()))


def _write_records(path: Path, declared: Declared, catalog: Catalog) -> None:
    """One JSON line per record, parents before children, for what a cache holds."""
    kept = {schema.name for schema in catalog.exported}
    with path.open("wb") as file:
        for entity, record in declared:
            if entity in kept:
                file.write(orjson.dumps([entity, record], option=orjson.OPT_APPEND_NEWLINE))


def main(arguments: list[str]) -> int:
    """The process: settings, time and label come pickled from stdin, the outcome goes to stdout as JSON."""
    from gwctl.node.catalog import catalog_for
    from gwctl.node.linux import end_with_parent, set_process_name

    end_with_parent()
    set_process_name("gwctl parse")
    settings, now, current = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own parent wrote it)
    place = LoadDirectory(Path(arguments[0]))
    outcome = prepare(place, place.read_request(), catalog_for(settings), now=now, current=current)
    sys.stdout.buffer.write(orjson.dumps(asdict(outcome)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
