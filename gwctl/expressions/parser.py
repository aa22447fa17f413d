"""From tokens to a tree, with every type checked. ``||`` binds tighter than ``&&`` (proxy.md 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network

from gwctl.expressions.errors import ExpressionError
from gwctl.expressions.fields import ALIASES, Family, FieldType, UnknownField, field_type
from gwctl.expressions.lexer import Token, Value, tokens
from gwctl.expressions.syntax import All, Any, Node, Not, Predicate

_DEEPEST = 100
_TRANSFORMS = ("lower", "any")
_TAKES: Mapping[str, tuple[str, ...]] = {
    "==": ("String", "Int", "IpAddr"),
    "!=": ("String", "Int", "IpAddr"),
    "~": ("String",),
    "^=": ("String",),
    "=^": ("String",),
    "contains": ("String",),
    ">": ("Int",),
    ">=": ("Int",),
    "<": ("Int",),
    "<=": ("Int",),
    "in": ("IpAddr",),
    "not in": ("IpAddr",),
}
"""The types of the field that an operator takes."""


class Parser:
    """Parses one text for routes of one family; ``aliases`` collects the old names that it used."""

    def __init__(self, text: str, family: Family) -> None:
        self.aliases: dict[str, str] = {}
        self._text = text
        self._family: Family = family
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        """The tree of the whole text. Raises ExpressionError."""
        node = self._all()
        if self._peek.kind != "end":
            raise self._fault(f"expected && or || before {self._peek.text}")
        return node

    @property
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> Token | None:
        token = self._peek
        if token.kind != "operator" or token.text not in texts:
            return None
        self._next += 1
        return token

    def _fault(self, text: str, token: Token | None = None) -> ExpressionError:
        return ExpressionError.at(self._text, (token or self._peek).position, text)

    def _all(self) -> Node:
        terms = [self._any()]
        while self._take("&&"):
            terms.append(self._any())
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _any(self) -> Node:
        terms = [self._term()]
        while self._take("||"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Any(tuple(terms))

    def _term(self) -> Node:
        if self._take("!"):
            if self._peek.text != "(":
                raise self._fault("! stands only before a parenthesis")
            return Not(self._term())
        if self._take("("):
            return self._group()
        return self._predicate()

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fault(f"more than {_DEEPEST} parentheses inside each other")
        node = self._all()
        if not self._take(")"):
            raise self._fault("expected )")
        self._depth -= 1
        return node

    def _predicate(self) -> Predicate:
        transforms, field = self._field()
        kind = self._type_of(field)
        if "lower" in transforms and kind.type != "String":
            raise self._fault(f"lower() takes a String, {field.text} is of type {kind.type}", field)
        token = self._peek
        operator = self._operator()
        if kind.type not in _TAKES[operator]:
            raise self._fault(f"{operator} cannot be used with {field.text} of type {kind.type}", token)
        value = self._value(operator, kind)
        name = ALIASES.get(field.text, field.text)
        return Predicate(name, operator, value, lower="lower" in transforms, any="any" in transforms)

    def _field(self) -> tuple[list[str], Token]:
        """The transforms around a field, and the field."""
        transforms: list[str] = []
        while self._peek.kind == "name" and self._tokens[self._next + 1].text == "(":
            if self._peek.text not in _TRANSFORMS:
                raise self._fault(f"unknown function {self._peek.text}(), there are lower() and any()")
            transforms.append(self._peek.text)
            if len(transforms) > _DEEPEST:
                raise self._fault(f"more than {_DEEPEST} functions inside each other")
            self._next += 2
        field = self._peek
        if field.kind != "name":
            raise self._fault(f"expected a field before {field.text}" if field.text else "expected a field")
        self._next += 1
        for name in transforms:
            if not self._take(")"):
                raise self._fault(f"expected ) after the argument of {name}()")
        return transforms, field

    def _type_of(self, field: Token) -> FieldType:
        name = ALIASES.get(field.text, field.text)
        if name != field.text:
            self.aliases[field.text] = name
        try:
            return field_type(name, self._family)
        except UnknownField as error:
            raise self._fault(str(error), field) from None

    def _operator(self) -> str:
        if self._take("not"):
            if not self._take("in"):
                raise self._fault("expected in after not")
            return "not in"
        token = self._take(*_TAKES)
        if token is None:
            raise self._fault("expected an operator such as == or ^=")
        return token.text

    def _value(self, operator: str, kind: FieldType) -> Value:
        token = self._peek
        if token.kind != "value":
            raise self._fault(f"expected a value after {operator}")
        wanted = "IpCidr" if operator in ("in", "not in") else kind.type
        if _type_name(token.value) != wanted:
            raise self._fault(f"{operator} needs a value of type {wanted}, not {_type_name(token.value)}")
        self._next += 1
        return token.value


def _type_name(value: Value) -> str:
    if isinstance(value, str):
        return "String"
    if isinstance(value, int):
        return "Int"
    return "IpCidr" if isinstance(value, IPv4Network | IPv6Network) else "IpAddr"
