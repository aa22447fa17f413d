"""What a running migration tells: lines ready to print, and the numbers a progress bar wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gwctl.store.errors import StoreError


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of output. ``done`` of ``total`` steps are through (0 of 0: not a step).

    The process exits with the ``exit_code`` of the last one.
    """

    text: str
    exit_code: int = 0
    done: int = 0
    total: int = 0


class MigrationError(StoreError):
    """A migration command that cannot do its work; the message is the reference's."""

    code = "migrations"


NOT_LEADER = "aborted: another node is performing database changes"
ALREADY_BOOTSTRAPPED = "Database already bootstrapped"
ALREADY_CURRENT = "Database is already up-to-date"
NOTHING_PENDING = "No pending migrations to finish"
NOTHING_TO_RESET = "Database not bootstrapped, nothing to reset"
NEEDS_BOOTSTRAP = "Database needs bootstrapping or is older than Kong 1.0."
FINISH_WHEN_READY = "Database has pending migrations; run 'gwctl migrations finish' when ready"
UP_TO_PROCEED = "New migrations available; run 'gwctl migrations up' to proceed"


def summary(executed: int, pending: int) -> Sequence[Progress]:
    """``2 migrations processed``, ``1 executed``, ``1 pending``; a count of zero has no line."""
    processed = executed + pending
    lines = [f"{processed} migration{'s' if processed != 1 else ''} processed"]
    if executed:
        lines.append(f"{executed} executed")
    if pending:
        lines.append(f"{pending} pending")
    return [Progress(line) for line in lines]
