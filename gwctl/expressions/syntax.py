"""The tree of an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gwctl.expressions.lexer import Value


@dataclass(frozen=True, slots=True)
class Predicate:
    """``field operator value``; ``lower`` and ``any`` are the transforms around the field."""

    field: str
    operator: str
    value: Value
    lower: bool = False
    any: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    term: Node


@dataclass(frozen=True, slots=True)
class All:
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    terms: tuple[Node, ...]


Node: TypeAlias = Predicate | Not | All | Any
