"""What a change process may be asked to do, and how it answers.

The answer is lines of JSON. The first is ``{"status": …}``, with a ``body`` unless the status is 200; the others are
events, and the last of them is ``done`` or ``failed`` (for an apply) or ``end`` (for a dump).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApplyOrder:
    """Make the database hold what a document says. ``name`` tells its syntax by its end, None: try both.

    ``if_match``: only when the newest version is this one. Without ``tell_changes`` only their numbers are told.
    ``most_deletes``: write nothing when more would be deleted.
    """

    name: str | None = None
    dry_run: bool = False
    delete: bool = True
    select_tags: tuple[str, ...] = ()
    if_match: str | None = None
    tell_changes: bool = True
    most_deletes: int | None = None
    actor: str = "apply"


@dataclass(frozen=True, slots=True)
class DumpOrder:
    """Stream the records that carry all of ``select_tags``."""

    select_tags: tuple[str, ...] = ()


Order = ApplyOrder | DumpOrder
