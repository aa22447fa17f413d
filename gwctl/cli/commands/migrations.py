"""``gwctl migrations``: create and change the database of a control plane."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from gwctl.cli import session
from gwctl.cli.options import (
    Common,
    Conf,
    DataOutput,
    DbTimeout,
    Debug,
    LockTimeout,
    Prefix,
    Verbose,
    common,
    timeout_flags,
)
from gwctl.cli.output import show as show_data
from gwctl.cli.voice import Voice
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.store import MigrationRunner, Progress

Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.", show_default=False)]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.", show_default=False)]
Force = Annotated[bool, typer.Option("-f", "--force", help="Run again what has run already.", show_default=False)]

_QUESTION = "> Are you sure? This operation is irreversible. [y/n] "
_ANSWERS = {"y": True, "Y": True, "yes": True, "YES": True, "n": False, "N": False, "no": False, "NO": False}
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Request:
    yes: bool
    force: bool
    lock_timeout: int


_Work = Callable[["MigrationRunner", _Request], "Iterator[Progress]"]


def _command(name: str, help_text: str, work: _Work) -> Callable[..., object]:
    """A command that does ``work``; every one takes all the options, as in the reference."""

    def command(
        yes: Yes = False,
        quiet: Quiet = False,
        force: Force = False,
        db_timeout: DbTimeout = None,
        lock_timeout: LockTimeout = 60,
        conf: Conf = None,
        prefix: Prefix = None,
        v: Verbose = False,
        vv: Debug = False,
    ) -> int:
        options = common(prefix, conf, v, vv)
        runner = _runner(options, session.reference_voice(options), db_timeout)
        return _tell(work(runner, _Request(yes, force, lock_timeout)), quiet=quiet)

    command.__name__ = name
    command.__doc__ = help_text
    return command


def _question(name: str, help_text: str, work: _Work) -> Callable[..., object]:
    """A command that only asks: the reference's lines, or data when an output is named, with the same exit codes."""

    def command(
        output: DataOutput = None,
        yes: Yes = False,
        quiet: Quiet = False,
        force: Force = False,
        db_timeout: DbTimeout = None,
        lock_timeout: LockTimeout = 60,
        conf: Conf = None,
        prefix: Prefix = None,
        v: Verbose = False,
        vv: Debug = False,
    ) -> int:
        options = common(prefix, conf, v, vv)
        voice = session.reference_voice(options) if output is None else session.data_voice(options.verbosity)
        runner = _runner(options, voice, db_timeout)
        code = _tell(work(runner, _Request(yes, force, lock_timeout)), quiet=quiet or output is not None)
        if output is not None:
            show_data(runner.state().status(), output)
        return code

    command.__name__ = name
    command.__doc__ = help_text
    return command


def _runner(options: Common, voice: Voice, db_timeout: int | None) -> MigrationRunner:
    settings = session.load(options, voice, flags=timeout_flags(db_timeout))
    session.require_directory(settings.prefix)
    from gwctl.store import DatabaseConfig, MigrationRunner

    return MigrationRunner(DatabaseConfig.from_settings(settings))


def _tell(steps: Iterator[Progress], *, quiet: bool) -> int:
    """Print lines as they come, with a bar below them on a terminal; returns the exit code of the last one."""
    if quiet:
        return max([0, *(step.exit_code for step in steps)])
    if not sys.stdout.isatty():
        code = 0
        for step in steps:
            print(step.text, flush=True)
            code = step.exit_code
        return code
    return _tell_terminal(steps)


def _tell_terminal(steps: Iterator[Progress]) -> int:
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    code = 0
    with Bars(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), transient=True) as bars:
        bar = bars.add_task("", total=None, visible=False)
        for step in steps:
            bars.console.print(step.text, markup=False, highlight=False, soft_wrap=True)
            if step.total:
                bars.update(bar, total=step.total, completed=step.done, visible=True)
            code = step.exit_code
    return code


def _reset(runner: MigrationRunner, request: _Request) -> Iterator[Progress]:
    if not request.yes and not _confirmed():
        print("cancelled")
        return iter(())
    return runner.reset()


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise GwctlError("not a tty: invoke 'reset' non-interactively with the --yes flag")
    for _ in range(_TRIES):
        answer = _ANSWERS.get(input(_QUESTION).strip())
        if answer is not None:
            return answer
    return False


COMMANDS: tuple[Callable[..., object], ...] = (
    _command(
        "bootstrap",
        "Make the tables of a new database.",
        lambda runner, request: runner.bootstrap(force=request.force),
    ),
    _command(
        "up",
        "Add what this version needs.\n\nNodes of the version before go on working with the database.",
        lambda runner, request: runner.up(force=request.force, lock_timeout=request.lock_timeout),
    ),
    _command(
        "finish",
        "Remove what only the version before needed.",
        lambda runner, request: runner.finish(force=request.force),
    ),
    _question(
        "list",
        "What has run and what waits.\n\nExit 0: nothing waits, 3: bootstrap, 4: finish, 5: up.",
        lambda runner, request: runner.list(),
    ),
    _question("status", "The same as one line of JSON.", lambda runner, request: runner.status()),
    _command("reset", "Drop everything (asks first).", _reset),
)
