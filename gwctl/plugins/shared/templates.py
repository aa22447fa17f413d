"""Templates: texts with Lua expressions in ``$(…)`` (plugins-transform-observe.md 10.1)."""

from __future__ import annotations

from gwctl.plugins.shared.lua_expressions import expression_fault


def template_fault(text: str) -> str | None:
    """What is wrong with the first expression that is none; None when all are fine. An open ``$(`` is plain text."""
    closing = _closing_places(text)
    start = text.find("$(")
    while start >= 0:
        end = closing.get(start + 1)
        if end is not None:
            fault = expression_fault(text[start + 2 : end])
            if fault is not None:
                return fault
        start = text.find("$(", start + 2 if end is None else end + 1)
    return None


def _closing_places(text: str) -> dict[int, int]:
    """For each parenthesis that is closed the place of the one that closes it; quotes mean nothing here."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for place, character in enumerate(text):
        if character == "(":
            opened.append(place)
        elif character == ")" and opened:
            pairs[opened.pop()] = place
    return pairs
