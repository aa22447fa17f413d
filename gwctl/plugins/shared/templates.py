"""Templates: texts with Lua expressions in ``$(…)`` (plugins-transform-observe.md 10.1)."""

from __future__ import annotations

from gwctl.plugins.shared.lua_expressions import expression_fault


def template_fault(text: str) -> str | None:
    """What is wrong with the first expression that is none; None when all are fine. An open ``$(`` is plain text."""
    start = text.find("$(")
    while start >= 0:
        end = _closing(text, start + 1)
        if end < 0:
            return None
        fault = expression_fault(text[start + 2 : end])
        if fault is not None:
            return fault
        start = text.find("$(", end + 1)
    return None


def _closing(text: str, opening: int) -> int:
    """The place of the parenthesis that closes the one at ``opening``, -1 without one; quotes mean nothing here."""
    depth = 0
    for place in range(opening, len(text)):
        if text[place] == "(":
            depth += 1
        elif text[place] == ")":
            depth -= 1
            if depth == 0:
                return place
    return -1
