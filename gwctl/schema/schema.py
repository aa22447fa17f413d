"""Schema: an entity class compiled for use — prepare, validate, load, describe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

import orjson

from gwctl.kit.clock import SystemClock
from gwctl.schema.checks import CompiledCheck, EntityCheck, MutuallyRequired
from gwctl.schema.deprecation import Warn, log_warning, tell
from gwctl.schema.errors import EntityError, Errors
from gwctl.schema.expansion import compile_expansion
from gwctl.schema.expiry import ending, remaining
from gwctl.schema.field import Field, Fields, ForeignField
from gwctl.schema.filling import compile_complete
from gwctl.schema.messages import IMMUTABLE, UNKNOWN
from gwctl.schema.prepare import fill_auto, merge, moment, tidy
from gwctl.schema.record import Entity
from gwctl.schema.showing import compile_show
from gwctl.schema.soundness import Sound, compile_soundness
from gwctl.schema.transform import transformed
from gwctl.schema.validators import Peers, Validator, compile_fields, compile_validator, no_peers
from gwctl.schema.variants import Variant, Variants

RecordDict: TypeAlias = dict[str, Any]
"""A record in stored form: every declared field present, None when unset, foreign keys as ``{"id": …}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What a node's settings change of an entity: ``fields`` in place of declared ones, more checks, its variants.

    ``columns`` are fields that its table has for other nodes of the same database.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    columns: Mapping[str, Field] = field(default_factory=dict)
    checks: tuple[EntityCheck, ...] = ()
    variants: Variants | None = None


_NOWHERE = Local()


