"""Field specifiers: what stands on the right of ``name: str | None = fields.string(…)`` in a record class.

They return ``Any`` because the annotation on the left is the type of the value, not of the declaration; a test holds
annotation and declaration together for every entity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from gwctl.schema.deprecation import Deprecation
from gwctl.schema.field import Canonical, Check, Field, ForeignField, OnDelete

if TYPE_CHECKING:
    from gwctl.schema.record import Record


class Attributes(TypedDict, total=False):
    """Attributes that any field may carry; their meaning is told at `gwctl.schema.field.Field`."""

    name: str
    help: str
    deprecation: Deprecation
    required: bool
    default: Any
    keeps_null: bool
    unique: bool
    auto: bool
    generator: Callable[[], Any]
    immutable: bool
    referenceable: bool
    encrypted: bool
    eq: Any
    ne: Any
    not_one_of: tuple[Any, ...]
    one_of: tuple[Any, ...]
    gt: float
    timestamp: bool
    uuid: bool
    is_regex: bool
    between: tuple[float, float]
    len_eq: int
    len_min: int
    len_max: int
    starts_with: str
    match_none: tuple[tuple[str, str], ...]
    match: str
    match_all: tuple[tuple[str, str], ...]
    match_any: tuple[str, ...]
    contains: Any
    check: Check
    exclusive_subsets: tuple[tuple[str, ...], ...]
    canonical: Canonical
    message: str


def _over(typedef: Attributes | None, attributes: Attributes) -> Attributes:
    return attributes if typedef is None else {**typedef, **attributes}


def string(typedef: Attributes | None = None, /, **attributes: Unpack[Attributes]) -> Any:
    """Text; the empty string is refused unless ``len_min=0``. ``attributes`` win over those of ``typedef``."""
    return Field(kind="string", **_over(typedef, attributes))


def integer(typedef: Attributes | None = None, /, **attributes: Unpack[Attributes]) -> Any:
    """A whole number; 5.0 is one too and is stored as 5."""
    return Field(kind="integer", **_over(typedef, attributes))


def number(typedef: Attributes | None = None, /, **attributes: Unpack[Attributes]) -> Any:
    return Field(kind="number", **_over(typedef, attributes))


def boolean(**attributes: Unpack[Attributes]) -> Any:
    return Field(kind="boolean", **attributes)


def array(elements: Field, **attributes: Unpack[Attributes]) -> Any:
    """A list in the given order; ``elements`` may not be null."""
    return Field(kind="array", elements=elements, **attributes)


def set(elements: Field, **attributes: Unpack[Attributes]) -> Any:
    """A list without repeats: the first occurrence keeps its place."""
    return Field(kind="set", elements=elements, **attributes)


def map(keys: Field, values: Field, **attributes: Unpack[Attributes]) -> Any:
    return Field(kind="map", keys=keys, values=values, **attributes)


def record(shape: type[Record], **attributes: Unpack[Attributes]) -> Any:
    """A nested record; with ``required`` or any ``default`` it is expanded to its own defaults when left out."""
    return Field(kind="record", record=shape, **attributes)


def json(*, json_object: bool = False, **attributes: Unpack[Attributes]) -> Any:
    """Any JSON value, or any JSON object with ``json_object``; a PATCH merges objects into objects."""
    return Field(kind="json", json_object=json_object, **attributes)


def foreign(reference: str, *, on_delete: OnDelete = "restrict", **attributes: Unpack[Attributes]) -> Any:
    """A reference to a record of the entity ``reference``; ``on_delete`` is what its deletion does to this one."""
    return ForeignField(reference=reference, on_delete=on_delete, **attributes)
