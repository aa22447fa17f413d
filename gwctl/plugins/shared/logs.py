"""What the log plugins have in common (plugins-transform-observe.md 1.1, 10.7)."""

from __future__ import annotations

from typing import Any

from gwctl.schema import fields
from gwctl.schema.fields import Attributes

_SEVERITIES = ("debug", "info", "notice", "warning", "err", "crit", "alert", "emerg")

SEVERITY: Attributes = {"default": "info", "one_of": _SEVERITIES}


def custom_fields_by_lua() -> Any:
    """The map from a key of the logged document to the code that gives its value.

    The reference compiles the code when it is written; here it is kept as text.
    """
    return fields.map(fields.string(), fields.string(), help="key of the log entry → code that returns its value")
