"""From a tree to a function of a request's values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from gwctl.expressions import syntax
from gwctl.expressions.errors import ExpressionError
from gwctl.expressions.fields import Family
from gwctl.expressions.lexer import Value
from gwctl.expressions.parser import Parser
from gwctl.kit.patterns import PatternError, compile_pattern

Lookup: TypeAlias = Callable[[str], Sequence[Any]]
"""Field name → the values of a request: texts, integers or ``ipaddress`` addresses; none when it has none."""

_Test: TypeAlias = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. ``fields`` are the names it looks up; ``aliases`` the old names it was written with."""

    matches: Callable[[Lookup], bool]
    fields: frozenset[str]
    aliases: Mapping[str, str]


def compile_expression(text: str, family: Family = "http") -> Expression:
    """``text`` ready to be asked about requests. Raises ExpressionError."""
    parser = Parser(text, family)
    tree = parser.parse()
    fields: set[str] = set()
    return Expression(_compiled(tree, fields), frozenset(fields), parser.aliases)


def _compiled(node: syntax.Node, fields: set[str]) -> Callable[[Lookup], bool]:
    match node:
        case syntax.Predicate():
            fields.add(node.field)
            return _predicate(node)
        case syntax.Not(term):
            inner = _compiled(term, fields)
            return lambda lookup: not inner(lookup)
        case syntax.All(terms):
            every = tuple(_compiled(term, fields) for term in terms)
            return lambda lookup: all(test(lookup) for test in every)
        case syntax.Any(terms):
            some = tuple(_compiled(term, fields) for term in terms)
            return lambda lookup: any(test(lookup) for test in some)


def _predicate(node: syntax.Predicate) -> Callable[[Lookup], bool]:
    """A field without values satisfies nothing, not even ``!=``; several values must all do, or one with ``any()``."""
    name, test, enough = node.field, _test(node), any if node.any else all
    if node.lower:
        return lambda lookup: bool(values := lookup(name)) and enough(test(value.lower()) for value in values)
    return lambda lookup: bool(values := lookup(name)) and enough(test(value) for value in values)


def _test(node: syntax.Predicate) -> _Test:
    if node.operator == "~":
        return _search(str(node.value))
    return partial(_TESTS[node.operator], node.value)


def _search(text: str) -> _Test:
    try:
        pattern = compile_pattern(text)
    except PatternError as error:
        raise ExpressionError(f"invalid regex: {error.message}") from None
    return lambda value: pattern.search(value) is not None


_TESTS: Mapping[str, Callable[[Value, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "^=": lambda wanted, value: value.startswith(wanted),
    "=^": lambda wanted, value: value.endswith(wanted),
    "contains": lambda wanted, value: wanted in value,
    ">": operator.lt,
    ">=": operator.le,
    "<": operator.gt,
    "<=": operator.ge,
    "in": lambda wanted, value: value in wanted,  # type: ignore[operator]
    "not in": lambda wanted, value: value not in wanted,  # type: ignore[operator]
}
"""Operator → (literal, value of the request) → whether it holds."""
