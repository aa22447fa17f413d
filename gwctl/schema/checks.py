"""Entity checks: rules over several fields, reported under ``@entity`` (admin-api.md 0.4).

Each check is declared as data (for ``/schemas``) and compiled to a closure ``(record, errors, updating) -> None`` that
adds what it finds to ``errors``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from gwctl.schema.absent import ABSENT
from gwctl.schema.errors import ENTITY, Errors
from gwctl.schema.field import Field, Fields
from gwctl.schema.inside import value_at
from gwctl.schema.messages import NEEDED, NEEDED_WHEN_UPDATING, quoted
from gwctl.schema.validators import Peers, Validator, compile_validator

CompiledCheck: TypeAlias = Callable[[Mapping[str, Any], Errors, bool], None]
Constraint: TypeAlias = Mapping[str, Any]
"""Attributes of `Field` that, laid over a field's own, say when a condition holds."""


class EntityCheck(Protocol):
    """One declared check."""

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck: ...

    def describe(self) -> dict[str, Any] | None:
        """Its entry in ``/schemas``; None for those that are code."""
        ...


def is_set(record: Mapping[str, Any], name: str) -> bool:
    """Neither null nor empty; ``a.b`` looks into records."""
    value = value_of(record, name)
    return value is not None and value != "" and value != [] and value != {}


def value_of(record: Mapping[str, Any], name: str) -> Any:
    if "." not in name:
        return record.get(name)
    return value_at(record, name.split("."))


