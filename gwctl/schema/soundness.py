"""Soundness, compiled: whether a filled record is certainly valid, at the cost of what was given for it.

What a record leaves out has its default, and whether that is valid is asked once for all records. A record that is not
certainly sound may still be valid: then, and for its errors, `gwctl.schema.validators.compile_fields` has the word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gwctl.schema.errors import Errors
from gwctl.schema.field import Field, Fields
from gwctl.schema.prepare import default_of
from gwctl.schema.rules import compile_rules
from gwctl.schema.validators import Peers, compile_validator

Sound: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
"""Given values, and the record that `gwctl.schema.filling` made of them → True when every field of it is valid."""

_Judge: TypeAlias = Callable[[Any, Any], bool]
"""A value as given and as filled → whether it is valid."""


def compile_soundness(fields: Fields, peers: Peers) -> Sound:
    """Asks the validators about defaults at once, so the schemas of referenced entities must be there."""
    judges = {name: (compile_validator(field, peers), _judge(field, peers)) for name, field in fields.items()}
    needed = frozenset(name for name, field in fields.items() if not _sound_by_default(field, peers))

    def sound(given: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
        if not given.keys() >= needed:
            return False
        for name, value in given.items():
            if name not in judges:
                return False
            validate, inside = judges[name]
            if validate(record[name]) is not None if inside is None else not inside(value, record[name]):
                return False
        return True

    return sound


def _sound_by_default(field: Field, peers: Peers) -> bool:
    if field.generator is not None:
        return False  # each value is another one
    return compile_validator(field, peers)(default_of(field)) is None


def _judge(field: Field, peers: Peers) -> _Judge | None:
    """None where the validator has to look at everything."""
    if field.kind != "record" or field.record is None or field.eq is None:
        return None
    validate = compile_validator(field, peers)
    inside = compile_soundness(field.record.declared, peers)
    checks = tuple(check.compile(field.record.declared, peers) for check in field.record.checks)
    rules = compile_rules(field)

    def judge(given: Any, filled: Any) -> bool:
        if type(given) is not dict or type(filled) is not dict:
            return validate(filled) is None
        if not inside(given, filled):
            return False
        errors: Errors = {}
        for check in checks:
            check(filled, errors, False)
        return not errors and all(rule(filled) is None for rule in rules)

    return judge
