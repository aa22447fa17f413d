"""``/schemas``: how entities are declared, and whether a body would be valid (admin-api.md 2.6)."""

from __future__ import annotations

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer, message
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.schema import EntityError, Schema


def schema() -> Endpoint:
    operation = Operation(_get, "The schema of an entity", errors=(404,))
    return Endpoint("/schemas/{entity}", "meta", {"GET": operation})


def validate() -> Endpoint:
    operation = Operation(_validate, "Validate the body as an entity", errors=(400, 404))
    return Endpoint("/schemas/{entity}/validate", "meta", {"POST": operation})


async def _get(call: Call) -> Response:
    return answer(_find(call).describe())


async def _validate(call: Call) -> Response:
    found = _find(call)
    record = found.prepare_insert(call.body.values(found), now=call.context.clock.now(), canonical=False)
    errors = found.validate(record)
    if errors:
        raise EntityError.schema_violation(errors)
    return message("schema validation successful", 200)


def _find(call: Call) -> Schema:
    name = call.key("entity")
    if name not in call.context.catalog:
        raise Refusal(404, f"No entity named '{name}'")
    return call.context.catalog[name]
