"""Bringing a control plane to what files say: plan, guard against mass deletion, confirm, apply the same plan."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from gwctl.client.config_api import ConfigApi, Counts, Document, Event, Plan, Planned, TooManyDeletions
from gwctl.client.errors import RETRY_LATER, AdminError
from gwctl.kit.errors import GwctlError

MOST_DELETED = 20
MOST_DELETED_SHARE = 0.25
_CHANGED = 412


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to beforehand: ``yes`` to deletions, ``allow_deletes`` to so many of them."""

    yes: bool = False
    allow_deletes: int | None = None

    def covers(self, counts: Counts) -> bool:
        return (
            self.yes or not counts.deleted or (self.allow_deletes is not None and counts.deleted <= self.allow_deletes)
        )


class Steps(Protocol):
    """What a sync tells and asks while it runs."""

    def planned(self, plan: Plan) -> None:
        """Show the plan; reads its changes to the end."""

    def confirm(self, planned: Planned) -> bool:
        """Ask whether to go on. Raises GwctlError where nobody can be asked."""

    def planned_again(self) -> None:
        """Somebody else changed the configuration; the control plane has made the plan anew."""

    def progress(self, done: int, total: int) -> None:
        """So many changes are written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sync ended: ``applied`` False when there was nothing to do or nothing was wanted."""

    counts: Counts
    applied: bool = False
    cancelled: bool = False


def sync(api: ConfigApi, document: Document, consent: Consent, steps: Steps, *, dry_run: bool = False) -> Outcome:
    """Plan, and unless it is a ``dry_run`` apply exactly that plan, all or nothing.

    What deletes no more than was allowed beforehand is planned and applied in one request. Otherwise the control plane
    only plans, and the plan is applied to the same version once somebody has agreed. Raises GwctlError for more
    deletions than allowed, AdminError for what the control plane refuses.
    """
    if dry_run:
        with api.plan(document) as plan:
            steps.planned(plan)
            return Outcome(plan.planned.counts)
    seen: list[Planned] = []
    try:
        return _at_once(api, document, consent.allow_deletes or 0, steps, seen)
    except TooManyDeletions:
        planned = seen[-1]
    except AdminError as error:
        raise _moved() if error.status == _CHANGED else error from error.__cause__
    require_few_deletions(planned, consent)
    if not consent.covers(planned.counts) and not steps.confirm(planned):
        return Outcome(planned.counts, cancelled=True)
    try:
        counts = _apply(api, document, planned, steps)
    except AdminError as error:
        if error.status != _CHANGED:
            raise
        counts = _apply_again(api, document, planned, steps)
    return Outcome(counts, applied=True)


def _at_once(api: ConfigApi, document: Document, most_deletes: int, steps: Steps, seen: list[Planned]) -> Outcome:
    """One request; the plan is put into ``seen``."""
    with _telling_whether(), api.apply_unless(document, most_deletes) as (plan, events):
        seen.append(plan.planned)
        steps.planned(plan)
        counts = _follow(events, steps)
    return Outcome(counts, applied=bool(counts))


def require_few_deletions(planned: Planned, consent: Consent) -> None:
    """Raise GwctlError when a plan deletes more than twenty records or a quarter of all, unless so many are allowed."""
    deleted, existing = planned.counts.deleted, planned.existing
    if consent.allow_deletes is not None:
        few = deleted <= consent.allow_deletes
    else:
        few = deleted <= MOST_DELETED and deleted <= existing * MOST_DELETED_SHARE
    if not few:
        raise GwctlError(
            f"this would delete {deleted} of {existing} records: nothing was applied",
            hint=f"if that is meant, add --allow-deletes {deleted}",
        )


def _apply_again(api: ConfigApi, document: Document, before: Planned, steps: Steps) -> Counts:
    """Plan for the newer configuration, once, and apply that if it is as much as was agreed to."""
    with api.plan(document, changes=False) as plan:
        planned = plan.planned
    if planned.counts != before.counts:
        raise _moved()
    try:
        return _apply(api, document, planned, steps)
    except AdminError as error:
        raise _moved() if error.status == _CHANGED else error from error.__cause__


def _moved() -> AdminError:
    return AdminError(
        "somebody else changed the configuration after it was planned: nothing was applied",
        hint="run the command again to see the new plan",
        exit_code=RETRY_LATER,
    )


def _apply(api: ConfigApi, document: Document, planned: Planned, steps: Steps) -> Counts:
    with _telling_whether(), api.apply(document, planned.version) as events:
        return _follow(events, steps)


@contextmanager
def _telling_whether() -> Iterator[None]:
    """Let an interruption and a broken connection say whether the changes were applied."""
    try:
        yield
    except KeyboardInterrupt:
        raise GwctlError(f"interrupted: {_UNKNOWN}", hint=_LOOK, exit_code=130) from None
    except AdminError as error:
        if error.status is not None or isinstance(error, TooManyDeletions):
            raise
        if isinstance(error.__cause__, ConnectionRefusedError | ssl.SSLError | socket.gaierror):
            raise AdminError(
                f"{error.message}: nothing was applied", hint=error.hint, exit_code=error.exit_code
            ) from error
        raise AdminError(f"{error.message}: {_UNKNOWN}", hint=_LOOK, exit_code=1) from error


_UNKNOWN = "whether the changes were applied is unknown; it is all of them or none"
_LOOK = "'gwctl config diff' with the same files tells"


def _follow(events: Iterator[Event], steps: Steps) -> Counts:
    for event in events:
        if event["event"] == "done":
            return Counts.of(event)
        if event["event"] == "planned":
            steps.planned_again()
            continue
        steps.progress(int(event.get("done", 0)), int(event.get("total", 0)))
    raise AdminError("the control plane ended its answer before it was done")
