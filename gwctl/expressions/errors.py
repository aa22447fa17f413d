"""What is wrong with an expression, and where."""

from __future__ import annotations

from gwctl.kit.errors import GwctlError


class ExpressionError(GwctlError):
    """The message names line and column, counted from 1, unless the fault has no place of its own."""

    code = "expression"

    @classmethod
    def at(cls, text: str, position: int, fault: str) -> ExpressionError:
        """``fault`` at the character ``position`` of ``text``."""
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        return cls(f"{line}:{column}: {fault}")
