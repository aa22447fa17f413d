"""One sync from the command line: read the files, show the plan, ask, show how far it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from gwctl.cli.plan_output import PlanOutput
from gwctl.cli.progress import Report, progress
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.client import AdminClient
    from gwctl.client.config_api import Document, Plan, Planned
    from gwctl.client.state_files import State
    from gwctl.client.sync import Consent, Outcome

PATIENCE = 600.0
"""Seconds without a sign of a control plane that plans or applies a large file."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The files, and the document that is sent for them."""

    state: State
    document: Document

    @classmethod
    def read(cls, files: Sequence[str], select_tags: Sequence[str] | None, *, delete: bool = True) -> Sent:
        """Raises GwctlError."""
        from gwctl.client.config_api import Document
        from gwctl.client.state_files import read_state

        state = read_state(files, os.environ, sys.stdin.buffer)
        return cls(state, Document(state.text(), state.select_tags(select_tags or ()), delete))


def run_sync(
    client: AdminClient, sent: Sent, shown: PlanOutput, consent: Consent | None = None, *, dry_run: bool
) -> Outcome:
    """Sync, or only plan with ``dry_run``; raises GwctlError with places in the files for what is refused."""
    from gwctl.client.config_api import ConfigApi
    from gwctl.client.sync import Consent, sync

    steps = _Steps(shown)
    try:
        with sent.state.explained():
            steps.begin("planning")
            outcome = sync(ConfigApi(client), sent.document, consent or Consent(), steps, dry_run=dry_run)
    except BaseException:
        steps.end()
        shown.broken()
        raise
    steps.end()
    if outcome.cancelled:
        print("cancelled", file=sys.stderr)
    shown.end(outcome.counts, applied=outcome.applied)
    return outcome


class _Steps:
    """Shows the plan between two reports: one while it is made, one while it is applied."""

    def __init__(self, shown: PlanOutput) -> None:
        self._shown = shown
        self._open = ExitStack()
        self._report: Report | None = None

    def begin(self, what: str) -> None:
        self._report = self._open.enter_context(progress())
        self._report(what)

    def end(self) -> None:
        self._open.close()
        self._report = None

    def planned(self, plan: Plan) -> None:
        self.end()
        self._shown.plan(plan)

    def confirm(self, planned: Planned) -> bool:
        deleted = planned.counts.deleted
        if not sys.stdin.isatty():
            told = f"this would delete {deleted} of {planned.existing} records"
            raise GwctlError(
                f"{told} and nobody can be asked: nothing was applied",
                hint="--yes deletes without asking",
            )
        return bool(typer.confirm(f"Delete {deleted} of {planned.existing} records?", default=False, err=True))

    def planned_again(self) -> None:
        print("somebody else changed the configuration meanwhile: it was planned again", file=sys.stderr)

    def progress(self, done: int, total: int) -> None:
        if self._report is None:
            self.begin("applying")
        if self._report is not None:
            self._report("applying", done, total)
