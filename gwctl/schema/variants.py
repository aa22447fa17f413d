"""Variants: other rules for some fields, chosen by the value of one of them (admin-api.md 0.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gwctl.schema.field import Field
from gwctl.schema.messages import REQUIRED, WRONG_TYPE, shown

if TYPE_CHECKING:
    from gwctl.schema.checks import EntityCheck


@dataclass(frozen=True, slots=True)
class Variant:
    """``fields`` replace the entity's own of the same name; ``checks`` run after the entity's."""

    fields: Mapping[str, Field]
    checks: tuple[EntityCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class Variants:
    """``key``: the deciding field; ``by``: its value, or the first element with an entry if it is a set.

    ``unknown`` is the error of a value without an entry, ``%s`` standing for the value; ``wrong_type`` that of a value
    that is no text.
    """

    key: str
    by: Mapping[str, Variant]
    unknown: str = "unknown type: %s"
    wrong_type: str = WRONG_TYPE["set"]

    def choose(self, value: object) -> Variant | None:
        for candidate in value if isinstance(value, list | tuple) else (value,):
            if isinstance(candidate, str) and candidate in self.by:
                return self.by[candidate]
        return None

    def refusal(self, value: Any) -> str:
        """The only error of a record whose variant cannot be told."""
        if value is None:
            return REQUIRED
        if isinstance(value, list | tuple):
            return self.unknown.replace("%s", shown(value[0]) if value else "nil")
        return self.unknown.replace("%s", value) if isinstance(value, str) else self.wrong_type
