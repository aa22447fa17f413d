"""Data on stdout: a table for people, JSON or YAML for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gwctl.cli.options import Format

_GAP = "   "


def show(data: Any, output: Format, columns: Sequence[str] | None = None) -> None:
    """Print ``data``: a list of records or one record. ``columns`` chooses and orders what a table shows."""
    if output is Format.JSON:
        print(json.dumps(data, indent=2))
    elif output is Format.YAML:
        import yaml

        print(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), end="")
    elif isinstance(data, Mapping):
        print(table([{"name": key, "value": value} for key, value in data.items()], ("name", "value")))
    else:
        print(table(data, columns))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Aligned columns under upper-case titles; no wrapping and no trailing blanks."""
    names = list(columns) if columns is not None else list(rows[0]) if rows else []
    lines = [[name.upper().replace("_", " ") for name in names]]
    lines += [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(names))]
    return "\n".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _cell(value: Any) -> str:
    if value is None or value == {} or value == []:
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)


def harmless(text: str) -> str:
    """``text`` with its control characters spelt out: names come from others, and a terminal obeys some of them."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def harmless_lines(text: str) -> str:
    """`harmless` for text of several lines."""
    return "\n".join(harmless(line) for line in text.split("\n"))
