"""The last step before a record is written, alone or among many: values as they come back from their columns."""

from __future__ import annotations

from typing import Any

from gwctl.schema import Field, RecordDict, Schema
from gwctl.store.integrity import check_indexable


def stored_form(schema: Schema, record: RecordDict) -> RecordDict:
    """``record``, checked by its schema, as the table and the change log hold it, so that both hash alike.

    Raises EntityError number 2 for text that no index can hold.
    """
    stored = {name: _stored(field, record[name]) for name, field in schema.fields.items()}
    check_indexable(schema, stored)
    return stored


def _stored(field: Field, value: Any) -> Any:
    return float(value) if field.kind == "number" and value is not None else value
