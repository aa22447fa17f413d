"""dump: the configuration in a database as lines, parents before children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gwctl.changes.carry import tell
from gwctl.changes.kinds import planned_kinds
from gwctl.changes.lines import Lines
from gwctl.changes.orders import DumpOrder
from gwctl.schema import RecordDict
from gwctl.schema.expiry import has_ended, remaining
from gwctl.store import Reads, Store

NOT_EXPORTED = frozenset(
    {"clustering_data_planes", "oauth2_authorization_codes", "ratelimiting_metrics", "sessions", "tags"}
)
"""What nodes write at run time (admin-api.md 3.7)."""


def dump(store: Store, order: DumpOrder, lines: Lines, now: float) -> None:
    """First line of events: the version; then one line per record; memory holds a few thousand at a time."""
    with store.read() as reads:
        version = reads.newest()
        lines.send({"status": 200})
        lines.send({"version": tell(version)}, flush=False)
        for entity, record in exported(store, reads, now, order.select_tags):
            lines.send({"entity": entity, "record": record}, flush=False)
    lines.send({"event": "end"})


def exported(
    store: Store, reads: Reads, now: float, select_tags: Sequence[str] = ()
) -> Iterator[tuple[str, RecordDict]]:
    """(entity, record) of everything that a document may hold; only what carries all of ``select_tags``.

    Records that ended before ``now`` are left out; ``ttl`` is what is left of the others, in seconds.
    """
    bulk = reads.bulk()
    for schema, _ in planned_kinds(store.catalog):
        if schema.name in NOT_EXPORTED or (select_tags and "tags" not in schema.fields):
            continue
        codec = bulk.codec(schema.name)
        for image in bulk.images(schema.name):
            record = codec.decode(image)
            if schema.ttl:
                if has_ended(record, now):
                    continue
                record = remaining(record, now)
            if not select_tags or all(tag in (record["tags"] or ()) for tag in select_tags):
                yield schema.name, record
