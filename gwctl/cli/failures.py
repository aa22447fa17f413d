"""How failures look: one line on stderr, a hint below it when there is one, and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import typer

from gwctl.cli.groups import UnknownCommand
from gwctl.cli.output import harmless_lines
from gwctl.kit.errors import GwctlError

REFERENCE_COMMANDS = frozenset(
    {
        *("start", "stop", "quit", "restart", "reload", "health", "check", "version", "prepare"),
        *("migrations", "hybrid", "config"),
    }
)
"""Commands that scripts written for the reference call: their errors end with the reference's closing lines."""

OWN_SUBCOMMANDS = frozenset({("config", "diff"), ("config", "sync"), ("config", "dump")})
"""Below a command of the reference, but not the reference's."""

USAGE_ERROR = 2
_MORE = "  Run with --v (verbose) or --vv (debug) for more details"


def show_failure(error: GwctlError, argv: Sequence[str]) -> int:
    """Print ``error`` as the command in ``argv`` would; returns the exit code."""
    verbose = "--v" in argv or "--vv" in argv
    if verbose:
        traceback.print_exception(error)
    _line(f"Error: {error.message}")
    for detail in error.details:
        _line(f"  {detail}")
    if error.hint:
        _line(f"  hint: {error.hint}")
    if argv and argv[0] in REFERENCE_COMMANDS and tuple(argv[:2]) not in OWN_SUBCOMMANDS and not verbose:
        _line("")
        _line(_MORE)
    return error.exit_code


def show_machine_failure(error: OSError, argv: Sequence[str]) -> int:
    """Print what the operating system refused where no command expected it; returns the exit code.

    A reader of stdout that has gone away is nothing to talk about.
    """
    _drop_output()
    if isinstance(error, BrokenPipeError):
        return GwctlError.exit_code
    place = error.filename or ("stdout" if error.errno == errno.ENOSPC else None)
    failure = GwctlError(f"{error.strerror or error}: {place}" if place else str(error.strerror or error))
    failure.__cause__ = error
    return show_failure(failure, argv)


def _drop_output() -> None:
    """Let what stdout does not take go nowhere, so that the end of the program does not try again."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def show_usage_failure(error: typer.TyperException) -> int:
    """Print a mistake in the command line itself; returns the exit code (2)."""
    context = getattr(error, "ctx", None)
    if isinstance(error, UnknownCommand):
        _line(error.usage)
        _line("")
        _line(error.message)
        if error.hint:
            _line(f"  hint: {error.hint}")
    elif type(error).__name__ == "NoArgsIsHelpError":
        _line(error.format_message())
    else:
        if context is not None:
            _line(context.get_usage())
            _line("")
        _line(f"Error: {error.format_message()}")
        if context is not None:
            _line(f"  hint: '{context.command_path} --help' shows the options")
    return USAGE_ERROR


def _line(text: str) -> None:
    """Messages hold names and values from files and servers."""
    print(harmless_lines(text), file=sys.stderr)
