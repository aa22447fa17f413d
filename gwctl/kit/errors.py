"""The one base of every error that a user may see."""

from __future__ import annotations


class GwctlError(Exception):
    """An error with a message for people.

    ``message`` is one line naming the place; ``hint`` says what to do about it (may be None);
    ``code`` is a stable snake_case word for machines; ``exit_code`` is what the CLI exits with;
    ``details`` are more lines, one for each single mistake.
    """

    code = "error"
    exit_code = 1
    details: tuple[str, ...] = ()

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return self.message
