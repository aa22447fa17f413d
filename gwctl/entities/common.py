"""What the entities of administrators share (admin-api.md 1)."""

from __future__ import annotations

from gwctl.schema import Entity, fields, typedefs


class Identified(Entity):
    """An entity with a UUID of its own."""

    id: str = fields.string(typedefs.UUID, auto=True, required=True, help="the primary key")


class Standard(Identified):
    """An entity with whole-second times and tags."""

    created_at: int | None = fields.integer(auto=True, timestamp=True, help="seconds since the epoch")
    updated_at: int | None = fields.integer(auto=True, timestamp=True, help="seconds since the epoch")
    tags: tuple[str, ...] | None = fields.set(
        fields.string(typedefs.TAG), help="labels for grouping and filtering records"
    )
