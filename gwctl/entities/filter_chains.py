"""filter_chains: WebAssembly filters of a service or route; none runs here (admin-api.md 1.9)."""

from __future__ import annotations

from typing import Any

from gwctl.entities.common import Standard
from gwctl.schema import Record, Reference, fields, typedefs
from gwctl.schema.checks import AtLeastOneOf, MutuallyExclusive

_OWNERS = ("service", "route")


def _no_filter(name: str) -> str:
    """A node that runs no filters refuses every one, rather than leave out what a filter would have done."""
    return f"no wasm filters are configured, '{name}' is not available"


class Filter(Record):
    """One filter with its configuration."""

    name: str = fields.string(required=True, check=_no_filter)
    enabled: bool | None = fields.boolean(default=True)
    config: Any = fields.json()


class FilterChain(
    Standard,
    name="filter_chains",
    path="filter-chains",
    endpoint_key="name",
    admin=False,
    exported=False,
    cache_key=("route", "service"),
    checks=(MutuallyExclusive(_OWNERS), AtLeastOneOf(_OWNERS)),
):
    """The filters that requests of one service or route pass. Its endpoints are written by hand: they refuse."""

    name: str | None = fields.string(typedefs.UTF8_NAME, unique=True)
    enabled: bool | None = fields.boolean(default=True)
    route: Reference | None = fields.foreign("routes", unique=True, on_delete="cascade")
    service: Reference | None = fields.foreign("services", unique=True, on_delete="cascade")
    filters: tuple[Filter, ...] = fields.array(fields.record(Filter), required=True, len_min=1)
