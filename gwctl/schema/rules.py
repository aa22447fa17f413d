"""Rules: what a value of the right type must satisfy, compiled in the reference's order (admin-api.md 0.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from gwctl.kit.ids import is_uuid
from gwctl.schema import messages
from gwctl.schema.absent import ABSENT
from gwctl.schema.field import Check, Field

Rule: TypeAlias = Check


def compile_rules(field: Field) -> tuple[Rule, ...]:
    """Every declared rule of ``field`` in the order in which they are tried; the first failure wins."""
    rules = (rule for maker in _MAKERS for rule in maker(field))
    if field.message is None:
        return tuple(rules)
    return tuple(_with_text(rule, field.message) for rule in rules)


def _with_text(rule: Rule, text: str) -> Rule:
    return lambda value: None if rule(value) is None else text


def _unless(fine: Callable[[Any], Any], text: str) -> Rule:
    return lambda value: None if fine(value) else text


def _eq(field: Field) -> Iterator[Rule]:
    if field.eq is not ABSENT and field.eq is not None:
        wanted = field.eq
        yield _unless(lambda value: value == wanted, f"value must be {messages.shown(wanted)}")


def _ne(field: Field) -> Iterator[Rule]:
    if field.ne is not ABSENT and field.ne is not None:
        refused = field.ne
        yield _unless(lambda value: value != refused, f"value must not be {messages.shown(refused)}")


def _not_one_of(field: Field) -> Iterator[Rule]:
    if field.not_one_of:
        refused = frozenset(field.not_one_of)
        yield _unless(lambda value: value not in refused, f"must not be one of: {messages.listed(field.not_one_of)}")


def _one_of(field: Field) -> Iterator[Rule]:
    if field.one_of:
        allowed = frozenset(field.one_of)
        text = f"expected one of: {messages.listed(field.one_of)}"
        yield lambda value: None if value in allowed else text


def _gt(field: Field) -> Iterator[Rule]:
    if field.gt is not None:
        least = field.gt
        yield _unless(lambda value: value > least, f"value must be greater than {messages.shown(least)}")


def _timestamp(field: Field) -> Iterator[Rule]:
    if field.timestamp:
        yield _unless(lambda value: value > 0, messages.INVALID_TIMESTAMP)


def _uuid(field: Field) -> Iterator[Rule]:
    if field.uuid:
        yield _unless(is_uuid, messages.INVALID_UUID)


def _is_regex(field: Field) -> Iterator[Rule]:
    if field.is_regex:
        yield _regex_fault


def _regex_fault(value: str) -> str | None:
    from gwctl.kit.patterns import PatternError, compile_pattern

    try:
        compile_pattern(value)
    except PatternError:
        return f"not a valid regex: {value}"
    return None


def _between(field: Field) -> Iterator[Rule]:
    if field.between is not None:
        low, high = field.between
        text = f"value should be between {messages.shown(low)} and {messages.shown(high)}"
        yield lambda value: None if low <= value <= high else text


def _lengths(field: Field) -> Iterator[Rule]:
    exact, least, most = field.len_eq, field.len_min, field.len_max
    if exact is not None:
        yield _unless(lambda value: len(value) == exact, f"length must be {exact}")
    if least == 1:
        yield lambda value: None if value else "length must be at least 1"
    elif least:
        yield _unless(lambda value: len(value) >= least, f"length must be at least {least}")
    if most is not None:
        yield _unless(lambda value: len(value) <= most, f"length must be at most {most}")


def _starts_with(field: Field) -> Iterator[Rule]:
    if field.starts_with is not None:
        start = field.starts_with
        yield _unless(lambda value: value.startswith(start), f"should start with: {start}")


def _patterns(field: Field) -> Iterator[Rule]:
    for pattern, text in field.match_none:
        yield _no_match(re.compile(pattern), text)
    if field.match is not None:
        yield _matches(re.compile(field.match))
    for pattern, text in field.match_all:
        yield _unless(re.compile(pattern).search, text)
    if field.match_any:
        yield _matches(re.compile("|".join(f"(?:{pattern})" for pattern in field.match_any)))


def _no_match(pattern: re.Pattern[str], text: str) -> Rule:
    search = pattern.search
    return lambda value: None if search(value) is None else text


def _matches(pattern: re.Pattern[str]) -> Rule:
    search = pattern.search
    return lambda value: None if search(value) is not None else f"invalid value: {value}"


def _contains(field: Field) -> Iterator[Rule]:
    if field.contains is not ABSENT:
        wanted = field.contains
        yield _unless(lambda value: wanted in value, f"expected to contain: {messages.shown(wanted)}")


def _custom(field: Field) -> Iterator[Rule]:
    if field.check is not None:
        yield field.check


def _exclusive_subsets(field: Field) -> Iterator[Rule]:
    if field.exclusive_subsets:
        subsets = field.exclusive_subsets

        def rule(value: list[str]) -> str | None:
            given = frozenset(value)
            clashing = [subset for subset in subsets if not given.isdisjoint(subset)]
            if len(clashing) < 2:
                return None
            return "these sets are mutually exclusive: " + ", ".join(f"({messages.quoted(s)})" for s in clashing)

        yield rule


_MAKERS = (
    _eq,
    _ne,
    _not_one_of,
    _one_of,
    _gt,
    _timestamp,
    _uuid,
    _is_regex,
    _between,
    _lengths,
    _starts_with,
    _patterns,
    _contains,
    _custom,
    _exclusive_subsets,
)
