"""Rows as plain tuples: what bulk reads and writes hand to the database driver, and how two rows compare.

An *image* is the tuple of a record's column values in the order of the schema's fields, with JSON columns as text and
foreign keys as plain ids. Making one costs a few microseconds, and two records are the same when their images are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from gwctl.schema import Field, RecordDict, Schema

Image = tuple[Any, ...]

_PLAIN = frozenset({"string", "integer", "boolean", "foreign"})
_SCHEMAS = 512
_SKIPPED = frozenset({"created_at", "updated_at"})


class RowCodec:
    """The way between records in stored form and images of one entity."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.names: tuple[str, ...] = tuple(schema.fields)
        self.columns: tuple[str, ...] = tuple(f"{name}_id" if name in schema.foreign else name for name in self.names)
        self._encoders = tuple(_encoder(field) for field in schema.fields.values())
        self._decoders = tuple(_decoder(field) for field in schema.fields.values())
        self.position: Mapping[str, int] = {name: place for place, name in enumerate(self.names)}
        self.key_position = self.position[schema.primary_key]
        self.json_columns = frozenset(place for place, field in enumerate(schema.fields.values()) if _is_json(field))
        skipped = {schema.primary_key, *_SKIPPED, *(("ttl",) if schema.ttl else ())}
        self.compared: tuple[int, ...] = tuple(place for place, name in enumerate(self.names) if name not in skipped)
        """Positions of what makes two records differ: neither the key nor the times, nor the moment of an end."""

    def encode(self, record: Mapping[str, Any]) -> Image:
        """The image of a record in stored form."""
        return tuple(
            [
                None if (value := record[name]) is None else value if encode is None else encode(value)
                for name, encode in zip(self.names, self._encoders, strict=True)
            ]
        )

    def decode(self, image: Sequence[Any]) -> RecordDict:
        """The record of an image, also of one that comes from SQLite, where a boolean is a number."""
        return {
            name: None if value is None else value if decode is None else decode(value)
            for name, decode, value in zip(self.names, self._decoders, image, strict=True)
        }

    def text(self, record: Mapping[str, Any]) -> str:
        """The record as the change log keeps it."""
        return orjson.dumps(record).decode()


@lru_cache(maxsize=_SCHEMAS)
def codec_of(schema: Schema) -> RowCodec:
    """The codec of an entity, made once."""
    return RowCodec(schema)


def _is_json(field: Field) -> bool:
    return field.kind not in _PLAIN and field.kind != "number"


def _encoder(field: Field) -> Callable[[Any], Any] | None:
    if field.kind == "foreign":
        return _id_of
    if field.kind == "number":
        return float
    return _dumps if _is_json(field) else None


def _decoder(field: Field) -> Callable[[Any], Any] | None:
    if field.kind == "foreign":
        return _reference
    if field.kind == "boolean":
        return bool
    return orjson.loads if _is_json(field) else None


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _id_of(value: Mapping[str, str]) -> str:
    return value["id"]


def _reference(value: str) -> dict[str, str]:
    return {"id": value}
