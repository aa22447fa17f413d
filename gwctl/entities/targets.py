"""targets: the addresses behind an upstream (admin-api.md 1.5)."""

from __future__ import annotations

from gwctl.entities.common import Identified
from gwctl.schema import Reference, fields, typedefs
from gwctl.schema.addresses import canonical_target, target


class Target(
    Identified,
    name="targets",
    endpoint_key="target",
    unique=(("upstream", "target"),),
    cache_key=("upstream", "target"),
    top_level=False,
):
    """One address of an upstream with its share of the requests; times have milliseconds."""

    created_at: float | None = fields.number(auto=True, timestamp=True, help="seconds since the epoch")
    updated_at: float | None = fields.number(auto=True, timestamp=True, help="seconds since the epoch")
    upstream: Reference = fields.foreign("upstreams", required=True, on_delete="cascade")
    target: str = fields.string(
        required=True, check=target, canonical=canonical_target, help="host:port; the port defaults to 8000"
    )
    weight: int | None = fields.integer(default=100, between=(0, 65535), help="0 takes the target out of use")
    tags: tuple[str, ...] | None = fields.set(fields.string(typedefs.TAG))
