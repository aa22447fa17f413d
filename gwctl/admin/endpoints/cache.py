"""``/cache``: a record as the workers of this node serve it, by the reference's cache key (admin-api.md 1.0, 2.6).

The workers read their records from LMDB at every use, and a change reaches them by itself: there is nothing to purge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from gwctl.admin.answers import answer, not_found, nothing
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.entities.catalog import Catalog
from gwctl.schema import Schema

_SLOTS = 5
_OF_KEYS = "keys"


def cache() -> Iterator[Endpoint]:
    get = Operation(_get, "A record as it is served, by its cache key", errors=(404, 503))
    yield Endpoint("/cache/{key}", "cache", {"GET": get, "DELETE": Operation(_forget, "Nothing to forget", 204)})
    yield Endpoint("/cache", "cache", {"DELETE": Operation(_forget, "Nothing to forget", 204)})


async def _get(call: Call) -> Response:
    context = call.context
    wanted = parse_key(context.catalog, call.key("key"))
    if wanted is None or context.settings.role == "control_plane":
        raise not_found()  # a control plane serves nothing
    schema, where = wanted
    record = await context.node.control.served(schema.name, where)
    if record is None:
        raise not_found()
    return answer(record)


async def _forget(call: Call) -> Response:
    return nothing()


def parse_key(catalog: Catalog, text: str) -> tuple[Schema, Mapping[str, Any]] | None:
    """The entity and the values of its key fields: ``entity:v1:v2:v3:v4:v5:workspace``; None for any other text."""
    name, _, rest = text.partition(":")
    if name not in catalog or not rest:
        return None
    schema = catalog[name]
    slots = rest.split(":") if name == _OF_KEYS else rest.rsplit(":", 1)[0].split(":")
    fields = schema.cache_key or (schema.primary_key,)
    if len(slots) < len(fields) or (name != _OF_KEYS and len(slots) < _SLOTS):
        return None
    if len(fields) == 1:  # a value may hold colons itself
        joined = ":".join(slots[: len(slots) - (_SLOTS - 1)])
        return schema, {fields[0]: joined}
    return schema, {field: _value(schema, field, slot) for field, slot in zip(fields, slots, strict=False)}


def _value(schema: Schema, field: str, slot: str) -> Any:
    if not slot:
        return None
    return {"id": slot} if field in schema.foreign else slot
