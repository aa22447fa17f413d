"""Endpoints generated from the catalog: collections, items, children, parents (admin-api.md 2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from starlette.responses import Response

from gwctl.admin.answers import Refusal, answer, nothing
from gwctl.admin.paging import Paging, page_body
from gwctl.admin.ports import Reads, UnitOfWork
from gwctl.admin.records import PageOfRecords, Records, reference, replace_parent
from gwctl.admin.routing import Call, Endpoint, Operation, required
from gwctl.entities.catalog import Catalog
from gwctl.schema import EntityError, RecordDict

RecordsByEntity = Mapping[str, Records]

_UNREADABLE = "\ufffd"
"""What stands for bytes that are not UTF-8 in a decoded query."""

WITHOUT_PARENT = frozenset({("snis", "certificate")})
"""(entity, foreign field) whose parent has no endpoint below the record (admin-api.md 2.3)."""


def generated_endpoints(
    catalog: Catalog, records: RecordsByEntity, collections: Mapping[str, type[Collection]]
) -> Iterator[Endpoint]:
    """Every endpoint that ``catalog`` implies; ``records`` holds one entry per entity with an Admin API.

    ``collections`` names the entities whose list is a special one.
    """
    for own in records.values():
        if own.schema.top_level:
            yield collections.get(own.entity, Collection)(own).endpoint()
            yield Item(own).endpoint()
            for field, reference in own.schema.foreign.items():
                if reference.reference in records and (own.entity, field) not in WITHOUT_PARENT:
                    yield ParentOf(own, records[reference.reference], field).endpoint()
        for child, field in catalog.children(own.entity):
            if child.name in records and own.schema.top_level:
                yield Children(own, records[child.name], field).endpoint()
                yield Child(own, records[child.name], field).endpoint()


class Collection:
    """``/E``"""

    filters: ClassVar[tuple[str, ...]] = ()
    """Query arguments that choose records, beside ``tags``."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._tagged = "tags" in records.schema.fields

    def endpoint(self) -> Endpoint:
        name = self._records.entity
        filters = (*(("tags",) if self._tagged else ()), *self.filters)
        return Endpoint(
            f"/{self._records.schema.path}",
            name,
            {
                "GET": Operation(self.list, f"List {name}", gives=name, page=True, filters=filters, errors=(400,)),
                "POST": Operation(self.create, f"Create one of {name}", 201, name, name, errors=(400, 409)),
            },
        )

    async def list(self, call: Call) -> Response:
        paging = Paging.parse(call.query)
        tags = call.argument("tags") if self._tagged else None
        if tags is not None and _UNREADABLE in tags:
            raise EntityError.invalid_options({"tags": "invalid filter syntax"})
        data, offset = await call.database.read(
            lambda reads: self._records.page(reads, paging.size, paging.offset, tags)
        )
        return answer(page_body(data, offset, call.path, tags=tags, size=paging.size_text))

    async def create(self, call: Call) -> Response:
        values = call.body.values(self._records.schema)
        return answer(await call.database.write(lambda unit: self._records.insert(unit, values)), 201)


class Item:
    """``/E/{e}``"""

    def __init__(self, records: Records) -> None:
        self._records = records

    def endpoint(self) -> Endpoint:
        name = self._records.entity
        return Endpoint(
            f"/{self._records.schema.path}/{{{name}}}",
            name,
            {
                "GET": Operation(self.get, f"Get one of {name}", gives=name, errors=(404,)),
                "PUT": Operation(self.put, f"Create or replace one of {name}", 200, name, name, errors=(400, 409)),
                "PATCH": Operation(self.patch, f"Change one of {name}", 200, name, name, errors=(400, 404, 409)),
                "DELETE": Operation(self.delete, f"Delete one of {name}", 204, errors=(400,)),
            },
        )

    async def get(self, call: Call) -> Response:
        key = call.key(self._records.entity)
        return answer(required(await call.database.read(lambda reads: self._records.get(reads, key))))

    async def put(self, call: Call) -> Response:
        key, values = call.key(self._records.entity), call.body.values(self._records.schema)
        return answer(await call.database.write(lambda unit: self._records.upsert(unit, key, values)))

    async def patch(self, call: Call) -> Response:
        key = call.key(self._records.entity)

        def work(unit: UnitOfWork) -> RecordDict:
            values = call.body.values(self._records.schema, lambda: self._records.get(unit, key))
            return self._records.update(unit, key, values)

        return answer(await call.database.write(work))

    async def delete(self, call: Call) -> Response:
        key = call.key(self._records.entity)
        await call.database.write(lambda unit: self._records.delete(unit, key))
        return nothing()


