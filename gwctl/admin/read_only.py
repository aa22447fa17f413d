"""The Admin API's store on a node without a database: reads come from the cache that the workers serve from, and every
write is validated and then refused (admin-api.md 2.5)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, NoReturn

import orjson

from gwctl.admin.marks import Marks, decode_position, encode_position
from gwctl.cache import CacheReader, CacheView
from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import Clock
from gwctl.kit.digest import ZEROS
from gwctl.kit.version import Version
from gwctl.schema import EntityError, RecordDict, Schema
from gwctl.store.paging import DEFAULT_SIZE, Page, TagFilter, check_size, parse_tags
from gwctl.store.reads import TAGS, key_field

_WITHOUT = "when not using a database"


class CachedStore:
    """``gwctl.admin.ports.Store`` over the cache; from any thread. ``reader`` is closed with ``close``."""

    def __init__(self, reader: CacheReader, catalog: Catalog, clock: Clock) -> None:
        self._reader = reader
        self._catalog = catalog
        self._clock = clock
        self._marks = Marks()
        self._turn = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[CachedReads]:
        """One consistent state of the records."""
        with self._view() as view:
            yield CachedReads(view, self._catalog, self._marks)

    @contextmanager
    def write(self, actor: str = "admin") -> Iterator[RefusedWrites]:
        """Reads as ``read`` does; whatever is to be written is validated and refused."""
        with self._view() as view:
            yield RefusedWrites(view, self._catalog, self._marks, self._clock.now())

    @contextmanager
    def _view(self) -> Iterator[CacheView]:
        with self._turn:
            self._reader.refresh()
            view = self._reader.view()
        with view:
            yield view

    def configuration_hash(self) -> str:
        """The hash of the document that the records come from; 32 zeros when there are none."""
        with self._view() as view:
            return view.label if view.position.records and view.label else ZEROS

    def data_planes(self, size: int, offset: str | None) -> Page:
        """None: a node without a database has no links."""
        return Page([], None)

    def post_notice(self, about: str, body: Mapping[str, Any]) -> NoReturn:
        """Nobody else shares this node's records. Raises EntityError number 12."""
        raise EntityError.operation_unsupported(f"cannot tell other nodes {_WITHOUT}")

    def reachable(self) -> bool:
        return True

    def close(self) -> None:
        self._reader.close()


