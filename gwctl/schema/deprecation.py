"""Deprecation: a field or a spelling that still works and says what to use instead (corpus.md, verdicts)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from gwctl.schema.absent import ABSENT

_log = logging.getLogger("gwctl.schema")

Warn: TypeAlias = Callable[[str], None]
"""Receives one line for each deprecated field that a write gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """``message`` names the old and the new field, ``removal_in_version`` the last version that knows the old one.

    A given value that equals ``old_default`` passes without a word. ``replaced_with`` are the paths of the new fields,
    from the record that declares the old one. With ``only_values`` the field itself stays: descriptions keep silent.
    """

    message: str
    removal_in_version: str = "4.0"
    old_default: Any = ABSENT
    replaced_with: tuple[tuple[str, ...], ...] = ()
    only_values: bool = False

    def warning(self, value: Any) -> str | None:
        """The line for a write that gives ``value``; None when it says nothing new."""
        if value is None or (self.old_default is not ABSENT and value == self.old_default):
            return None
        return f"{self.message} (deprecated after {self.removal_in_version})"


def log_warning(text: str) -> None:
    """The default `Warn`: a line in the log of the node."""
    _log.warning("%s", text)


def tell(warnings: Iterable[str], warn: Warn) -> None:
    """Each text once."""
    for text in dict.fromkeys(warnings):
        warn(text)