class Children:
    """``/F/{f}/E``"""

    def __init__(self, parents: Records, records: Records, field: str) -> None:
        self._parents = parents
        self._records = records
        self._field = field

    def endpoint(self) -> Endpoint:
        parent, name = self._parents, self._records.entity
        return Endpoint(
            f"/{parent.schema.path}/{{{parent.entity}}}/{self._records.schema.nested_path}",
            name,
            {
                "GET": Operation(
                    self.list, f"List {name} of {parent.entity}", gives=name, page=True, errors=(400, 404)
                ),
                "POST": Operation(
                    self.create, f"Create one of {name} for {parent.entity}", 201, name, name, errors=(400, 404, 409)
                ),
            },
        )

    async def list(self, call: Call) -> Response:
        key, paging = call.key(self._parents.entity), Paging.parse(call.query, clamp=self._records.clamps_size)

        def work(reads: Reads) -> PageOfRecords:
            parent = required(self._parents.get(reads, key))
            return self._records.children(reads, parent, self._field, paging.size, paging.offset)

        data, offset = await call.database.read(work)
        return answer(page_body(data, offset, call.path))

    async def create(self, call: Call) -> Response:
        key, values = call.key(self._parents.entity), call.body.values(self._records.schema)

        def work(unit: UnitOfWork) -> RecordDict:
            parent = required(self._parents.get(unit, key))
            return self._records.insert(unit, {**values, **reference(self._field, parent)})

        return answer(await call.database.write(work), 201)


class Child:
    """``/F/{f}/E/{e}``: only when e belongs to f, except for PUT, which takes it over."""

    def __init__(self, parents: Records, records: Records, field: str) -> None:
        self._parents = parents
        self._records = records
        self._field = field

    def endpoint(self) -> Endpoint:
        parent, name = self._parents, self._records.entity
        of = f"one of {name} of {parent.entity}"
        return Endpoint(
            f"/{parent.schema.path}/{{{parent.entity}}}/{self._records.schema.nested_path}/{{{name}}}",
            name,
            {
                "GET": Operation(self.get, f"Get {of}", gives=name, errors=(404,)),
                "PUT": Operation(self.put, f"Create or replace {of}", 200, name, name, errors=(400, 404, 409)),
                "PATCH": Operation(self.patch, f"Change {of}", 200, name, name, errors=(400, 404, 409)),
                "DELETE": Operation(self.delete, f"Delete {of}", 204, errors=(400, 404)),
            },
        )

    def _find(self, reads: Reads, call: Call) -> RecordDict:
        parent = required(self._parents.get(reads, call.key(self._parents.entity)))
        return required(self._records.child(reads, parent, self._field, call.key(self._records.entity)))

    async def get(self, call: Call) -> Response:
        return answer(await call.database.read(lambda reads: self._find(reads, call)))

    async def put(self, call: Call) -> Response:
        values = call.body.values(self._records.schema)

        def work(unit: UnitOfWork) -> RecordDict:
            parent = required(self._parents.get(unit, call.key(self._parents.entity)))
            key = call.key(self._records.entity)
            return self._records.upsert_child(unit, parent, self._field, key, values)

        return answer(await call.database.write(work))

    async def patch(self, call: Call) -> Response:
        def work(unit: UnitOfWork) -> RecordDict:
            found = self._find(unit, call)
            return self._records.update(unit, found["id"], call.body.values(self._records.schema, lambda: found))

        return answer(await call.database.write(work))

    async def delete(self, call: Call) -> Response:
        await call.database.write(lambda unit: self._records.delete(unit, self._find(unit, call)["id"]))
        return nothing()


class ParentOf:
    """``/E/{e}/{fk}``: the record that a foreign field of e refers to."""

    def __init__(self, records: Records, parents: Records, field: str) -> None:
        self._records = records
        self._parents = parents
        self._field = field

    def endpoint(self) -> Endpoint:
        name, of = self._parents.entity, f"the {self._field} of one of {self._records.entity}"
        return Endpoint(
            f"/{self._records.schema.path}/{{{self._records.entity}}}/{self._field}",
            name,
            {
                "GET": Operation(self.get, f"Get {of}", gives=name, errors=(404,)),
                "PUT": Operation(self.put, f"Create or replace {of}", 200, name, name, errors=(400, 404, 409)),
                "PATCH": Operation(self.patch, f"Change {of}", 200, name, name, errors=(400, 404, 409)),
                "DELETE": Operation(self.delete, f"Not allowed: {of} cannot be deleted here", 405, errors=(404,)),
            },
        )

    def _child(self, reads: Reads, call: Call) -> RecordDict:
        return required(self._records.get(reads, call.key(self._records.entity)))

    def _parent(self, reads: Reads, call: Call) -> RecordDict:
        reference: Mapping[str, Any] = required(self._child(reads, call)[self._field])
        return required(self._parents.get(reads, reference["id"]))

    async def get(self, call: Call) -> Response:
        return answer(await call.database.read(lambda reads: self._parent(reads, call)))

    async def put(self, call: Call) -> Response:
        values = call.body.values(self._parents.schema)

        def work(unit: UnitOfWork) -> RecordDict:
            return replace_parent(unit, self._child(unit, call), self._records, self._parents, self._field, values)

        return answer(await call.database.write(work))

    async def patch(self, call: Call) -> Response:
        values = call.body.values(self._parents.schema)
        return answer(
            await call.database.write(lambda unit: self._parents.update(unit, self._parent(unit, call)["id"], values))
        )

    async def delete(self, call: Call) -> Response:
        await call.database.read(lambda reads: self._parent(reads, call))
        raise Refusal(405, "Method not allowed")
