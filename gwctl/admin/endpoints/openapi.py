"""``GET /openapi.json``: this API described in OpenAPI 3.1, generated from the route table and the schemas."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

import gwctl
from gwctl.admin.answers import answer
from gwctl.admin.routing import WITH_BODY, Call, Endpoint, Operation, Routes
from gwctl.entities.catalog import Catalog

_FORMS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_PARAMETER = re.compile(r"{(\w+)}")
_ERROR = {
    "type": "object",
    "description": "A refusal. Entity errors carry a number, a name and the fields concerned.",
    "required": ["message"],
    "properties": {
        "message": {"type": "string"},
        "code": {"type": "integer"},
        "name": {"type": "string"},
        "fields": {"type": "object"},
        "options": {"type": "object"},
    },
}
_PAGE_ARGUMENTS = (
    ("size", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Records per page"),
    ("offset", {"type": "string"}, "The offset that the page before gave"),
)


def openapi(catalog: Catalog, routes: Routes) -> Endpoint:
    @functools.cache
    def body() -> dict[str, Any]:
        return document(catalog, routes)

    async def get(call: Call) -> Response:
        return answer(body())

    return Endpoint("/openapi.json", "meta", {"GET": Operation(get, "This API in OpenAPI 3.1")})


def document(catalog: Catalog, routes: Routes) -> dict[str, Any]:
    """The whole description."""
    used = {
        name for _, endpoint in routes for each in endpoint.operations.values() for name in (each.takes, each.gives)
    }
    schemas: dict[str, Any] = {"Error": _ERROR}
    for schema in catalog:
        if schema.name in used:
            described = schema.json_schema()
            schemas[schema.name] = described
            schemas[f"{schema.name}_page"] = _page(schema.name)
            schemas[f"{schema.name}_changes"] = {name: part for name, part in described.items() if name != "required"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gwctl Admin API",
            "version": gwctl.__version__,
            "description": f"Compatible with the Admin API of version {gwctl.KONG_VERSION} of the reference.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {path: _path_item(endpoint) for path, endpoint in routes},
        "components": {"schemas": schemas},
    }


def _page(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["data", "next"],
        "properties": {
            "data": {"type": "array", "items": _reference(name)},
            "next": {"type": ["string", "null"], "description": "Address of the next page"},
            "offset": {"type": "string"},
        },
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _path_item(endpoint: Endpoint) -> dict[str, Any]:
    item: dict[str, Any] = {
        method.lower(): _operation(endpoint, method, operation) for method, operation in endpoint.operations.items()
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    return {"parameters": parameters, **item} if parameters else item


def _operation(endpoint: Endpoint, method: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}{endpoint.path}").strip("_"),
        "tags": [endpoint.group],
        "summary": operation.summary,
        "responses": _responses(endpoint, method, operation),
    }
    if operation.page:
        paging = [_argument(*each) for each in _PAGE_ARGUMENTS]
        filters = [_argument(name, {"type": "string"}, f"Only records with this {name}") for name in operation.filters]
        described["parameters"] = paging + filters
    if method in WITH_BODY and operation.takes is not None:
        name = f"{operation.takes}_changes" if method == "PATCH" else operation.takes
        content = {media_type: {"schema": _reference(name)} for media_type in _FORMS}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _argument(name: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": dict(schema)}


def _responses(endpoint: Endpoint, method: str, operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.gives is not None:
        name = f"{operation.gives}_page" if operation.page else operation.gives
        success["content"] = {"application/json": {"schema": _reference(name)}}
    responses = {str(operation.status): success}
    for status in sorted(_refusals(endpoint, method, operation) - {operation.status}):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": _reference("Error")}},
        }
    return responses


def _refusals(endpoint: Endpoint, method: str, operation: Operation) -> set[int]:
    """What may be refused everywhere: arguments and keys, addresses that are no text, a database that is away; bodies;
    writes on a node without a database."""
    statuses = {*operation.errors, 400, 500, 503}
    if _PARAMETER.search(endpoint.path):
        statuses.add(404)
    if method in WITH_BODY:
        statuses |= {408, 413, 415}
    return statuses if method == "GET" else statuses | {405}
