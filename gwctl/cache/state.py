"""The position entry of a generation, and the ``state.json`` beside its data file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import lmdb
import orjson

from gwctl import __version__
from gwctl.cache import keys
from gwctl.cache.errors import CacheDamaged
from gwctl.kit.changes import NOWHERE, Position
from gwctl.kit.digest import from_hex, to_hex
from gwctl.kit.files import write_atomic
from gwctl.kit.version import Version

FORMAT = 1
"""Number of the layout of keys and values; a cache with another number is written anew."""


class State(NamedTuple):
    """``horizon`` is the lowest version number from which the journal can still tell the difference.

    ``label`` is what the writer calls these records: the hash of the document they come from, on a node without a
    database; empty elsewhere.
    """

    position: Position
    horizon: int
    label: str = ""


EMPTY = State(NOWHERE, 0)


def write_state(transaction: Any, state: State) -> None:
    transaction.put(keys.POSITION, keys.seal(keys.POSITION, orjson.dumps(_to_json(state))))


def read_state(transaction: Any) -> State:
    """The state a generation was committed with; an untouched one is EMPTY. Raises CacheDamaged."""
    stored = transaction.get(keys.POSITION)
    if stored is None:
        return EMPTY
    document = orjson.loads(keys.unseal(keys.POSITION, stored))
    if document.get("format") != FORMAT:
        raise CacheDamaged(f"the cache has format {document.get('format')}, this version writes format {FORMAT}")
    version = Version(document["lineage"], document["number"])
    position = Position(version, from_hex(document["digest"]), document["records"])
    return State(position, document["horizon"], document.get("label", ""))


def write_marker(generation: Path, state: State) -> None:
    """Write ``state.json``: what the generation held when it was made (deltas applied later are only in the data)."""
    marker = _to_json(state) | {"engine": ".".join(map(str, lmdb.version())), "written_by": f"gwctl {__version__}"}
    write_atomic(generation / "state.json", orjson.dumps(marker, option=orjson.OPT_INDENT_2) + b"\n", mode=0o600)


def check_marker(generation: Path) -> None:
    """Raise CacheDamaged when ``state.json`` is missing, unreadable or of another format."""
    try:
        marker = orjson.loads((generation / "state.json").read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise CacheDamaged(f"state.json of {generation.name} cannot be read: {error}") from error
    if not isinstance(marker, dict) or marker.get("format") != FORMAT:
        raise CacheDamaged(f"{generation.name} was written in another cache format")


def _to_json(state: State) -> dict[str, Any]:
    position = state.position
    return {
        "format": FORMAT,
        "lineage": position.version.lineage,
        "number": position.version.number,
        "digest": to_hex(position.digest),
        "records": position.records,
        "horizon": state.horizon,
    } | ({"label": state.label} if state.label else {})
