"""What a request must have for an expression to hold: what an index of expressions is built from. Never too much."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gwctl.expressions.fields import segments
from gwctl.expressions.syntax import All, Any, Node, Predicate

T = TypeVar("T")

HOST = "http.host"
PATH = "http.path"
_SEGMENTS = "http.path.segments."
_HOST_KINDS: Mapping[str, str] = {"==": "exact", "=^": "suffix", "^=": "prefix"}


@dataclass(slots=True)
class Needs:
    """``hosts``: (kind, text), one of which fits; ``starts``: texts, with one of which the path begins; None when
    nothing is known. ``proven``: ``starts`` are all that is said there of the path, in order of precedence.

    ``values``: field → texts in lower case, one of which is among its values. ``rest`` is what remains to be checked
    of a request that fits ``hosts`` and, when proven, ``starts``.
    """

    hosts: list[tuple[str, str]] | None = None
    starts: list[str] | None = None
    proven: bool = False
    values: dict[str, frozenset[str]] = field(default_factory=dict)
    rest: list[Node] = field(default_factory=list)


def alternatives(tree: Node) -> Sequence[Node]:
    """Trees of which one holds exactly when ``tree`` holds, in the order in which they are tried."""
    if isinstance(tree, Any) and not all(isinstance(term, Predicate) for term in tree.terms):
        return tree.terms
    return (tree,)


def needs(tree: Node) -> Needs:
    """The needs of ``tree``."""
    terms = list(tree.terms) if isinstance(tree, All) else [tree]
    found = Needs()
    for term in terms:
        if found.hosts is None and (hosts := _each(term, _host)) is not None:
            found.hosts = hosts
        else:
            found.rest.append(term)
    _take_starts(found)
    for term in found.rest:
        values = _each(term, _value)
        names = {name for name, _ in values or ()}
        if values is not None and len(names) == 1:
            found.values.setdefault(names.pop(), frozenset(text for _, text in values))
    return found


def _take_starts(found: Needs) -> None:
    for term in list(found.rest):
        prefixes = _each(term, _prefix)
        starts = prefixes if prefixes is not None else _each(term, _start)
        if starts is None or not _better(starts, found.starts):
            continue
        found.starts, found.proven = starts, prefixes is not None
        chosen = term
    if found.proven and found.starts is not None:
        found.rest.remove(chosen)
        found.starts = _reachable(found.starts)


def _better(new: list[str], old: list[str] | None) -> bool:
    return old is None or min(map(len, new)) > min(map(len, old))


def _reachable(starts: list[str]) -> list[str]:
    """Without those that begin with an earlier one, which is found first."""
    kept: list[str] = []
    for start in starts:
        if not any(start.startswith(earlier) for earlier in kept):
            kept.append(start)
    return kept


def _each(term: Node, read: Callable[[Predicate], T | None]) -> list[T] | None:
    predicates = term.terms if isinstance(term, Any) else (term,)
    found: list[T] = []
    for predicate in predicates:
        value = read(predicate) if isinstance(predicate, Predicate) else None
        if value is None:
            return None
        found.append(value)
    return found


def _host(predicate: Predicate) -> tuple[str, str] | None:
    kind, text = _HOST_KINDS.get(predicate.operator), predicate.value
    if predicate.field != HOST or kind is None or not isinstance(text, str):
        return None
    whole = kind == "exact" or (text.startswith(".") if kind == "suffix" else text.endswith("."))
    return (kind, text) if whole else None


def _prefix(predicate: Predicate) -> str | None:
    text = predicate.value
    if predicate.field != PATH or predicate.operator != "^=" or predicate.lower or not isinstance(text, str):
        return None
    return text if text.startswith("/") else None


def _start(predicate: Predicate) -> str | None:
    text = predicate.value
    if predicate.lower or predicate.operator not in ("==", "^=") or not isinstance(text, str) or not text:
        return None
    if predicate.field == PATH:
        return text if text.startswith("/") else None
    if predicate.field.startswith(_SEGMENTS):
        bounds = segments(predicate.field)
        return f"/{text}" if bounds is not None and bounds[0] == 0 else None
    return None


def _value(predicate: Predicate) -> tuple[str, str] | None:
    text = predicate.value
    if predicate.operator != "==" or not isinstance(text, str) or not text.isascii():
        return None
    named = predicate.field.startswith(("http.headers.", "http.queries.")) or predicate.field == "tls.sni"
    return (predicate.field, text.lower()) if named else None
