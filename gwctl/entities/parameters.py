"""parameters: facts about the whole cluster, such as its id (admin-api.md 1.9)."""

from __future__ import annotations

from gwctl.schema import Entity, fields


class Parameter(Entity, name="parameters", primary_key="key", admin=False):
    """One named value."""

    key: str = fields.string(required=True, unique=True)
    value: str = fields.string(required=True)
    created_at: int | None = fields.integer(auto=True, timestamp=True)
