"""Form bodies: names with dots and brackets, values typed by the schema (admin-api.md 2.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

from gwctl.schema.field import Field, Fields

if TYPE_CHECKING:
    from gwctl.schema.record import Record
    from gwctl.schema.schema import Schema

_STEP = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<inside>[^\]]*)\]")
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_BOOLEANS = {"true": True, "false": False}
_DEEPEST = 32
_LONGEST_INTEGER = 18
_LONGEST_PLACE = 9
"""Digits of a list place; Python refuses to read a number of thousands of them, and nobody has such a list."""


@dataclass(slots=True)
class _Node:
    """What a form says about one name: its own values, names below it, and list places below it."""

    values: list[str] = attribute(default_factory=list)
    names: dict[str, _Node] = attribute(default_factory=dict)
    places: dict[int, _Node] = attribute(default_factory=dict)
    appended: list[_Node] = attribute(default_factory=list)

    def elements(self) -> list[_Node]:
        """List elements: numbered ones in order, then plain repeats, then ``[]`` ones."""
        numbered = [self.places[place] for place in sorted(self.places)]
        return [*numbered, *(_Node([value]) for value in self.values), *self.appended]

    def entries(self) -> dict[str, _Node]:
        """Map entries: names, and numbers that stood in brackets."""
        return {**self.names, **{str(place): node for place, node in self.places.items()}}

    @property
    def is_plain(self) -> bool:
        return not (self.names or self.places or self.appended)


def decode_form(schema: Schema, pairs: Sequence[tuple[str, str]], key: Any = None) -> dict[str, Any]:
    """The values of a form: arrays from repeats and brackets, records and maps from dots, ``""`` for null.

    ``key`` is the stored value of the field that chooses the variant, where the form leaves it out.
    Text that does not fit the type of its field stays text, for validation to report; unknown names are kept.
    """
    root = _Node()
    for name, value in pairs:
        _insert(root, name, value)
    known: Fields = {
        **{name: shorthand.field for name, shorthand in schema.shorthands.items()},
        **schema.fields,
        **schema.virtual,
    }
    if schema.variants is None:
        return _decode_names(known, root)
    deciding = schema.variants.key
    chosen = _decode(known[deciding], root.names[deciding]) if deciding in root.names else key
    return _decode_names({**known, **schema.fields_for({deciding: chosen})}, root)


def _insert(root: _Node, name: str, value: str) -> None:
    node, steps = root, _steps(name)
    for position, step in enumerate(steps):
        if position and step == "":
            node = _appended(node, steps[position + 1 :])
        elif position and step.isdecimal() and len(step) <= _LONGEST_PLACE:
            node = node.places.setdefault(int(step), _Node())
        else:
            node = node.names.setdefault(step, _Node())
    node.values.append(value)


def _steps(name: str) -> list[str]:
    """``a.b[c][]`` → a, b, c and an empty step; a name with another shape is one step."""
    steps: list[str] = []
    position = 0
    while position < len(name) and len(steps) <= _DEEPEST:
        found = _STEP.match(name, position)
        if found is None or (position == 0 and found.lastgroup == "inside"):
            return [name]
        steps.append(found[found.lastgroup or 0])
        position = found.end()
    return steps if steps and position == len(name) else [name]


def _appended(node: _Node, below: list[str]) -> _Node:
    """The element that ``[]`` means: a new one, unless the last one still lacks what follows the brackets."""
    last = node.appended[-1] if node.appended else None
    if last is not None and below and below[0] and below[0] not in last.names:
        return last
    node.appended.append(_Node())
    return node.appended[-1]


def _decode_names(fields: Fields, node: _Node) -> dict[str, Any]:
    return {
        name: _decode(fields[name], below) if name in fields else _free(below) for name, below in node.entries().items()
    }


def _decode(field: Field, node: _Node) -> Any:
    if node.is_plain and node.values == [""]:
        return None
    return _KINDS[field.kind](field, node)


def _list(field: Field, node: _Node) -> Any:
    if node.names:
        return _free(node)
    element = field.elements
    return [_free(item) if element is None else _decode(element, item) for item in node.elements()]


def _map(field: Field, node: _Node) -> Any:
    if node.values or node.appended:
        return _free(node)
    inner = field.values
    return {key: _free(item) if inner is None else _decode(inner, item) for key, item in node.entries().items()}


def _record(field: Field, node: _Node) -> Any:
    if node.values or node.appended:
        return _free(node)
    return _decode_names({} if field.record is None else _given(field.record), node)


def _given(shape: type[Record]) -> Fields:
    """What may be given for a record: its shorthands and its fields."""
    return {**{shorthand.name: shorthand.field for shorthand in shape.shorthands}, **shape.declared}


def _foreign(field: Field, node: _Node) -> Any:
    return _free(node)


def _scalar(infer: Callable[[str], Any]) -> Callable[[Field, _Node], Any]:
    def decode(field: Field, node: _Node) -> Any:
        if not node.is_plain or len(node.values) != 1:
            return _free(node)
        return infer(node.values[0])

    return decode


def _integer(text: str) -> Any:
    value = _number(text)
    return value if type(value) is int else int(value) if type(value) is float and value.is_integer() else text


def _number(text: str) -> Any:
    if len(text) <= _LONGEST_INTEGER and _INTEGER.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    return value if abs(value) != float("inf") else text


def _boolean(text: str) -> Any:
    return _BOOLEANS.get(text, text)


def _json(field: Field, node: _Node) -> Any:
    return _free(node, _guessed)


def _guessed(text: str) -> Any:
    """The type of a value without a declaration, read off its text."""
    return _BOOLEANS[text] if text in _BOOLEANS else _number(text)


def _same(text: str) -> Any:
    return text


def _free(node: _Node, infer: Callable[[str], Any] = _same) -> Any:
    """A value without a declared type: an object, a list or a scalar, as the names say."""
    if node.names:
        return {key: _free(item, infer) for key, item in node.entries().items()}
    if node.places or node.appended or len(node.values) > 1:
        return [_free(item, infer) for item in node.elements()]
    text = node.values[0] if node.values else ""
    return None if text == "" else infer(text)


_KINDS: Mapping[str, Callable[[Field, _Node], Any]] = {
    "string": _scalar(_same),
    "integer": _scalar(_integer),
    "number": _scalar(_number),
    "boolean": _scalar(_boolean),
    "array": _list,
    "set": _list,
    "map": _map,
    "record": _record,
    "json": _json,
    "foreign": _foreign,
}