class Schema:
    """What the rest of the house knows of one entity. Immutable; safe to share between threads.

    ``peers`` finds the schemas of referenced entities; ``local`` is what differs on this node.
    """

    def __init__(self, record_class: type[Entity], peers: Peers = no_peers, local: Local = _NOWHERE) -> None:
        options = record_class.options
        self.record_class = record_class
        self.name = options.name
        self.path = options.path
        self.nested_path = options.nested_path
        self.primary_key = options.primary_key
        self.endpoint_key = options.endpoint_key
        self.cache_key = options.cache_key
        self.exported = options.exported
        self.dumped = options.dumped
        self.ttl = options.ttl
        self.admin = options.admin
        self.top_level = options.top_level
        self.stored = options.stored
        self.columns: Fields = MappingProxyType(dict(local.columns))
        self.late = options.late
        self.virtual = options.virtual
        self.shorthands = MappingProxyType({shorthand.name: shorthand for shorthand in options.shorthands})
        self.checks = options.checks + local.checks
        self.transformations = options.transformations
        self.variants = local.variants or options.variants
        self.fields: Fields = MappingProxyType({**record_class.declared, **local.fields})
        self.foreign: Mapping[str, ForeignField] = MappingProxyType(
            {name: field for name, field in self.fields.items() if isinstance(field, ForeignField)}
        )
        single = tuple((name,) for name, field in self.fields.items() if field.unique)
        self.unique: tuple[tuple[str, ...], ...] = single + options.unique
        self._given = {
            name: compile_validator(field, peers) for name, field in (*self.fields.items(), *self.virtual.items())
        }
        self._immutable = tuple(name for name, field in self.fields.items() if field.immutable)
        self._canonical = tuple(
            (name, field.canonical) for name, field in self.fields.items() if field.canonical is not None
        )
        self.canonical_names = tuple(name for name, _ in self._canonical)
        self._peers = peers
        self._base = Compiled(self, None, peers)
        self._compiled: dict[int, Compiled] = {}

    def __repr__(self) -> str:
        return f"Schema({self.name})"

    def prepare_insert(
        self, values: Mapping[str, Any], *, now: float, canonical: bool = True, warn: Warn = log_warning
    ) -> RecordDict:
        """The complete record that a POST of ``values`` would store.

        ``now`` is in seconds. Unknown names stay for `validate`. With ``canonical`` fields that have a canonical form
        are brought into it. ``warn`` hears of deprecated fields, each once. Raises EntityError when a shorthand or such
        a field cannot be read.
        """
        compiled = self._chosen(values)
        given = self._expanded(values, compiled, canonical, warn)
        if self.ttl:
            given = ending(given, now)
        fill_auto(compiled.auto, given, now)
        return compiled.complete(given)

    def admit(self, values: Mapping[str, Any], *, now: float, warn: Warn = log_warning) -> RecordDict | None:
        """What `prepare_insert` makes of ``values`` (without canonical forms) when that is certainly valid.

        None when only `validate` can tell. Costs a fraction of both for records that leave much to defaults. Raises
        EntityError when a shorthand cannot be read.
        """
        if self.virtual:
            return None
        filled = self._chosen(values)
        given = self._expanded(values, filled, False, warn)
        if self.ttl:
            given = ending(given, now)
        fill_auto(filled.auto, given, now)
        record = filled.complete(given)
        judging = self._chosen(record)
        if judging is not filled:  # the choice was left to a default, and these may have been filled by other rules
            given.update((name, record[name]) for name in filled.overridden | judging.overridden if name in record)
        if not judging.sound(given, record) or (self.variants is not None and judging is self._base):
            return None
        errors: Errors = {}
        for check in judging.checks:
            check(record, errors, False)
        return None if errors else record

    def prepare_replace(
        self, values: Mapping[str, Any], *, now: float, existing: RecordDict | None, warn: Warn = log_warning
    ) -> RecordDict:
        """The record that a PUT stores: complete replacement, under the key of ``existing`` if there is one."""
        kept = {} if existing is None else {self.primary_key: existing[self.primary_key]}
        return self.prepare_insert({**values, **kept}, now=now, warn=warn)

    def prepare_update(
        self, values: Mapping[str, Any], *, now: float, existing: RecordDict, warn: Warn = log_warning
    ) -> RecordDict:
        """The record that a PATCH stores: ``values`` merged into ``existing``. Raises EntityError.

        The primary key in ``values`` is ignored. Immutable fields may be repeated but not changed.
        """
        compiled = self._chosen({**existing, **values})
        given = self._expanded(values, compiled, True, warn)
        given.pop(self.primary_key, None)
        if self.ttl:
            given = ending(given, now)
        record = merge(compiled.fields, given, existing)
        changed = {name: IMMUTABLE for name in self._immutable if name in given and record[name] != existing[name]}
        if changed:
            raise EntityError.schema_violation(changed)
        updated = self.fields.get("updated_at")
        if updated is not None and updated.auto:
            record["updated_at"] = moment(updated, now)
        return record

    def validate(self, record: Mapping[str, Any], *, updating: bool = False) -> Errors:
        """Every violation at once, ``{}`` when fine. ``updating`` picks the wording of a PATCH."""
        compiled = self._base
        if self.variants is not None:
            value = record.get(self.variants.key)
            variant = self.variants.choose(value)
            if variant is None:
                return {self.variants.key: self.variants.refusal(value)}
            compiled = self.variant(variant)
        errors = compiled.validate(record)
        for check in compiled.checks:
            check(record, errors, updating)
        return errors

    def validate_given(self, values: Mapping[str, Any]) -> Errors:
        """The violations of the fields that ``values`` holds; nothing is missing, no check over several fields runs."""
        errors: Errors = {}
        for name, value in values.items():
            validator = self._given.get(name)
            error = UNKNOWN if validator is None else validator(value)
            if error is not None:
                errors[name] = error
        return errors

    def validate_field(self, name: str, value: Any) -> Any:
        """The error of one value of the field ``name``, or None."""
        return self._given[name](value)

    def check(self, record: RecordDict, *, updating: bool = False) -> RecordDict:
        """The record with values in stored form, or EntityError with every violation."""
        tidied = {name: tidy(self.fields[name], item) if name in self.fields else item for name, item in record.items()}
        errors = self.validate(tidied, updating=updating)
        if errors:
            raise EntityError.schema_violation(errors)
        return tidied

    def canonical_value(self, name: str, value: Any) -> Any:
        """``value`` of the field ``name`` as it is stored and looked up; unchanged when it has no such form."""
        field = self.fields[name]
        try:
            return tidy(field, value if field.canonical is None else field.canonical(value))
        except ValueError:
            return value

    def load(self, record: Mapping[str, Any]) -> Entity:
        """A typed, frozen instance of a stored record, without validation."""
        return self.record_class.load(record)

    def key_of(self, record: Mapping[str, Any]) -> str:
        """The primary key of a record."""
        return str(record[self.primary_key])

    def canonical(self, record: Mapping[str, Any]) -> bytes:
        """The bytes that are hashed, stored and sent: JSON with sorted keys."""
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)

    def transform(self, record: RecordDict, given: Collection[str] | None = None, *, raw: bool = True) -> RecordDict:
        """A valid record as it is stored: passwords and digests computed.

        ``given`` are the fields that a PATCH named, None for a complete record. ``raw`` is False for values that are
        transformed already (``_transform: false`` of a document). Raises TransformationFailed.
        """
        return transformed(self.transformations, record, given, raw=raw) if self.transformations else record

    def shown(self, record: RecordDict, *, now: float | None = None) -> RecordDict:
        """A stored record as answers show it: deprecated spellings stand next to the fields that replaced them, and
        ``ttl`` is what is left at ``now`` (seconds; the present by default).

        The record itself when nothing differs; never changes it.
        """
        if self.ttl:
            return remaining(record, SystemClock().now() if now is None else now)
        show = self._chosen(record).show
        shown: RecordDict = record if show is None else show(record)
        return shown

    def describe(self) -> dict[str, Any]:
        """The schema as ``/schemas/{entity}`` shows it (admin-api.md 2.6)."""
        from gwctl.schema.describe import describe

        return describe(self)

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of a record as clients send and receive it."""
        from gwctl.schema.jsonschema import json_schema

        return json_schema(self)

    def decode_form(self, pairs: Sequence[tuple[str, str]], *, key: Any = None) -> dict[str, Any]:
        """The values of a form body (admin-api.md 2.2).

        ``key`` is the stored value of the field that chooses the variant, for a PATCH that leaves it out.
        """
        from gwctl.schema.form import decode_form

        return decode_form(self, pairs, key)

    def fields_for(self, values: Mapping[str, Any]) -> Fields:
        """The fields of the variant that ``values`` choose, or the entity's own when they choose none."""
        return self._chosen(values).fields

    def variant(self, variant: Variant | None) -> Compiled:
        """The closures of one of the schema's variants, compiled when first asked for."""
        if variant is None:
            return self._base
        compiled = self._compiled.get(id(variant))
        if compiled is None:
            compiled = self._compiled[id(variant)] = Compiled(self, variant, self._peers)
        return compiled

    def _chosen(self, values: Mapping[str, Any]) -> Compiled:
        if self.variants is None:
            return self._base
        return self.variant(self.variants.choose(values.get(self.variants.key)))

    def _expanded(self, values: Mapping[str, Any], compiled: Compiled, canonical: bool, warn: Warn) -> dict[str, Any]:
        errors: Errors = {}
        if compiled.expand is None:
            given = dict(values)
        else:
            warnings: list[str] = []
            given = compiled.expand(values, errors, warnings)
            if warnings and not errors:
                tell(warnings, warn)
        if not errors and canonical:
            errors = self._canonicalize(given)
        if errors:
            raise EntityError.schema_violation(errors)
        return given

    def _canonicalize(self, given: dict[str, Any]) -> Errors:
        errors: Errors = {}
        for name, canonical in self._canonical:
            if isinstance(given.get(name), str):
                try:
                    given[name] = canonical(given[name])
                except ValueError as error:
                    errors[name] = str(error)
        return errors


