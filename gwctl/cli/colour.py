"""Colours on a terminal: only when the stream is one, unless somebody says otherwise (ecosystem.md A2)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated, TextIO

import typer


class When(enum.StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


Colour = Annotated[When, typer.Option("--color", "--colour", help="Colour the plan; auto: on a terminal.")]

_CODES = {"green": "32", "yellow": "33", "red": "31", "dim": "2", "bold": "1"}


class Paint:
    """Puts colours around texts, or leaves them alone."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.on else text


def paint_for(stream: TextIO, when: When, environ: Mapping[str, str]) -> Paint:
    """``--color`` wins, then NO_COLOR, then FORCE_COLOR, then what the stream is."""
    if when is not When.AUTO:
        return Paint(when is When.ALWAYS)
    if environ.get("NO_COLOR"):
        return Paint(False)
    if environ.get("FORCE_COLOR"):
        return Paint(True)
    return Paint(environ.get("TERM") != "dumb" and stream.isatty())
