"""The words of ``gwctl get|create|update|delete``: an entity, a key, parents and values, told apart by the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from gwctl.kit.errors import GwctlError
from gwctl.kit.suggest import closest

if TYPE_CHECKING:
    from gwctl.client.kinds import Kinds, Parent
    from gwctl.schema import Schema

_USAGE = 2


@dataclass(frozen=True, slots=True)
class EntityWords:
    """What the words mean. ``rest`` are the words that name neither the entity nor a parent."""

    schema: Schema
    parents: tuple[Parent, ...] = ()
    rest: tuple[str, ...] = field(default=())

    def key(self, *, optional: bool = False) -> str | None:
        """The one word that is left, as the key of a record. Raises GwctlError (2)."""
        if len(self.rest) > 1:
            raise GwctlError(f"one key is enough: {' '.join(self.rest)}", exit_code=_USAGE)
        if not self.rest and not optional:
            raise _missing_key(self.schema)
        return self.rest[0] if self.rest else None

    def key_and_values(self) -> tuple[str, tuple[str, ...]]:
        """The key, then ``field=value`` words. Raises GwctlError (2)."""
        if not self.rest:
            raise _missing_key(self.schema)
        return self.rest[0], self.rest[1:]


def _missing_key(schema: Schema) -> GwctlError:
    which = f"its {schema.endpoint_key} or its id" if schema.endpoint_key else "its id"
    return GwctlError(f"which one of the {schema.path}?", hint=f"name {which}", exit_code=_USAGE)


def read_words(words: Sequence[str], parents: Iterable[str], kinds: Kinds, context: typer.Context) -> EntityWords:
    """``ENTITY[/KEY]`` first; ``--consumer bob`` and ``--parent consumer=bob`` anywhere. Raises GwctlError (2)."""
    plain, named = _split(words)
    entity, slash, key = plain[0].partition("/") if plain else ("", "", "")
    if not entity:
        raise GwctlError("which entity?", hint=f"one of: {', '.join(kinds.words())}", exit_code=_USAGE)
    schema = kinds.find(entity)
    found = [_parent(kinds, schema, word, value, context) for word, value in named]
    found += [_told_parent(kinds, schema, text) for text in parents]
    return EntityWords(schema, tuple(found), (*((key,) if slash else ()), *plain[1:]))


def _split(words: Sequence[str]) -> tuple[list[str], list[tuple[str, str | None]]]:
    """Plain words, and options with their values."""
    plain: list[str] = []
    named: list[tuple[str, str | None]] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        name, equals, value = word.partition("=")
        named.append((name, value if equals else next(rest, None)))
    return plain, named


def _parent(kinds: Kinds, schema: Schema, option: str, value: str | None, context: typer.Context) -> Parent:
    parents = {f"--{word.replace('_', '-')}" for word in kinds.parents(schema)}
    if option.replace("_", "-") not in parents:
        known = {word for parameter in context.command.params for word in parameter.opts}
        near = closest(option, parents | known)
        hint = (
            f"did you mean '{near}'?" if near else f"parents of {schema.path}: {', '.join(sorted(parents)) or 'none'}"
        )
        raise GwctlError(f"no such option: {option}", hint=hint, exit_code=_USAGE)
    if not value:
        raise GwctlError(f"option '{option}' needs the name or the id of one", exit_code=_USAGE)
    return kinds.parent(schema, option[2:], value)


def _told_parent(kinds: Kinds, schema: Schema, text: str) -> Parent:
    word, equals, key = text.partition("=")
    if not equals or not key:
        raise GwctlError(f"--parent '{text}' names no record", hint="write --parent consumer=bob", exit_code=_USAGE)
    return kinds.parent(schema, word, key)
