"""What the ai plugins have in common beside the model (plugins-transform-observe.md 12.2 to 12.6)."""

from __future__ import annotations

from typing import Any

from gwctl.schema import fields


def max_request_body_size() -> Any:
    """The field of this name, in bytes."""
    return fields.integer(default=8192, gt=0, help="bytes of a request body that are read; larger ones are refused")
