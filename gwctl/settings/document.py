"""The one setting whose value is a whole document: it has lines, which a conf file has not."""

from __future__ import annotations

import base64
import binascii

DOCUMENT = "declarative_config_string"
_FOLDED = "base64:"
"""No document begins like this: as YAML it would be a plain word, not a mapping."""


def folded(text: str) -> str:
    """``text`` as the value of one line."""
    return _FOLDED + base64.b64encode(text.encode()).decode() if "\n" in text else text


def unfolded(value: str) -> str:
    """The document that ``folded`` made ``value`` of; other values are documents themselves."""
    if not value.startswith(_FOLDED):
        return value
    try:
        return base64.b64decode(value.removeprefix(_FOLDED), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value
