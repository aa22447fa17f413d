"""Which records differ between two states of the cache: what the journal names, proven by the digests of both."""

from __future__ import annotations

from typing import Any

from gwctl.cache import keys
from gwctl.cache.journal import entries
from gwctl.cache.state import State
from gwctl.kit.digest import combine

MOST_DIFFERENCES = 5000
"""More than these are not worth telling apart."""


def difference(earlier: Any, before: State, later: Any, after: State) -> list[tuple[str, str]] | None:
    """(entity, key) of the records that differ, from two read transactions; None when the journal cannot tell.

    The digest of all records before, changed by what is named, must be the digest after: a journal that was not kept
    all the time, or versions that share a number, are noticed by that.
    """
    first, last = before.position, after.position
    if first.version.lineage != last.version.lineage or not after.horizon <= first.version.number:
        return None
    digest = first.digest
    found: list[tuple[str, str]] = []
    for count, (_, entity, key, _) in enumerate(entries(later, first.version.number)):
        if count >= MOST_DIFFERENCES:
            return None
        name = keys.record_key(entity, key)
        old, new = _digest(earlier, name), _digest(later, name)
        if old != new:
            digest = combine(digest, remove=old or 0, add=new or 0)
            found.append((entity, key))
    return found if digest == last.digest else None


def _digest(transaction: Any, name: bytes) -> int | None:
    stored = transaction.get(name)
    return None if stored is None else keys.digest_of(stored)
