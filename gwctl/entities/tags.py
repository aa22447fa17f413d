"""tags: which records carry a tag; derived from them, never written (admin-api.md 1.9, 2.6)."""

from __future__ import annotations

from gwctl.schema import Entity, fields, typedefs


class Tag(
    Entity, name="tags", primary_key="tag", endpoint_key="tag", stored=False, exported=False, dumped=False, admin=False
):
    """One tag of one record."""

    tag: str = fields.string(typedefs.TAG, required=True)
    entity_name: str = fields.string(required=True)
    entity_id: str = fields.string(required=True)
