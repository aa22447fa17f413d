"""plugins: what is done to requests, and to which of them (admin-api.md 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.entities.common import Standard
from gwctl.schema import Reference, fields, typedefs

_SCOPE = ("name", "service", "route", "consumer")
_CACHE_KEY = ("name", "route", "service", "consumer")


class Plugin(Standard, name="plugins", endpoint_key="instance_name", unique=(_SCOPE,), cache_key=_CACHE_KEY):
    """One configured plugin; without service, route and consumer it applies to every request."""

    name: str = fields.string(required=True)
    instance_name: str | None = fields.string(typedefs.UTF8_NAME, unique=True)
    service: Reference | None = fields.foreign("services", on_delete="cascade")
    route: Reference | None = fields.foreign("routes", on_delete="cascade")
    consumer: Reference | None = fields.foreign("consumers", on_delete="cascade")
    config: Mapping[str, Any] = fields.json(json_object=True, required=True, default={})
    protocols: tuple[str, ...] = fields.set(
        fields.string(typedefs.PROTOCOL), required=True, default=("grpc", "grpcs", "http", "https")
    )
    enabled: bool = fields.boolean(required=True, default=True)
