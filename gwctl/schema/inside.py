"""Values inside records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def value_at(record: Any, path: Iterable[str]) -> Any:
    """The value at ``path``, one name for each record on the way; None where there is none."""
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record
