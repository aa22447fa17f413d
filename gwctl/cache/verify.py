"""``python -m gwctl.cache.verify GENERATION``: may this generation be opened?

Runs in a process of its own, because a damaged file can kill the one that opens it. First the pages are audited without
the engine; then every value is read and checked against its checksum, every index entry against its record, and the
records against the digest and count they were committed with. Exit 0: sound; 1: damaged, the reason on stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lmdb
import orjson
from lmdb import verify as pages

from gwctl.cache import keys
from gwctl.cache.environments import ensure_whole
from gwctl.cache.errors import CacheDamaged
from gwctl.cache.state import check_marker, read_state
from gwctl.kit.digest import combine, record_digest


def verify(generation: Path) -> None:
    """Read everything in a generation. Raises CacheDamaged with the first thing found wrong."""
    check_marker(generation)
    ensure_whole(generation / "data.mdb")
    try:
        problems = pages.verify(str(generation))  # type: ignore[no-untyped-call]
    except pages.VerifyError as error:
        raise CacheDamaged(str(error)) from error
    if problems:
        raise CacheDamaged(str(problems[0]))
    environment = lmdb.open(str(generation), readonly=True, create=False, map_size=0, lock=False)
    try:
        with environment.begin(buffers=True) as transaction:
            _check_contents(transaction)
    finally:
        environment.close()


def _check_contents(transaction: Any) -> None:
    position = read_state(transaction).position
    digest = records = 0
    for key, value in transaction.cursor():
        name = bytes(key)
        if name.startswith(b"r|"):
            digest = combine(digest, add=_checked_record(name, value))
            records += 1
            continue
        content = keys.unseal(name, value)
        if name.startswith((b"u|", b"f|")):
            _check_index(transaction, name, content)
    if (digest, records) != (position.digest, position.records):
        raise CacheDamaged(f"{records} records do not add up to the digest they were committed with")


def _checked_record(name: bytes, value: memoryview) -> int:
    """The digest of a stored record, after computing it again."""
    entity, part = name[2:].split(b"|", 1)
    content = bytes(value[keys.RECORD_DIGEST_SIZE :])
    stored = keys.digest_of(value)
    if not any(record_digest(entity.decode(), key, content) == stored for key in _possible_keys(part, content)):
        raise CacheDamaged(f"the record {name[2:].decode(errors='replace')} is damaged")
    return stored


def _possible_keys(part: bytes, content: bytes) -> list[str]:
    """The record's key; when only its hash is in the name it is one of the record's own texts."""
    if not part.startswith(b"#"):
        return [part.decode()]
    return [value for value in orjson.loads(content).values() if isinstance(value, str)]


def _check_index(transaction: Any, name: bytes, content: bytes) -> None:
    entity = name[2:].split(b"|", 1)[0].decode()
    if transaction.get(keys.record_key(entity, content.decode())) is None:
        raise CacheDamaged(f"the index entry {name[:60]!r} refers to a record that is missing")


def main(arguments: list[str]) -> int:
    try:
        verify(Path(arguments[0]))
    except CacheDamaged as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception as error:  # the file is hostile: whatever goes wrong while reading it is its fault
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
