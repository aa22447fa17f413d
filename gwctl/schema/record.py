"""Record and Entity: declared classes whose instances are frozen and slotted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

from gwctl.schema import fields as specifiers
from gwctl.schema.absent import ABSENT
from gwctl.schema.field import Field

if TYPE_CHECKING:
    from gwctl.schema.checks import EntityCheck
    from gwctl.schema.shorthand import Shorthand
    from gwctl.schema.transform import Transformation
    from gwctl.schema.variants import Variants

Loader = Callable[[Any], Any]
"""Stored form of one value → the value an instance carries."""


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(
        specifiers.string,
        specifiers.integer,
        specifiers.number,
        specifiers.boolean,
        specifiers.array,
        specifiers.set,
        specifiers.map,
        specifiers.record,
        specifiers.json,
        specifiers.foreign,
    ),
)
class RecordMeta(type):
    """Takes the declared fields out of the class body and makes slots of them."""

    def __new__(
        mcls, class_name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **options: Any
    ) -> RecordMeta:
        own = {
            attribute: value if value.name else replace(value, name=attribute)
            for attribute, value in namespace.items()
            if isinstance(value, Field)
        }
        body = {name: value for name, value in namespace.items() if name not in own}
        body["__slots__"] = tuple(own)
        created = super().__new__(mcls, class_name, bases, body, **options)
        inherited: dict[str, Field] = {}
        for base in bases:
            inherited.update(getattr(base, "attributes", {}))
        attributes = MappingProxyType(inherited | own)
        loaders = tuple((attribute, field.name, _loader(field)) for attribute, field in attributes.items())
        type.__setattr__(created, "attributes", attributes)
        type.__setattr__(created, "declared", MappingProxyType({field.name: field for field in attributes.values()}))
        type.__setattr__(created, "loaders", loaders)
        return created


class Record(metaclass=RecordMeta):
    """A group of declared fields; instances compare by value and cannot be changed.

    The constructor takes every field by keyword; a field with a default may be left out. Class arguments: ``checks``,
    rules over several fields, reported under ``@entity`` of this record; ``shorthands``, other spellings of its fields.

    ``declared`` has the fields by their name in documents, ``attributes`` by their name in Python; only few differ.
    """

    declared: ClassVar[Mapping[str, Field]] = MappingProxyType({})
    attributes: ClassVar[Mapping[str, Field]] = MappingProxyType({})
    loaders: ClassVar[tuple[tuple[str, str, Loader | None], ...]] = ()
    checks: ClassVar[tuple[EntityCheck, ...]] = ()
    shorthands: ClassVar[tuple[Shorthand, ...]] = ()

    def __init_subclass__(cls, *, checks: tuple[EntityCheck, ...] = (), shorthands: tuple[Shorthand, ...] = ()) -> None:
        super().__init_subclass__()
        if checks:
            type.__setattr__(cls, "checks", checks)
        if shorthands:
            type.__setattr__(cls, "shorthands", shorthands)

    def __init__(self, **values: Any) -> None:
        for name, field in self.attributes.items():
            value = values.pop(name, field.default)
            if value is ABSENT:
                raise TypeError(f"{type(self).__name__}() misses the field {name!r}")
            object.__setattr__(self, name, value)
        if values:
            raise TypeError(f"{type(self).__name__}() has no field {next(iter(values))!r}")

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """An instance of the stored form, without validation; a field left out is None."""
        instance = object.__new__(cls)
        write = object.__setattr__
        for attribute, name, loader in cls.loaders:
            value = stored.get(name)
            write(instance, attribute, value if loader is None or value is None else loader(value))
        return instance

    if not TYPE_CHECKING:  # the type checker knows frozen classes by itself, and would take these for leave to assign

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name!r}")

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.attributes)

    def __hash__(self) -> int:
        return hash((type(self), *(_hashable(getattr(self, name)) for name in self.attributes)))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.attributes)
        return f"{type(self).__name__}({inside})"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: the primary key of a record of another entity."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityOptions:
    """The class arguments of an entity; see `Entity`."""

    name: str
    path: str
    nested_path: str
    primary_key: str
    endpoint_key: str | None
    unique: tuple[tuple[str, ...], ...]
    cache_key: tuple[str, ...]
    checks: tuple[EntityCheck, ...]
    shorthands: tuple[Shorthand, ...]
    variants: Variants | None
    transformations: tuple[Transformation, ...]
    virtual: Mapping[str, Field]
    ttl: bool
    late: tuple[str, ...]
    stored: bool
    exported: bool
    dumped: bool
    admin: bool
    top_level: bool


class Entity(Record):
    """A declared entity. Class arguments:

    ``name``: the plural, as in the reference's tables; a class without it is a base of entities.
    ``path``: the Admin API's path segment (default: the name); ``nested_path``: the one below a parent.
    ``primary_key``, ``endpoint_key``: the fields that address a record.
    ``unique``: compound keys, beside the fields that are unique alone.
    ``cache_key``: the fields of the reference's cache key, in its order; none when that is the primary key.
    ``checks``: rules over several fields, in the order of their messages.
    ``shorthands``: write-only spellings that are expanded into fields.
    ``variants``: other field rules depending on the value of one field.
    ``transformations``: what a valid record changes into before it is stored.
    ``virtual``: fields of requests and answers that are not part of the record.
    ``ttl``: records may end by themselves; its field ``ttl`` is given in seconds and stored as the moment of the end.
    ``late``: fields that came when its table had rows already; the database fills in their defaults.
    ``stored``: has a table. ``exported``: a data plane needs it. ``dumped``: belongs into files made from a database.
    ``admin``: has generated endpoints; ``top_level``: not only below its parent.
    """

    options: ClassVar[EntityOptions]

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        path: str = "",
        nested_path: str = "",
        primary_key: str = "id",
        endpoint_key: str | None = None,
        unique: tuple[tuple[str, ...], ...] = (),
        cache_key: tuple[str, ...] = (),
        checks: tuple[EntityCheck, ...] = (),
        shorthands: tuple[Shorthand, ...] = (),
        variants: Variants | None = None,
        transformations: tuple[Transformation, ...] = (),
        virtual: Mapping[str, Field] | None = None,
        ttl: bool = False,
        late: tuple[str, ...] = (),
        stored: bool = True,
        exported: bool = True,
        dumped: bool = True,
        admin: bool = True,
        top_level: bool = True,
    ) -> None:
        super().__init_subclass__()
        if not name:
            return
        named = {key: replace(field, name=key) for key, field in (virtual or {}).items()}
        options = EntityOptions(
            name=name,
            path=path or name,
            nested_path=nested_path or path or name,
            primary_key=primary_key,
            endpoint_key=endpoint_key,
            unique=unique,
            cache_key=cache_key,
            checks=checks,
            shorthands=shorthands,
            variants=variants,
            transformations=transformations,
            virtual=MappingProxyType(named),
            ttl=ttl,
            late=late,
            stored=stored,
            exported=exported,
            dumped=dumped,
            admin=admin,
            top_level=top_level,
        )
        type.__setattr__(cls, "options", options)


def _loader(field: Field) -> Loader | None:
    """How a stored value becomes an instance's: lists become tuples, objects become records and references."""
    if field.kind == "foreign":
        return _load_reference
    if field.kind == "record":
        return field.record.load if field.record is not None else None
    if field.kind in ("array", "set"):
        inner = _loader(field.elements) if field.elements is not None else None
        return _load_list(inner) if inner is not None else tuple
    if field.kind == "map":
        inner = _loader(field.values) if field.values is not None else None
        return _load_map(inner) if inner is not None else MappingProxyType
    return None


def _load_reference(stored: Mapping[str, str]) -> Reference:
    return Reference(stored["id"])


def _load_list(inner: Loader) -> Loader:
    return lambda stored: tuple([inner(item) for item in stored])


def _load_map(inner: Loader) -> Loader:
    return lambda stored: MappingProxyType({key: inner(item) for key, item in stored.items()})


def _hashable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_hashable(item) for item in value)
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    return value