def _getter(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """`value_of` for one name, for checks that meet a hundred thousand records."""
    first, *more = name.split(".")
    if not more:
        return lambda record: record.get(first)
    rest = ".".join(more)
    if len(more) > 1:
        return lambda record: value_of(record, name)

    def get(record: Mapping[str, Any]) -> Any:
        inside = record.get(first)
        return inside.get(rest) if type(inside) is dict else value_of(record, name)

    return get


def report(errors: Errors, text: str) -> None:
    errors.setdefault(ENTITY, []).append(text)


def field_at(fields: Fields, name: str) -> Field:
    """The declaration of ``name``; ``a.b`` looks into records. Raises KeyError for a name that is not declared."""
    first, *rest = name.split(".")
    field = fields[first]
    for part in rest:
        field = ({} if field.record is None else field.record.declared)[part]
    return field


def failed(errors: Errors, name: str) -> bool:
    """Whether the value of ``name``, or a record around it, failed already."""
    if "." not in name:
        return name in errors
    error: Any = errors
    for part in name.split("."):
        if not isinstance(error, Mapping):
            return True
        if part not in error:
            return False
        error = error[part]
    return True


def blame(errors: Errors, name: str, error: Any) -> None:
    """Put ``error`` where ``name`` stands; ``a.b`` inside the errors of the record a."""
    *records, last = name.split(".")
    for part in records:
        inside = errors.setdefault(part, {})
        if not isinstance(inside, dict):
            return
        errors = inside
    errors[last] = error


@dataclass(frozen=True, slots=True)
class AtLeastOneOf:
    names: tuple[str, ...]

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        text = f"at least one of these fields must be non-empty: {quoted(self.names)}"

        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            if not any(is_set(record, name) for name in self.names):
                report(errors, f"when updating, {text}" if updating else text)

        return check

    def describe(self) -> dict[str, Any]:
        return {"at_least_one_of": list(self.names)}


@dataclass(frozen=True, slots=True)
class OnlyOneOf:
    names: tuple[str, ...]

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        text = f"exactly one of these fields must be non-empty: {quoted(self.names)}"

        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            if sum(is_set(record, name) for name in self.names) != 1:
                report(errors, text)

        return check

    def describe(self) -> dict[str, Any]:
        return {"only_one_of": list(self.names)}


@dataclass(frozen=True, slots=True)
class MutuallyExclusive:
    names: tuple[str, ...]

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        text = f"only one or none of these fields must be set: {quoted(self.names)}"

        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            if sum(is_set(record, name) for name in self.names) > 1:
                report(errors, text)

        return check

    def describe(self) -> dict[str, Any]:
        return {"mutually_exclusive": list(self.names)}


@dataclass(frozen=True, slots=True)
class MutuallyRequired:
    """``anyway``: also when one of them failed already."""

    names: tuple[str, ...]
    anyway: bool = False

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        text = f"all or none of these fields must be set: {quoted(self.names)}"

        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            if (self.anyway or _sound(errors, self.names)) and sum(is_set(record, name) for name in self.names) % len(
                self.names
            ):
                report(errors, text)

        return check

    def describe(self) -> dict[str, Any]:
        return {"mutually_required": list(self.names)}


@dataclass(frozen=True, slots=True)
class Distinct:
    names: tuple[str, ...]

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        text = f"values of these fields must be distinct: {quoted(self.names)}"

        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            given = [value_of(record, name) for name in self.names if is_set(record, name)]
            if any(value in given[:position] for position, value in enumerate(given)):
                report(errors, text)

        return check

    def describe(self) -> dict[str, Any]:
        return {"distinct": list(self.names)}


@dataclass(frozen=True, slots=True)
class Conditional:
    """When ``if_field`` satisfies ``if_match``, ``then_field`` must satisfy ``then_match``."""

    if_field: str
    if_match: Constraint
    then_field: str
    then_match: Constraint
    message: str | None = None

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        holds = _condition(field_at(fields, self.if_field), self.if_match, peers)
        then = field_at(fields, self.then_field)
        judge = compile_validator(replace(then, **{"required": False, **self.then_match}), peers)
        null = judge(None)
        if_field, then_field = self.if_field, self.then_field
        text = self.message or f"failed conditional validation given value of field '{if_field}'"

        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            value = record.get(then_field)
            error = null if value is None else judge(value)
            if error is not None and if_field not in errors and holds(record.get(if_field)):
                errors[then_field] = error
                report(errors, text)

        get_then, get_if = _getter(then_field), _getter(if_field)

        def check_inside(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            value = get_then(record)
            error = null if value is None else judge(value)
            if error is not None and not failed(errors, if_field) and holds(get_if(record)):
                blame(errors, then_field, error)
                report(errors, text)

        chosen = check_inside if "." in if_field + then_field else check
        return _needing(field_at(fields, if_field), if_field, chosen)

    def describe(self) -> dict[str, Any]:
        described = {
            "if_field": self.if_field,
            "if_match": _plain(self.if_match),
            "then_field": self.then_field,
            "then_match": _plain(self.then_match),
        }
        return {"conditional": described | ({"then_err": self.message} if self.message else {})}


@dataclass(frozen=True, slots=True)
class ConditionalAtLeastOneOf:
    """When ``if_field`` satisfies ``if_match``, one of ``names`` must be set; else, when it satisfies ``else_match``,
    one of ``else_names``. ``%s`` in the messages stands for the names.
    """

    if_field: str
    if_match: Constraint
    names: tuple[str, ...]
    message: str
    else_match: Constraint | None = None
    else_names: tuple[str, ...] = ()
    else_message: str = ""

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        field, if_field = field_at(fields, self.if_field), self.if_field
        branches = [(_condition(field, self.if_match, peers), self.names, _filled(self.message, self.names))]
        if self.else_match is not None:
            text = _filled(self.else_message, self.else_names)
            branches.append((_condition(field, self.else_match, peers), self.else_names, text))
        enough = tuple(name for name in self.names if all(name in names for _, names, _ in branches))

        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            if failed(errors, if_field):
                return
            for name in enough:
                if record.get(name):
                    return
            value = value_of(record, if_field)
            for holds, names, text in branches:
                if holds(value):
                    if not any(is_set(record, name) for name in names):
                        report(errors, text)
                    return

        return _needing(field, if_field, check)

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = {
            "if_field": self.if_field,
            "if_match": _plain(self.if_match),
            "then_at_least_one_of": list(self.names),
            "then_err": self.message,
        }
        if self.else_match is not None:
            described["else_match"] = _plain(self.else_match)
            described["else_then_at_least_one_of"] = list(self.else_names)
            described["else_then_err"] = self.else_message
        return {"conditional_at_least_one_of": described}


@dataclass(frozen=True, slots=True)
class Custom:
    """Code: ``run`` answers None, a text for ``@entity``, or a dict that may name fields too.

    It is skipped when one of ``names`` failed already. ``a.b`` names a field inside the record a.
    """

    names: tuple[str, ...]
    run: Callable[[Mapping[str, Any]], str | Mapping[str, Any] | None]

    def compile(self, fields: Fields, peers: Peers) -> CompiledCheck:
        def check(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
            if not _sound(errors, self.names):
                return
            found = self.run(record)
            if isinstance(found, str):
                report(errors, found)
            elif found is not None:
                for text in found.get(ENTITY, ()):
                    report(errors, text)
                for name, error in found.items():
                    if name != ENTITY:
                        blame(errors, name, error)

        return check

    def describe(self) -> None:
        return None


def _sound(errors: Errors, names: tuple[str, ...]) -> bool:
    return not any(failed(errors, name) for name in names)


def _condition(field: Field, match: Constraint, peers: Peers) -> Callable[[Any], bool]:
    """Whether a value that is valid for ``field`` satisfies the constraint too; null never does."""
    bare = Field(kind=field.kind, name=field.name, len_min=0 if field.kind == "string" else None)
    validator: Validator = compile_validator(replace(bare, **match), peers)
    return lambda value: value is not None and validator(value) is None


def _needing(field: Field, name: str, check: CompiledCheck) -> CompiledCheck:
    """The check, for whose condition the field ``name`` must be there; its absence gets words of its own."""
    if not field.required or field.default is not ABSENT:
        return check
    get = _getter(name)

    def needing(record: Mapping[str, Any], errors: Errors, updating: bool) -> None:
        if get(record) is None:
            blame(errors, name, NEEDED_WHEN_UPDATING if updating else NEEDED)
        else:
            check(record, errors, updating)

    return needing


def _filled(message: str, names: tuple[str, ...]) -> str:
    return message.replace("%s", quoted(names))


def _plain(constraint: Constraint) -> dict[str, Any]:
    """The constraint without what is code."""
    return {
        name: list(value) if isinstance(value, tuple) else {"type": value.kind} if isinstance(value, Field) else value
        for name, value in constraint.items()
        if not callable(value)
    }
