"""Identifiers: UUIDs of records and nodes, hexadecimal request ids, random secrets."""

from __future__ import annotations

import re
import secrets
import string
import uuid

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_ALPHANUMERIC = string.ascii_letters + string.digits


def new_uuid() -> str:
    """A random version-4 UUID in lower-case text form."""
    return str(uuid.uuid4())


def is_uuid(text: object) -> bool:
    """True for 8-4-4-4-12 hexadecimal text of any case and version (admin-api.md 0.2)."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


def random_token(length: int = 32) -> str:
    """Random alphanumeric text, as the reference generates for keys and secrets."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))
