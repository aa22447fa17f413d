"""The keys of the cache and the checksums of its values.

========================================  ==========================================================
``m|position``                            version, digest and count of the records, journal horizon
``r|<entity>|<key>``                      record: its 16-byte digest, then its canonical JSON
``u|<entity>|<fields>|<hash of values>``  key of the record that holds these unique values
``f|<entity>|<field>|<parent>|<key>``     key of a record that refers to the parent
``l|<entity>|<key>``                      journal: number of the version that last changed the record
``v|<number, big-endian>|<entity>|<key>`` journal: entity and key of the record changed by that version
========================================  ==========================================================

Every value except records begins with an 8-byte checksum over key and content, because LMDB does not notice flipped
bits. LMDB keys end at 511 bytes, so long key parts are replaced by their hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson

from gwctl.cache.errors import CacheDamaged

POSITION = b"m|position"
RECORD_DIGEST_SIZE = 16
_CHECKSUM_SIZE = 8
_PART_LIMIT = 128


def _part(text: str) -> bytes:
    raw = text.encode()
    if len(raw) <= _PART_LIMIT and b"|" not in raw and not raw.startswith(b"#"):
        return raw
    return b"#" + blake2b(raw, digest_size=16).hexdigest().encode()


def record_prefix(entity: str) -> bytes:
    return b"r|%b|" % _part(entity)


def record_key(entity: str, key: str) -> bytes:
    return b"r|%b|%b" % (_part(entity), _part(key))


def unique_key(entity: str, fields: Sequence[str], values: Sequence[Any]) -> bytes:
    hashed = blake2b(orjson.dumps(list(values), option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    return b"u|%b|%b|%b" % (_part(entity), _part(",".join(fields)), hashed.encode())


def foreign_prefix(entity: str, field: str, parent: str) -> bytes:
    return b"f|%b|%b|%b|" % (_part(entity), _part(field), _part(parent))


def foreign_key(entity: str, field: str, parent: str, key: str) -> bytes:
    return foreign_prefix(entity, field, parent) + _part(key)


def last_key(entity: str, key: str) -> bytes:
    return b"l|%b|%b" % (_part(entity), _part(key))


def journal_start(number: int) -> bytes:
    """The first journal key of version ``number``."""
    return b"v|" + number.to_bytes(8, "big") + b"|"


def journal_key(number: int, entity: str, key: str) -> bytes:
    return journal_start(number) + b"%b|%b" % (_part(entity), _part(key))


def journal_number(key: bytes) -> int:
    """The version number inside a journal key."""
    return int.from_bytes(key[2:10], "big")


def seal(key: bytes, content: bytes) -> bytes:
    """The stored value for ``content`` under ``key``."""
    return blake2b(key + b"\0" + content, digest_size=_CHECKSUM_SIZE).digest() + content


def unseal(key: bytes, value: bytes | memoryview) -> bytes:
    """The content of a stored value; raises CacheDamaged when its checksum does not fit."""
    stored = bytes(value)
    content = stored[_CHECKSUM_SIZE:]
    if seal(key, content) != stored:
        raise CacheDamaged(f"an index entry of the cache is damaged ({key[:60]!r})")
    return content


def content_of(value: bytes | memoryview) -> bytes:
    """The content of a stored value without looking at its checksum, for the paths of requests."""
    return bytes(value[_CHECKSUM_SIZE:])


def seal_record(digest: int, canonical: bytes) -> bytes:
    return digest.to_bytes(RECORD_DIGEST_SIZE, "big") + canonical


def digest_of(value: bytes | memoryview) -> int:
    return int.from_bytes(value[:RECORD_DIGEST_SIZE], "big")
