"""PEM that settings give: as a path, as text, or in base64."""

from __future__ import annotations

import base64
from pathlib import Path


def read_pem(text: str) -> str:
    """What ``text`` means: a path, PEM, or base64 of PEM. Raises OSError and ValueError."""
    if "-----BEGIN" in text:
        return text
    try:
        decoded = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        decoded = ""
    if "-----BEGIN" in decoded:
        return decoded
    return Path(text).read_text(encoding="ascii")