class CachedReads:
    """``gwctl.admin.ports.Reads`` on one view. Entities are named as in the catalog; an unknown name is a KeyError."""

    def __init__(self, view: CacheView, catalog: Catalog, marks: Marks) -> None:
        self._view = view
        self._catalog = catalog
        self._marks = marks

    def get(self, entity: str, key: str, *, where: Mapping[str, Any] | None = None) -> RecordDict | None:
        """As the store's: by primary key, or by endpoint key when ``key`` is no UUID. Raises EntityError number 1."""
        schema = self._catalog[entity]
        field = key_field(schema, key)
        if field != schema.primary_key:
            found = self.find(entity, field, key) if not where else self._narrowed(entity, {field: key, **where})
        else:
            found = self._view.get(entity, key) or self._view.get(entity, key.lower())
        return found if found is not None and _holds(found, where or {}) else None

    def find(self, entity: str, field: str, value: Any) -> RecordDict | None:
        """The record whose ``field`` is ``value`` (the one with the smallest key, should there be several)."""
        if (field,) in self._catalog[entity].unique:
            return self._view.find(entity, field, value)
        return self._narrowed(entity, {field: value})

    def page(
        self,
        entity: str,
        *,
        size: int = DEFAULT_SIZE,
        offset: str | None = None,
        tags: str | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> Page:
        """Records by key. The offset is base64 of how many records came before. Raises EntityError 7, 9 and 11."""
        check_size(size)
        wanted = parse_tags(tags) if tags is not None else None
        start = 0 if offset is None else decode_position(offset)
        if entity == TAGS:
            rows = list(islice(self._tags(where or {}), start, start + size + 1))
            return _page(rows, size, start)
        schema = self._catalog[entity]
        place = (self._view.position, entity, tags, orjson.dumps(where, option=orjson.OPT_SORT_KEYS))
        key, skipped = self._marks.near(place, start)
        found = list(
            islice(self._matching(schema, where or {}, wanted, key), start - skipped, start - skipped + size + 1)
        )
        page = _page(found, size, start)
        if page.offset is not None:
            self._marks.keep(place, start + size, schema.key_of(page.data[-1]))
        return page

    def newest_first(
        self, entity: str, *, where: Mapping[str, Any], size: int, start: int
    ) -> tuple[list[RecordDict], bool]:
        """As the store's."""
        schema = self._catalog[entity]
        found = sorted(
            self._matching(schema, where, None, None),
            key=lambda record: (record["created_at"], schema.key_of(record)),
            reverse=True,
        )
        return found[start : start + size], len(found) > start + size

    def distinct(self, entity: str, field: str) -> list[str]:
        """The different texts of a field of all records, sorted."""
        return sorted({record[field] for record in self._view.records(entity) if record.get(field) is not None})

    def _narrowed(self, entity: str, where: Mapping[str, Any]) -> RecordDict | None:
        return next(self._matching(self._catalog[entity], where, None, None), None)

    def _matching(
        self, schema: Schema, where: Mapping[str, Any], tags: TagFilter | None, after: str | None
    ) -> Iterator[RecordDict]:
        """The records with these values and tags behind the key ``after``."""
        for text in self._documents(schema, where, after):
            if tags is not None and not _may_carry(text, tags):
                continue
            record: RecordDict = orjson.loads(text)
            if _holds(record, where) and (tags is None or _carries(record, tags)):
                yield record

    def _documents(self, schema: Schema, where: Mapping[str, Any], after: str | None) -> Iterator[bytes]:
        for field, value in where.items():
            if field in schema.foreign and isinstance(value, Mapping) and isinstance(value.get("id"), str):
                return self._view.children_after(schema.name, field, value["id"].lower(), after)
        return self._view.documents_after(schema.name, after)

    def _tags(self, where: Mapping[str, Any]) -> Iterator[RecordDict]:
        for schema in self._catalog.exported:
            if "tags" not in schema.fields:
                continue
            for text in self._view.documents_after(schema.name, None):
                if b'"tags":[' in text:
                    record = orjson.loads(text)
                    for tag in record["tags"] or ():
                        row = {"entity_name": schema.name, "entity_id": schema.key_of(record), "tag": tag}
                        if _holds(row, where):
                            yield row


class RefusedWrites(CachedReads):
    """``gwctl.admin.ports.UnitOfWork`` that writes nothing: a valid write ends with EntityError number 12."""

    version: Version | None = None

    def __init__(self, view: CacheView, catalog: Catalog, marks: Marks, now: float) -> None:
        super().__init__(view, catalog, marks)
        self._now = now

    def insert(self, entity: str, values: Mapping[str, Any]) -> RecordDict:
        schema = self._catalog[entity]
        self._check(schema, schema.prepare_insert(values, now=self._now))
        raise _refused("create", entity)

    def upsert(self, entity: str, key: str, values: Mapping[str, Any]) -> RecordDict:
        schema = self._catalog[entity]
        field = key_field(schema, key)
        if field != schema.primary_key and (error := schema.validate_field(field, key)) is not None:
            raise EntityError.invalid_unique(field, str(error))
        self._check(schema, schema.prepare_replace({**values, field: key}, now=self._now, existing=None))
        raise _refused("create or update", entity, schema, field)

    def update(self, entity: str, key: str, values: Mapping[str, Any]) -> RecordDict:
        schema = self._catalog[entity]
        field = key_field(schema, key)
        existing = self.get(entity, key)
        if existing is None:
            raise EntityError.not_found({field: key}, primary=field == schema.primary_key)
        record = schema.prepare_update(values, now=self._now, existing=existing)
        self._check(schema, record, updating=True)
        raise _refused("update", entity, schema, field)

    def delete(self, entity: str, key: str) -> bool:
        schema = self._catalog[entity]
        raise _refused("remove", entity, schema, key_field(schema, key))

    def _check(self, schema: Schema, record: RecordDict, *, updating: bool = False) -> None:
        self._resolve_references(schema, record)
        schema.check(record, updating=updating)

    def _resolve_references(self, schema: Schema, record: RecordDict) -> None:
        """``{"name": …}`` becomes ``{"id": …}``; what leads nowhere is EntityError number 13 (admin-api.md 0.6)."""
        unresolved: list[tuple[str, str, Any, str]] = []
        for name, foreign in schema.foreign.items():
            value = record.get(name)
            if not isinstance(value, Mapping) or value.get("id") is not None:
                continue
            keys = (key[0] for key in self._catalog[foreign.reference].unique if len(key) == 1)
            by = next((key for key in keys if isinstance(value.get(key), str)), None)
            if by is None:
                continue
            parent = self.find(foreign.reference, by, value[by])
            if parent is None:
                unresolved.append((name, by, value[by], foreign.reference))
            else:
                record[name] = {"id": parent["id"]}
        if unresolved:
            raise EntityError.foreign_keys_unresolved(unresolved)


def _refused(verb: str, entity: str, schema: Schema | None = None, field: str = "") -> EntityError:
    by = f" by '{field}'" if schema is not None and field != schema.primary_key else ""
    return EntityError.operation_unsupported(f"cannot {verb} '{entity}' entities{by} {_WITHOUT}")


def _page(found: list[RecordDict], size: int, start: int) -> Page:
    """``found`` holds one record more than the page when there is another page."""
    return Page(found[:size], encode_position(start + size) if len(found) > size else None)


def _holds(record: RecordDict, where: Mapping[str, Any]) -> bool:
    return all(record.get(field) == value for field, value in where.items())


def _may_carry(text: bytes, wanted: TagFilter) -> bool:
    """A look that needs no decoding; canonical JSON writes a text in one way only."""
    found = (orjson.dumps(tag) in text for tag in wanted.tags)
    return all(found) if wanted.every else any(found)


def _carries(record: RecordDict, wanted: TagFilter) -> bool:
    tags = record.get("tags") or ()
    return all(tag in tags for tag in wanted.tags) if wanted.every else any(tag in tags for tag in wanted.tags)
