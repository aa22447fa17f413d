"""Tables as the reference prints them inside messages (admin-api.md 2.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gwctl.schema.messages import shown

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORD = re.compile(
    "and|break|do|else|elseif|end|false|for|function|goto|if|in|local|nil|not|or|repeat|return|then|true|until|while"
)


def compact(value: object) -> str:
    """One line without spaces: ``{name="x",service={id="…"}}``."""
    if not isinstance(value, dict | list | tuple):
        return _scalar(value)
    return "{" + ",".join(_entry(key, compact(item), "=") for key, item in _items(value)) + "}"


def pretty(value: object, indent: str = "") -> str:
    """Several lines, two spaces per level: ``{\\n  port = "expected an integer"\\n}``."""
    if not isinstance(value, dict | list | tuple):
        return _scalar(value)
    inner = indent + "  "
    lines = [inner + _entry(key, pretty(item, inner), " = ") for key, item in _items(value)]
    return "{\n" + ",\n".join(lines) + ("\n" if lines else "") + indent + "}"


def _items(value: dict[str, object] | list[object] | tuple[object, ...]) -> Iterator[tuple[str | int | None, object]]:
    """Keys sorted; list positions carry None until the first hole, their 1-based index after it."""
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield str(key), value[key]
        return
    hole = False
    for position, item in enumerate(value, 1):
        if item is None:
            hole = True
        else:
            yield (position if hole else None), item


def _entry(key: str | int | None, text: str, equals: str) -> str:
    if key is None:
        return text
    if isinstance(key, int):
        return f"[{key}]{equals}{text}"
    if _IDENTIFIER.fullmatch(key) and not _KEYWORD.fullmatch(key):
        return f"{key}{equals}{text}"
    return f"[{_scalar(key)}]{equals}{text}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n").replace("\r", "\\r")
        return '"' + escaped.replace("\0", "\\0") + '"'
    return shown(value)
