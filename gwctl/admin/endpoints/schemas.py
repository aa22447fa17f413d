"""``/schemas``: how entities are declared, and whether a body would be valid (admin-api.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer, message
from gwctl.admin.routing import Call, Endpoint, Handler, Operation
from gwctl.entities.catalog import Catalog
from gwctl.schema import EntityError, Schema
from gwctl.schema.describe import describe_checks, describe_fields

_VALIDATED = "Validate the body as an entity"
_OF_PLUGINS = ("consumer", "route", "service", "protocols", "config")
_OF_VAULTS = ("config",)


def schemas(catalog: Catalog) -> Iterator[Endpoint]:
    one = Operation(_get, "The schema of an entity", errors=(404,))
    yield Endpoint("/schemas/{entity}", "meta", {"GET": one})
    validate = Operation(_validate_named, _VALIDATED, errors=(400, 404))
    yield Endpoint("/schemas/{entity}/validate", "meta", {"POST": validate})
    for entity, noun, fields in (("plugins", "plugin", _OF_PLUGINS), ("vaults", "vault", _OF_VAULTS)):
        if entity not in catalog:
            continue
        variant = Operation(_variant(entity, noun, fields), f"The schema of one {noun}", errors=(404,))
        yield Endpoint(f"/schemas/{entity}/{{name}}", "meta", {"GET": variant})
        check = Operation(_validating(entity), _VALIDATED, takes=entity, errors=(400,))
        yield Endpoint(f"/schemas/{entity}/validate", "meta", {"POST": check})
    yield Endpoint("/schemas/filters/{name}", "meta", {"GET": Operation(_no_filter, "No filters run here", 404)})


async def _get(call: Call) -> Response:
    return answer(_find(call).describe())


def _variant(entity: str, noun: str, fields: Sequence[str]) -> Handler:
    async def handler(call: Call) -> Response:
        described = describe_variant(call.context.catalog[entity], call.params["name"], fields)
        if described is None:
            raise Refusal(404, f"No {noun} named '{call.params['name']}'")
        return answer(described)

    return handler


def describe_variant(schema: Schema, name: str, fields: Sequence[str]) -> dict[str, Any] | None:
    """Those ``fields`` of a variant and its checks; None when there is no variant of that name."""
    variant = None if schema.variants is None else schema.variants.choose(name)
    if variant is None:
        return None
    compiled = schema.variant(variant)
    return {
        "fields": describe_fields({field: compiled.fields[field] for field in fields}),
        "entity_checks": describe_checks(variant.checks),
    }


async def _validate_named(call: Call) -> Response:
    return _validated(call, _find(call))


def _validating(entity: str) -> Handler:
    async def handler(call: Call) -> Response:
        return _validated(call, call.context.catalog[entity])

    return handler


def _validated(call: Call, schema: Schema) -> Response:
    record = schema.prepare_insert(call.body.values(schema), now=call.context.clock.now(), canonical=False)
    errors = schema.validate(record)
    if errors:
        raise EntityError.schema_violation(errors)
    return message("schema validation successful", 200)


def _find(call: Call) -> Schema:
    name = call.key("entity")
    if name not in call.context.catalog:
        raise Refusal(404, f"No entity named '{name}'")
    return call.context.catalog[name]


async def _no_filter(call: Call) -> NoReturn:
    raise Refusal(404, f"Filter '{call.params['name']}' not found")
