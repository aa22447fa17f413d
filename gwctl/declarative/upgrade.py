"""Formats 1.1 and 2.1 → 3.0: regular expressions among route paths get their ``~`` (admin-api.md 3.1)."""

from __future__ import annotations

import re
from typing import Any

FORMATS = ("1.1", "2.1", "3.0")
CURRENT = "3.0"

_FIXED = re.compile(r"[a-zA-Z0-9._~/%-]*")


def upgrade_paths(paths: Any) -> Any:
    """The paths of a route of an older format; what is no list of texts is left for validation to report."""
    if not isinstance(paths, list):
        return paths
    return [_upgraded(path) if isinstance(path, str) else path for path in paths]


def _upgraded(path: str) -> str:
    return path if path.startswith("~") or _FIXED.fullmatch(path) else f"~{path}"
