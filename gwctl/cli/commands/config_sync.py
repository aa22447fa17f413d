"""``gwctl config diff|sync|dump`` and ``gwctl apply``: files and a running control plane."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from gwctl.cli.colour import Colour, When
from gwctl.cli.plan_output import PlanFormat, plan_output
from gwctl.cli.remote import Remote, client_catalog, remote
from gwctl.cli.sync_run import PATIENCE, Sent, run_sync
from gwctl.kit.errors import GwctlError


class FileFormat(enum.StrEnum):
    """How a dump is written."""

    YAML = "yaml"
    JSON = "json"


FileNames = Annotated[
    list[str], typer.Argument(metavar="FILE…", help="Declarative or decK files, directories of them, or - (stdin).")
]
AppliedFiles = Annotated[
    list[str] | None,
    typer.Option("-f", "--file", metavar="FILE", help="A file, a directory of them, or - (stdin); may be repeated."),
]
SelectTags = Annotated[
    list[str] | None,
    typer.Option(
        "--select-tag", metavar="TAG", help="Only records with this tag, which new ones get; may be repeated."
    ),
]
ExitCode = Annotated[
    bool,
    typer.Option(
        "--exit-code", "--non-zero-exit-code", help="Exit with 2 when there are differences.", show_default=False
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the plan.", show_default=False)]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Delete without asking.", show_default=False)]
AllowDeletes = Annotated[
    int | None,
    typer.Option(
        "--allow-deletes", min=0, metavar="N", help="Delete up to N records, also more than 20 or a quarter of all."
    ),
]
PlanOutputOption = Annotated[PlanFormat, typer.Option("-o", "--output", help="How to show the plan.")]
DumpFile = Annotated[str | None, typer.Argument(metavar="[FILE]", help="Where it goes  [default: stdout]")]
DumpFormat = Annotated[
    FileFormat | None, typer.Option("--format", help="YAML or JSON  [default: by the name of FILE, else yaml]")
]
WithIds = Annotated[
    bool, typer.Option("--with-ids/--no-ids", help="Ids and times too: an exact copy; without, a file for people.")
]
Overwrite = Annotated[bool, typer.Option("-y", "--yes", help="Overwrite FILE without asking.", show_default=False)]

_DIFFERENT = 2
_CANCELLED = 1


@remote
def diff(
    *,
    files: FileNames,
    select_tag: SelectTags = None,
    exit_code: ExitCode = False,
    output: PlanOutputOption = PlanFormat.TEXT,
    color: Colour = When.AUTO,
    remote: Remote,
) -> int:
    """Show what sync would change.

    Exit 0, or with --exit-code 2 when there are differences.
    """
    shown = plan_output(output, color)
    outcome = run_sync(remote.client(PATIENCE), Sent.read(files, select_tag), shown, dry_run=True)
    return _DIFFERENT if exit_code and outcome.counts else 0


@remote
def sync(
    *,
    files: FileNames,
    dry_run: DryRun = False,
    select_tag: SelectTags = None,
    yes: Yes = False,
    allow_deletes: AllowDeletes = None,
    output: PlanOutputOption = PlanFormat.TEXT,
    color: Colour = When.AUTO,
    remote: Remote,
) -> int:
    """Make the control plane hold exactly what the files say.

    Shows the plan, then applies it as one change: all of it or nothing. Asks before it deletes; where nobody can be
    asked, deletions need --yes.
    """
    from gwctl.client.sync import Consent

    shown, consent = plan_output(output, color), Consent(yes, allow_deletes)
    outcome = run_sync(remote.client(PATIENCE), Sent.read(files, select_tag), shown, consent, dry_run=dry_run)
    return _CANCELLED if outcome.cancelled else 0


@remote
def apply(
    *,
    file: AppliedFiles = None,
    dry_run: DryRun = False,
    select_tag: SelectTags = None,
    output: PlanOutputOption = PlanFormat.TEXT,
    color: Colour = When.AUTO,
    remote: Remote,
) -> None:
    """Create and update what files say; never deletes.

    Files are those of 'config sync', and all of them are one change.
    """
    if not file:
        raise GwctlError("which files?", hint="name them with -f FILE", exit_code=2)
    sent = Sent.read(file, select_tag, delete=False)
    run_sync(remote.client(PATIENCE), sent, plan_output(output, color), dry_run=dry_run)


@remote
def dump(
    *,
    file: DumpFile = None,
    format: DumpFormat = None,
    select_tag: SelectTags = None,
    with_ids: WithIds = True,
    yes: Overwrite = False,
    remote: Remote,
) -> None:
    """Write the configuration of a control plane to a file.

    'config sync' of it brings the same configuration back. It holds secrets: a new file can be read by its owner only.
    """
    from gwctl.client.config_api import ConfigApi
    from gwctl.client.dump import dump_text, write_file

    chosen = format or (FileFormat.JSON if (file or "").endswith(".json") else FileFormat.YAML)
    if file not in (None, "-") and os.path.exists(str(file)) and not yes:
        _confirm_overwriting(str(file))
    with ConfigApi(remote.client(PATIENCE)).dump(select_tag or ()) as records:
        text = dump_text(records, client_catalog(), form=chosen.value, ids=with_ids)
        if file is None or file == "-":
            for part in text:
                sys.stdout.write(part)
        else:
            write_file(file, text)


def _confirm_overwriting(path: str) -> None:
    if not sys.stdin.isatty():
        raise GwctlError(f"{path} is there already", hint="--yes overwrites it")
    if not typer.confirm(f"{path} is there already. Overwrite it?", err=True):
        raise typer.Abort


COMMANDS: tuple[Callable[..., object], ...] = (diff, sync, dump)
