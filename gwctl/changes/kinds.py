"""Which kinds of records a document stands for: only those can it delete."""

from __future__ import annotations

from collections.abc import Iterator

from gwctl.entities.catalog import Catalog
from gwctl.schema import Schema

_APART = frozenset(
    {
        "acme_storage",
        "clustering_data_planes",
        "oauth2_authorization_codes",
        "oauth2_tokens",
        "parameters",
        "ratelimiting_metrics",
        "response_ratelimiting_metrics",
        "sessions",
        "tags",
        "workspaces",
    }
)
"""What nodes write at run time, and what belongs to the cluster: a document may add to it, never take away."""

_FIRST = ("workspaces", "ca_certificates")
"""Named by other records without a foreign key."""


def planned_kinds(catalog: Catalog) -> Iterator[tuple[Schema, bool]]:
    """(schema, whether a document that leaves a record of it out deletes it), parents first."""
    schemas = sorted(catalog, key=lambda schema: schema.name not in _FIRST)
    for schema in schemas:
        if schema.stored:
            yield schema, schema.name not in _APART
