"""Validators: a field compiled to one closure that answers an error or None."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from gwctl.kit.references import is_reference
from gwctl.schema import messages
from gwctl.schema.absent import ABSENT
from gwctl.schema.errors import ENTITY, Errors
from gwctl.schema.field import Field, ForeignField
from gwctl.schema.rules import Rule, compile_rules
from gwctl.schema.storable import json_fault, unstorable

if TYPE_CHECKING:
    from gwctl.schema.schema import Schema

Validator: TypeAlias = Callable[[Any], Any]
"""Value (null included) → None, or the error: text, padded list or dict."""

_EXACT = 2**53
"""Whole numbers up to here survive JSON and every client (admin-api.md 2.2)."""

Peers: TypeAlias = Callable[[str], "Schema | None"]
"""Finds the schema of a referenced entity, once all of them exist."""


def no_peers(name: str) -> None:
    """For schemas on their own: references are checked for their shape only."""


def compile_validator(field: Field, peers: Peers) -> Validator:
    """The closure for ``field``."""
    if field.eq is None:
        return _only_null(field.message or "value must be null")
    if field.kind == "string" and field.len_min is None and not (field.one_of or field.uuid):
        field = replace(field, len_min=1)
    return _KINDS[field.kind](field, _answer_to_null(field), compile_rules(field), peers)


def _answer_to_null(field: Field) -> str | None:
    if field.ne is None:
        return field.message or "value must not be null"
    if field.eq is not ABSENT and field.eq is not None:
        return f"value must be {messages.shown(field.eq)}"
    return messages.REQUIRED if field.required else None


def _only_null(text: str) -> Validator:
    return lambda value: None if value is None else text


def _string(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    wrong = messages.WRONG_TYPE["string"]
    referenceable = field.referenceable

    def validate(value: Any) -> Any:
        if type(value) is not str:
            return null if value is None else wrong
        if referenceable and is_reference(value):
            return None
        if not value.isascii() or "\0" in value:
            error = unstorable(value)
            if error is not None:
                return error
        for rule in rules:
            error = rule(value)
            if error is not None:
                return error
        return None

    return validate


def _integer(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    wrong = messages.WRONG_TYPE["integer"]

    def validate(value: Any) -> Any:
        if type(value) is not int and not (type(value) is float and value.is_integer()):
            return null if value is None else wrong
        if not -_EXACT <= value <= _EXACT:
            return wrong
        for rule in rules:
            error = rule(value)
            if error is not None:
                return error
        return None

    return validate


def _number(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    wrong = messages.WRONG_TYPE["number"]

    def validate(value: Any) -> Any:
        if type(value) is not int and not (type(value) is float and math.isfinite(value)):
            return null if value is None else wrong
        if type(value) is int and not -_EXACT <= value <= _EXACT:
            return wrong
        for rule in rules:
            error = rule(value)
            if error is not None:
                return error
        return None

    return validate


def _boolean(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    wrong = messages.WRONG_TYPE["boolean"]

    def validate(value: Any) -> Any:
        if value is not True and value is not False:
            return null if value is None else wrong
        for rule in rules:
            error = rule(value)
            if error is not None:
                return error
        return None

    return validate


def _list(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    wrong = messages.WRONG_TYPE[field.kind]
    element = _part(field.elements, peers)

    def validate(value: Any) -> Any:
        if type(value) is not list:
            return null if value is None else wrong
        found = [element(item) for item in value]
        if found.count(None) != len(found):
            while found[-1] is None:
                found.pop()
            return found
        for rule in rules:
            error = rule(value)
            if error is not None:
                return error
        return None

    return validate


def _map(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    wrong = messages.WRONG_TYPE["map"]
    check_key, check_value = _part(field.keys, peers), _part(field.values, peers)

    def validate(value: Any) -> Any:
        if type(value) is not dict:
            return null if value is None else wrong
        for key, item in value.items():
            error = check_key(key)
            if error is None:
                error = check_value(item)
            if error is not None:
                return error
        for rule in rules:
            error = rule(value)
            if error is not None:
                return error
        return None

    return validate


def _record(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    shape = field.record
    if shape is None:
        raise TypeError(f"the field {field.name!r} names no record class")
    validate_fields = compile_fields(shape.declared, peers)
    checks = tuple(check.compile(shape.declared, peers) for check in shape.checks)
    wrong = messages.WRONG_TYPE["record"]

    def validate(value: Any) -> Any:
        if type(value) is not dict:
            return null if value is None else wrong
        errors = validate_fields(value)
        for check in checks:
            check(value, errors, False)
        if errors:
            return errors
        for rule in rules:
            error = rule(value)
            if error is not None:
                return error
        return None

    return validate


def _json(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    only_objects = field.json_object

    def validate(value: Any) -> Any:
        if value is None:
            return null
        if only_objects and type(value) is not dict:
            return messages.WRONG_TYPE["record"]
        return json_fault(value)

    return validate


def _foreign(field: Field, null: str | None, rules: tuple[Rule, ...], peers: Peers) -> Validator:
    if not isinstance(field, ForeignField):
        raise TypeError(f"the field {field.name!r} names no entity")
    reference = field.reference

    def validate(value: Any) -> Any:
        if value is None:
            return null
        target = peers(reference)
        key = target.primary_key if target is not None else "id"
        if type(value) is not dict:
            return {key: messages.MISSING_PRIMARY_KEY}
        if key not in value:
            inside = target.validate_given(value) if target is not None else {}
            return inside or {key: messages.MISSING_PRIMARY_KEY}
        if value[key] is None:
            return {key: messages.REQUIRED}
        error = target.validate_field(key, value[key]) if target is not None else None
        return None if error is None else {key: error}

    return validate


def _part(field: Field | None, peers: Peers) -> Validator:
    """The validator of elements, keys or values, which may never be null."""
    if field is None:
        return lambda value: None
    return compile_validator(replace(field, required=True), peers)


def _unknown(name: str) -> str | list[str]:
    """A name that looks like the place of the entity's own errors is told there."""
    return [messages.UNKNOWN] if name == ENTITY else messages.UNKNOWN


def compile_fields(fields: Mapping[str, Field], peers: Peers) -> Callable[[Mapping[str, Any]], Errors]:
    """The closure that validates every field of a record and names unknown ones."""
    validators = {name: compile_validator(field, peers) for name, field in fields.items()}
    plan = tuple((name, validator, validator(None)) for name, validator in validators.items())
    known = frozenset(fields)

    def validate(values: Mapping[str, Any]) -> Errors:
        errors: Errors = {}
        get = values.get
        for name, check, null in plan:
            value = get(name)
            error = null if value is None else check(value)
            if error is not None:
                errors[name] = error
        if not values.keys() <= known:
            errors.update((name, _unknown(name)) for name in values if name not in known)
        return errors

    return validate


_KINDS: Mapping[str, Callable[[Field, str | None, tuple[Rule, ...], Peers], Validator]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _list,
    "set": _list,
    "map": _map,
    "record": _record,
    "json": _json,
    "foreign": _foreign,
}
