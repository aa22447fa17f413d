"""What loading settings may tell: problems that stop a node, notices that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gwctl.kit.errors import GwctlError


@dataclass(frozen=True, slots=True)
class Notice:
    """``level`` is a word of the error log: debug, notice or warn. ``unknown``: it tells of a setting nobody knows."""

    level: str
    text: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why settings cannot be used; ``hint`` is the fix, when the text does not already say it."""

    text: str
    hint: str | None = None


class SettingsError(GwctlError):
    """Settings that cannot be used. Its text is the first problem, its details are the others."""

    code = "settings"

    def __init__(self, reasons: Sequence[Problem]) -> None:
        super().__init__(reasons[0].text, hint=reasons[0].hint)
        self.problems = [problem.text for problem in reasons]
        self.details = tuple(self.problems[1:])
