"""The fixed texts of validation, word for word those of the reference (admin-api.md 0.1, 0.3, 0.4)."""

from __future__ import annotations

from collections.abc import Iterable

REQUIRED = "required field missing"
UNKNOWN = "unknown field"
NEEDED = "field required for entity check"
NEEDED_WHEN_UPDATING = "field required for entity check when updating"
IMMUTABLE = "immutable field cannot be updated"
MISSING_PRIMARY_KEY = "missing primary key"
INVALID_UUID = "expected a valid UUID"
INVALID_TIMESTAMP = "expected a valid timestamp"

WRONG_TYPE = {
    "string": "expected a string",
    "number": "expected a number",
    "integer": "expected an integer",
    "boolean": "expected a boolean",
    "array": "expected an array",
    "set": "expected a set",
    "map": "expected a map",
    "record": "expected a record",
}


def shown(value: object) -> str:
    """A value as messages print it: null, true, 3, text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def listed(values: Iterable[object]) -> str:
    return ", ".join(shown(value) for value in values)


def quoted(names: Iterable[str]) -> str:
    """``'a', 'b'``: how field names stand in the texts of entity checks."""
    return ", ".join(f"'{name}'" for name in names)
