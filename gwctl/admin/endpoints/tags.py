"""``/tags``: which records carry which tags; read-only (admin-api.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from starlette.responses import Response

from gwctl.admin.answers import answer
from gwctl.admin.paging import Paging, page_body
from gwctl.admin.routing import Call, Endpoint, Handler, Operation
from gwctl.schema import EntityError

_ENTITY = "tags"


def tags() -> Iterator[Endpoint]:
    every = Operation(_every, "List the tags of all records", gives=_ENTITY, page=True, errors=(400,))
    one = Operation(_one, "List the records with a tag", gives=_ENTITY, page=True, errors=(400,))
    yield Endpoint("/tags", _ENTITY, {"GET": every, "POST": _refusing("insert")})
    writes = {"PUT": _refusing("upsert"), "PATCH": _refusing("update"), "DELETE": _refusing("delete")}
    yield Endpoint("/tags/{tags}", _ENTITY, {"GET": one, **writes})


async def _every(call: Call) -> Response:
    return await _page(call, {})


async def _one(call: Call) -> Response:
    tag = call.params["tags"]
    problem = call.context.catalog[_ENTITY].validate_field("tag", tag)
    if problem is not None:
        raise EntityError.invalid_unique("tag", problem)
    return await _page(call, {"tag": tag})


async def _page(call: Call, where: Mapping[str, Any]) -> Response:
    paging = Paging.parse(call.query)
    page = await call.database.read(
        lambda reads: reads.page(_ENTITY, size=paging.size, offset=paging.offset, where=where)
    )
    return answer(page_body(list(page.data), page.offset, call.path))


def _refusing(verb: str) -> Operation:
    return Operation(_refuse(verb), f"Not supported: tags belong to their records ({verb})", 400)


def _refuse(verb: str) -> Handler:
    async def handler(call: Call) -> NoReturn:
        raise EntityError.schema_violation({_ENTITY: f"does not support {verb} operations"})

    return handler
