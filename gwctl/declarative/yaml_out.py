"""Values → YAML block style that every YAML reader understands alike; a PEM stays readable (admin-api.md 3.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gwctl.declarative.scalars import plain

_PLAIN = re.compile(
    r"[A-Za-z_/](?:[A-Za-z0-9_./-]|:(?=[A-Za-z0-9_./-]))*"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_ONE_LETTER_BOOLEANS = frozenset("yYnN")
_UNPRINTABLE = re.compile("[^\\x20-\\x7e\\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_UNSAFE = re.compile(f'["\\\\]|{_UNPRINTABLE.pattern}')
_STEP = "  "


def emit(value: Any, indent: str = "") -> Iterator[str]:
    """The lines of a mapping or list; an empty one is one line."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _entry(f"{indent}{scalar(str(name))}:", item, indent)
    else:
        for item in value:
            yield from _element(item, indent)


def emit_list_of_records(records: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of list elements that stand below a name without indentation."""
    for record in records:
        yield from _element(record, "")


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        yield head
        yield from emit(item, indent + _STEP)
    elif isinstance(item, list | tuple) and item:
        yield head
        yield from emit(item, indent)
    elif isinstance(item, str) and _is_block(item):
        yield f"{head} {_block_head(item)}"
        for line in item.removesuffix("\n").split("\n"):
            yield f"{indent}{_STEP}{line}" if line else ""
    else:
        yield f"{head} {scalar(item)}"


def _element(item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping | list | tuple) and item:
        first = True
        for line in emit(item, indent + _STEP):
            yield f"{indent}- {line[len(indent) + 2 :]}" if first else line
            first = False
    elif isinstance(item, str) and _is_block(item):
        yield from _entry(f"{indent}-", item, indent)
    else:
        yield f"{indent}- {scalar(item)}"


def scalar(value: Any) -> str:
    """One value on one line."""
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "~"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, list | tuple) else str(value)


def _float(value: float) -> str:
    if value.is_integer() and abs(value) < 2**53:
        return f"{value:.1f}"
    text: str = repr(value)
    mantissa, e, exponent = text.partition("e")
    return text if not e else f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and isinstance(plain(text), str) and text not in _ONE_LETTER_BOOLEANS:
        return text
    return '"' + _UNSAFE.sub(_escaped, text) + '"'


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character in '"\\':
        return "\\" + character
    number = ord(character)
    return {10: "\\n", 13: "\\r", 9: "\\t"}.get(number, f"\\u{number:04x}")


def _is_block(text: str) -> bool:
    """Several lines that the literal style gives back as they are."""
    if "\n" not in text or text[0] in " \n\t" or text.endswith("\n\n"):
        return False
    return _UNPRINTABLE.search(text.replace("\n", "")) is None


def _block_head(text: str) -> str:
    return "|" if text.endswith("\n") else "|-"
