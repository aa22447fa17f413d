"""Field: everything that is declared about one field, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from gwctl.schema.absent import ABSENT
from gwctl.schema.deprecation import Deprecation

if TYPE_CHECKING:
    from gwctl.schema.record import Record

Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "array", "set", "map", "record", "foreign", "json"]
OnDelete: TypeAlias = Literal["restrict", "cascade"]

Check: TypeAlias = Callable[[Any], str | None]
"""A custom rule: the error text, or None when the value is fine."""

Canonical: TypeAlias = Callable[[Any], Any]
"""Turns an accepted spelling into the stored one; raises ValueError with the error text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One declared field. The attributes are those of admin-api.md 0.3, in the order in which they are tried.

    ``keeps_null``: a given null is stored, although there is a default for when nothing is given.
    ``ABSENT`` means "not declared" where ``None`` (null) is a value of its own: ``default``, ``eq`` and ``ne``.
    ``name`` is given only to a field whose name is no Python name. ``generator`` makes the value of a record that has
    none, anew for each. ``message`` replaces the text of every failing rule but not of a wrong type.
    """

    kind: Kind
    name: str = ""
    help: str = ""
    deprecation: Deprecation | None = None

    required: bool = False
    default: Any = ABSENT
    keeps_null: bool = False
    unique: bool = False
    auto: bool = False
    generator: Callable[[], Any] | None = None
    immutable: bool = False
    referenceable: bool = False
    encrypted: bool = False

    elements: Field | None = None
    keys: Field | None = None
    values: Field | None = None
    record: type[Record] | None = None
    json_object: bool = False
    reference: str | None = None
    on_delete: OnDelete = "restrict"

    eq: Any = ABSENT
    ne: Any = ABSENT
    not_one_of: tuple[Any, ...] = ()
    one_of: tuple[Any, ...] = ()
    gt: float | None = None
    timestamp: bool = False
    uuid: bool = False
    is_regex: bool = False
    between: tuple[float, float] | None = None
    len_eq: int | None = None
    len_min: int | None = None
    len_max: int | None = None
    starts_with: str | None = None
    match_none: tuple[tuple[str, str], ...] = ()
    match: str | None = None
    match_all: tuple[tuple[str, str], ...] = ()
    match_any: tuple[str, ...] = ()
    contains: Any = ABSENT
    check: Check | None = None
    exclusive_subsets: tuple[tuple[str, ...], ...] = ()

    canonical: Canonical | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignField(Field):
    """A field that holds ``{"id": …}`` of another entity, or null."""

    kind: Literal["foreign"] = "foreign"
    reference: str


Fields: TypeAlias = Mapping[str, Field]