class Compiled:
    """The closures of one variant of an entity, or of the entity alone.

    ``expand`` and ``show`` are None where there is nothing to expand or to show.
    """

    __slots__ = (
        "_peers",
        "_sound",
        "auto",
        "checks",
        "complete",
        "declared_checks",
        "expand",
        "fields",
        "overridden",
        "show",
        "validate",
    )

    def __init__(self, schema: Schema, variant: Variant | None, peers: Peers) -> None:
        own = schema.fields
        override = {} if variant is None else {name: _named(name, field) for name, field in variant.fields.items()}
        self.fields: Fields = MappingProxyType({**own, **override}) if override else own
        self.overridden = frozenset(override)
        self._peers = peers
        self._sound: Sound | None = None
        self.auto: Fields = {name: field for name, field in self.fields.items() if field.auto}
        self.complete = compile_complete(self.fields)
        shorthands = tuple(schema.shorthands.values())
        self.expand = compile_expansion(self.fields, shorthands, peers)
        self.show = compile_show(self.fields, shorthands)
        validate = compile_fields(self.fields, peers)
        self.validate = _with_virtual(validate, schema.virtual, peers) if schema.virtual else validate
        self.declared_checks = schema.checks + (() if variant is None else variant.checks)
        implied = tuple(
            MutuallyRequired((*each.inputs, *each.needs), anyway=True) for each in schema.transformations if each.needs
        )
        self.checks: tuple[CompiledCheck, ...] = tuple(
            check.compile(self.fields, peers) for check in self.declared_checks + implied
        )

    @property
    def sound(self) -> Sound:
        """Compiled when first asked for: only documents need it, once all schemas are there."""
        if self._sound is None:
            self._sound = compile_soundness(self.fields, self._peers)
        return self._sound


def _named(name: str, field: Field) -> Field:
    return field if field.name == name else replace(field, name=name)


FieldsValidator: TypeAlias = Callable[[Mapping[str, Any]], Errors]


def _with_virtual(validate: FieldsValidator, virtual: Mapping[str, Field], peers: Peers) -> FieldsValidator:
    checks: dict[str, Validator] = {name: compile_validator(field, peers) for name, field in virtual.items()}

    def both(values: Mapping[str, Any]) -> Errors:
        errors = validate({name: value for name, value in values.items() if name not in checks})
        for name, check in checks.items():
            error = check(values[name]) if name in values else None
            if error is not None:
                errors[name] = error
        return errors

    return both
