"""One setting as it is on a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gwctl.settings.declaration import Setting
from gwctl.settings.kinds import Value

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Entry:
    """``raw`` is the text with references kept (None: unset), ``value`` what it means, ``origin`` who said it."""

    setting: Setting
    raw: str | None
    value: Value | None
    origin: str

    @property
    def is_explicit(self) -> bool:
        return self.origin != DEFAULT


Entries: TypeAlias = Mapping[str, Entry]
