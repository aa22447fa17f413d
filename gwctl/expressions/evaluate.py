"""From a tree to a function of a request's values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from gwctl.expressions import syntax
from gwctl.expressions.errors import ExpressionError
from gwctl.expressions.fields import Family, field_type
from gwctl.expressions.lexer import Value
from gwctl.expressions.parser import Parser
from gwctl.kit.patterns import PatternError, compile_pattern

Lookup: TypeAlias = Callable[[str], Sequence[Any]]
"""Field name → the values of a request: texts, integers or ``ipaddress`` addresses; none when it has none."""

Reader: TypeAlias = Callable[[str], Callable[[Any], Any]]
"""Field name → a function of a request: the value or None, for fields with many values a sequence of them."""

Note: TypeAlias = Callable[[Any, Any], None]
"""Called with the request and what ``^=`` (the literal) or ``~`` (the match) has just found."""

Condition: TypeAlias = Callable[[Any], bool]

_Test: TypeAlias = Callable[[Any], Any]


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
    condition = compile_tree(tree, partial(_looked_up, fields, family))
    return Expression(condition, frozenset(fields), parser.aliases)


def parse_expression(text: str, family: Family = "http") -> syntax.Node:
    """The tree of ``text``. Raises ExpressionError."""
    return Parser(text, family).parse()


def _looked_up(fields: set[str], family: Family, name: str) -> Callable[[Lookup], Any]:
    fields.add(name)
    if field_type(name, family).many:
        return lambda lookup: lookup(name)
    return lambda lookup: next(iter(lookup(name)), None)


def compile_tree(node: syntax.Node, reader: Reader, notes: Mapping[str, Note] | None = None) -> Condition:
    """``node`` as a function of whatever the functions of ``reader`` take.

    ``notes`` names fields of which every prefix and every expression that holds is told. Raises ExpressionError.
    """
    match node:
        case syntax.Predicate():
            return _predicate(node, reader(node.field), (notes or {}).get(node.field))
        case syntax.Not(term):
            inner = compile_tree(term, reader, notes)
            return lambda request: not inner(request)
        case syntax.All(terms):
            return _every([compile_tree(term, reader, notes) for term in terms])
        case syntax.Any(terms):
            return _some([compile_tree(term, reader, notes) for term in terms])


def _every(tests: Sequence[Condition]) -> Condition:
    def every(request: Any) -> bool:
        for test in tests:  # noqa: SIM110 — a generator would cost more than most tests
            if not test(request):
                return False
        return True

    return every


def _some(tests: Sequence[Condition]) -> Condition:
    def some(request: Any) -> bool:
        for test in tests:  # noqa: SIM110
            if test(request):
                return True
        return False

    return some


def _predicate(node: syntax.Predicate, read: Callable[[Any], Any], note: Note | None) -> Condition:
    """A field without values satisfies nothing, not even ``!=``; several values must all do, or one with ``any()``."""
    test = _test(node)
    many = node.field.startswith(_MANY)
    if note is not None and not many and node.operator in ("~", "^="):
        return _noting(test, read, note, node)
    if many:
        return _of_many(test, read, enough=any if node.any else all, lower=node.lower)
    if node.lower:
        return lambda request: (value := read(request)) is not None and test(value.lower())
    return lambda request: (value := read(request)) is not None and test(value)


_MANY = ("http.headers.", "http.queries.")


def _of_many(test: _Test, read: Callable[[Any], Any], *, enough: Callable[[Any], bool], lower: bool) -> Condition:
    if lower:
        return lambda request: bool(values := read(request)) and enough(test(value.lower()) for value in values)
    return lambda request: bool(values := read(request)) and enough(test(value) for value in values)


def _noting(test: _Test, read: Callable[[Any], Any], note: Note, node: syntax.Predicate) -> Condition:
    search = _search(str(node.value)) if node.operator == "~" else None

    def noted(request: Any) -> bool:
        value = read(request)
        if value is None:
            return False
        if node.lower:
            value = value.lower()
        if search is None:
            if not test(value):
                return False
            note(request, node.value)
            return True
        found = search(value)
        if found is None:
            return False
        note(request, found)
        return True

    return noted


def _test(node: syntax.Predicate) -> _Test:
    if node.operator == "~":
        search = _search(str(node.value))
        return lambda value: search(value) is not None
    return partial(_TESTS[node.operator], node.value)


def _search(text: str) -> Callable[[str], Any]:
    try:
        return compile_pattern(text).search
    except PatternError as error:
        raise ExpressionError(f"invalid regex: {error.message}") from None


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
