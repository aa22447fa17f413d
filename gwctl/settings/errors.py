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
    """Settings that cannot be used. Its text is the first problem; ``problems`` and ``details`` hold them all."""

    code = "settings"

    def __init__(self, details: Sequence[Problem]) -> None:
        super().__init__(details[0].text, hint=details[0].hint)
        self.details = tuple(details)

    @property
    def problems(self) -> list[str]:
        return [problem.text for problem in self.details]
