"""EntityError: what a refused read or write of a record answers, in the reference's shape (admin-api.md 2.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gwctl.kit.errors import GwctlError
from gwctl.schema import lua

Errors: TypeAlias = dict[str, Any]
"""Field name → text, list (padded with None) or nested dict; ``"@entity"`` → list of texts of entity checks."""

ENTITY = "@entity"


class EntityError(GwctlError):
    """A refused operation on an entity.

    ``number`` and ``name`` are the reference's code and name, ``status`` is the HTTP status,
    ``fields`` (or ``options`` for number 11) say which part is wrong; None when the reference leaves them out.
    """

    code = "entity"

    def __init__(
        self,
        number: int,
        name: str,
        message: str,
        *,
        status: int = 400,
        fields: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.number = number
        self.name = name
        self.status = status
        self.fields = fields
        self.options = options

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"code": self.number, "name": self.name, "message": self.message}
        if self.fields is not None:
            body["fields"] = self.fields
        if self.options is not None:
            body["options"] = self.options
        return body

    @classmethod
    def invalid_primary_key(cls, errors: Mapping[str, Any]) -> EntityError:
        """``errors``: key field → text, e.g. ``{"id": "expected a valid UUID"}``."""
        message = f"invalid primary key: '{lua.compact(dict(errors))}'"
        return cls(1, "invalid primary key", message, fields=dict(errors))

    @classmethod
    def schema_violation(cls, errors: Errors) -> EntityError:
        """Every violation of one record at once."""
        message = _summary(errors, "schema violation", "schema violations")
        return cls(2, "schema violation", message, fields=errors)

    @classmethod
    def primary_key_violation(cls, key: Mapping[str, Any]) -> EntityError:
        """A record with this primary key exists already, e.g. ``{"id": …}``."""
        message = f"primary key violation on key '{lua.compact(dict(key))}'"
        return cls(3, "primary key violation", message, fields=dict(key))

    @classmethod
    def foreign_key_violation(cls, field: str, key: str, entity: str, *, key_field: str = "id") -> EntityError:
        """``field`` points to the record ``key`` of ``entity``, which does not exist."""
        reference = {key_field: key}
        message = f"the foreign key '{lua.compact(reference)}' does not reference an existing '{entity}' entity."
        return cls(4, "foreign key violation", message, fields={field: reference})

    @classmethod
    def foreign_key_restricted(cls, child: str, parent: str) -> EntityError:
        """A record of ``parent`` cannot go while one of ``child`` points to it."""
        message = f"an existing '{child}' entity references this '{parent}' entity"
        return cls(4, "foreign key violation", message, fields={"@referenced_by": child})

    @classmethod
    def unique_violation(cls, fields: Mapping[str, Any]) -> EntityError:
        """Another record holds these values; nulls of a compound key belong to ``fields``."""
        message = f"UNIQUE violation detected on '{lua.compact(dict(fields))}'"
        return cls(5, "unique constraint violation", message, status=409, fields=dict(fields))

    @classmethod
    def not_found(cls, key: Mapping[str, Any], *, primary: bool | None = None) -> EntityError:
        """``key``: the key fields that led nowhere; ``primary`` (default: the field is ``id``) picks the wording."""
        by_primary_key = primary if primary is not None else list(key) == ["id"]
        words = "with primary key " if by_primary_key else "with "
        message = f"could not find the entity {words}'{lua.compact(dict(key))}'"
        return cls(6, "not found", message, status=404, fields=dict(key))

    @classmethod
    def invalid_offset(cls, offset: str, reason: str) -> EntityError:
        return cls(7, "invalid offset", f"'{offset}' is not a valid offset: {reason}")

    @classmethod
    def invalid_size(cls, reason: str) -> EntityError:
        return cls(9, "invalid size", reason)

    @classmethod
    def invalid_unique(cls, field: str, reason: str) -> EntityError:
        """The value in the address is no valid ``field``."""
        return cls(10, f"invalid unique {field}", reason)

    @classmethod
    def invalid_options(cls, errors: Mapping[str, Any]) -> EntityError:
        """``errors``: option → text, e.g. ``{"tags": "invalid filter syntax"}``."""
        message = _summary(dict(errors), "invalid option", "option violations")
        return cls(11, "invalid options", message, options=dict(errors))

    @classmethod
    def operation_unsupported(cls, message: str) -> EntityError:
        return cls(12, "operation unsupported", message, status=405)

    @classmethod
    def foreign_keys_unresolved(cls, unresolved: Sequence[tuple[str, str, Any, str]]) -> EntityError:
        """``unresolved``: (field, unique field of the target, value, target entity) of every reference by name."""
        errors: Errors = {}
        for field, by, value, entity in unresolved:
            found = f"with '{lua.compact({by: value})}' for an existing '{entity}' entity"
            errors.setdefault(field, {})[by] = f"the foreign key cannot be resolved {found}"
        message = _summary(errors, "foreign key unresolved", "foreign keys unresolved")
        return cls(13, "foreign keys unresolved", message, fields=errors)

    @classmethod
    def referenced_by_others(cls, message: str) -> EntityError:
        return cls(19, "referenced by others", message)


def _summary(errors: Errors, one: str, many: str) -> str:
    texts = list(_texts(errors))
    joined = "; ".join(texts)
    return f"{one} ({joined})" if len(texts) == 1 else f"{len(texts)} {many} ({joined})"


def _texts(errors: Errors) -> Iterator[str]:
    """Entity checks first, then fields by name; one level of nesting is ``field.sub``, deeper ones are tables."""
    yield from errors.get(ENTITY, ())
    for name in sorted(errors):
        if name == ENTITY:
            continue
        error = errors[name]
        if isinstance(error, dict | list):
            for key, text in _entries(error):
                yield f"{name}.{key}: {lua.pretty(text) if isinstance(text, dict | list) else text}"
        else:
            yield f"{name}: {error}"


def _entries(error: dict[str, Any] | list[Any]) -> list[tuple[str, Any]]:
    if isinstance(error, dict):
        return sorted(error.items())
    return [(str(position), text) for position, text in enumerate(error, 1) if text is not None]
