"""Shorthands: write-only spellings that are expanded into fields before validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gwctl.schema.field import Field


@dataclass(frozen=True, slots=True)
class Shorthand:
    """``expand`` turns the given value (null included) into field values, which win over explicit ones.

    ``field`` is what the value must look like; its errors stand alone under ``name``. ``gives`` names required fields
    that need not be given beside it. Shorthands run in the order of their declaration and see what earlier ones wrote.
    """

    name: str
    field: Field
    expand: Callable[[Any], Mapping[str, Any]]
    gives: tuple[str, ...] = ()
