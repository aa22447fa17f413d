"""workspaces: there is one, ``default``, and nothing manages it (admin-api.md 1.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.entities.common import Identified
from gwctl.schema import fields, typedefs

DEFAULT = "default"

_RESERVED = (
    "workspaces", "consumers", "certificates", "services", "routes", "snis", "upstreams", "targets", "plugins", "tags",
    "ca_certificates", "clustering_data_planes", "parameters", "vaults", "key_sets", "keys", "filter_chains",
)  # fmt: skip


class Workspace(Identified, name="workspaces", endpoint_key="name", admin=False, exported=False, dumped=False):
    """A space for names; every record belongs to ``default``."""

    name: str = fields.string(typedefs.UTF8_NAME, required=True, unique=True, not_one_of=_RESERVED)
    comment: str | None = fields.string()
    created_at: int | None = fields.integer(auto=True, timestamp=True)
    updated_at: int | None = fields.integer(auto=True, timestamp=True)
    meta: Mapping[str, Any] | None = fields.json(json_object=True, default={})
    config: Mapping[str, Any] | None = fields.json(json_object=True, default={})
