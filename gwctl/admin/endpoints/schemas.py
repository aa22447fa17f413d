"""``/schemas``: how entities are declared, and whether a body would be valid (admin-api.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer, message
from gwctl.admin.routing import Call, Endpoint, Handler, Operation
from gwctl.entities.catalog import Catalog
from gwctl.schema import EntityError, Schema

_VALIDATED = "Validate the body as an entity"


def schemas(catalog: Catalog) -> Iterator[Endpoint]:
    one = Operation(_get, "The schema of an entity", errors=(404,))
    yield Endpoint("/schemas/{entity}", "meta", {"GET": one})
    validate = Operation(_validate_named, _VALIDATED, errors=(400, 404))
    yield Endpoint("/schemas/{entity}/validate", "meta", {"POST": validate})
    for entity, describe in (("plugins", _plugin), ("vaults", _vault)):
        if entity in catalog:
            variant = Operation(describe, f"The schema of one of {entity}", errors=(404,))
            yield Endpoint(f"/schemas/{entity}/{{name}}", "meta", {"GET": variant})
            check = Operation(_validating(entity), _VALIDATED, takes=entity, errors=(400,))
            yield Endpoint(f"/schemas/{entity}/validate", "meta", {"POST": check})
    yield Endpoint("/schemas/filters/{name}", "meta", {"GET": Operation(_no_filter, "No filters run here", 404)})


async def _get(call: Call) -> Response:
    return answer(_find(call).describe())


async def _plugin(call: Call) -> Response:
    return answer(plugin_description(call))


def plugin_description(call: Call) -> dict[str, Any]:
    """Of the plugin in the path. Raises Refusal."""
    catalog, name = call.context.catalog, call.params["name"]
    if name not in catalog.plugins:
        raise Refusal(404, f"No plugin named '{name}'")
    return catalog.plugin_schema_description(name)


async def _vault(call: Call) -> Response:
    catalog, name = call.context.catalog, call.params["name"]
    if name not in catalog.vaults:
        raise Refusal(404, f"No vault named '{name}'")
    return answer(catalog.vault_schema_description(name))


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
