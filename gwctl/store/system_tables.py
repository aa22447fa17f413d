"""Tables that belong to no entity: change log, lineage, tags, migration lock, notices."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
)

KEY = Text().with_variant(Text(collation="C"), "postgresql")
"""Keys sort by bytes on every database, so that pages come in one order everywhere."""

CONVENTION = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}


class SystemTables:
    """The tables of the log (hybrid.md 11.5), of ``/tags``, of the cluster-wide lock (hybrid.md 3.6) and of notices.

    ``versions.number`` orders the log; a version points to its changeset, whose changes were written before the number
    was known, so that the version lock covers one short INSERT.
    """

    def __init__(self, metadata: MetaData) -> None:
        self.lineage = Table(
            "lineage",
            metadata,
            Column("singleton", Integer, primary_key=True, autoincrement=False),
            Column("id", KEY, nullable=False),
            Column("created_at", Double, nullable=False),
        )
        self.versions = Table(
            "versions",
            metadata,
            Column("number", BigInteger, primary_key=True, autoincrement=False),
            Column("changeset", KEY, nullable=False),
            Column("size", Integer, nullable=False),
            Column("actor", Text, nullable=False),
            Column("committed_at", Double, nullable=False),
        )
        self.changes = Table(
            "changes",
            metadata,
            Column("changeset", KEY, primary_key=True),
            Column("position", Integer, primary_key=True, autoincrement=False),
            Column("entity", Text, nullable=False),
            Column("key", KEY, nullable=False),
            Column("record", JSON(none_as_null=True)),
        )
        self.tags = Table(
            "tags",
            metadata,
            Column("entity_id", KEY, primary_key=True),
            Column("ord", Integer, primary_key=True, autoincrement=False),
            Column("entity_name", KEY, primary_key=True),
            Column("tag", KEY, nullable=False),
            Index("tags_tag_idx", "tag", "entity_name"),
        )
        self.locks = Table(
            "locks",
            metadata,
            Column("key", KEY, primary_key=True),
            Column("owner", Text, nullable=False),
            Column("ttl", Double, nullable=False),
            Column("guarded", Boolean, nullable=False, server_default=false()),
        )
        self.notices = Table(
            "notices",
            metadata,
            Column("about", KEY, primary_key=True),
            Column("number", BigInteger, nullable=False),
            Column("body", JSON(none_as_null=True)),
        )


def reference(table: str, key: str, *, name: str | None = None) -> ForeignKey:
    """A foreign key that refuses to lose its parent: the unit of work deletes children itself, for the log to see."""
    return ForeignKey(f"{table}.{key}", name=name)
