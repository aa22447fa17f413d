"""Shorthands: other spellings that are expanded into fields before validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gwctl.schema.absent import ABSENT
from gwctl.schema.deprecation import Deprecation
from gwctl.schema.field import Field


@dataclass(frozen=True, slots=True)
class Shorthand:
    """``expand`` turns the given value (null included) into field values, which win over explicit ones.

    ``field`` is what the value must look like; its errors stand alone under ``name``. ``gives`` names required fields
    that need not be given beside it. Shorthands run in the order of their declaration and see what earlier ones wrote.

    One with a ``deprecation`` is an old spelling: given next to a new field (``deprecation.replaced_with``) it must say
    the same. With ``translate_backwards``, a path from the same record, answers show the stored value under the old
    name too.
    """

    name: str
    field: Field
    expand: Callable[[Any], Mapping[str, Any]]
    gives: tuple[str, ...] = ()
    deprecation: Deprecation | None = None
    translate_backwards: tuple[str, ...] | None = None


def renamed(
    name: str,
    field: Field,
    path: tuple[str, ...],
    *,
    plugin: str,
    old_default: Any = ABSENT,
    removal_in_version: str = "4.0",
) -> Shorthand:
    """The old name of a ``config`` field of ``plugin`` that moved to ``path`` unchanged, shown in answers as well."""
    message = f"{plugin}: config.{name} is deprecated, please use config.{'.'.join(path)} instead"
    deprecation = Deprecation(
        message=message, removal_in_version=removal_in_version, old_default=old_default, replaced_with=(path,)
    )
    return Shorthand(name, replace(field, name=name), moved_to(path), (), deprecation, path)


def moved_to(path: tuple[str, ...]) -> Callable[[Any], Mapping[str, Any]]:
    """An ``expand`` that puts the value at ``path``."""

    def expand(value: Any) -> Mapping[str, Any]:
        for name in reversed(path):
            value = {name: value}
        moved: Mapping[str, Any] = value
        return moved

    return expand
