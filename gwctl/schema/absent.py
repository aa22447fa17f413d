"""Absent against null: a PATCH that leaves a field out is not a PATCH that clears it (admin-api.md 0.8)."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, TypeAlias, TypeVar


class Absent(Enum):
    """The one value that stands for "not given". ``None`` stands for an explicit null."""

    ABSENT = "absent"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

_T = TypeVar("_T")

Maybe: TypeAlias = _T | Absent
"""A value that may be absent; ``value is ABSENT`` narrows it for the type checker."""
