"""Entry point of ``gwctl`` and ``python -m gwctl``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.main import get_command

from gwctl.cli.app import build
from gwctl.cli.failures import show_failure, show_usage_failure
from gwctl.kit.errors import GwctlError

_CANCELLED = 130


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns its exit code. Errors for people are printed, anything else is a bug and rises."""
    try:
        result = get_command(build()).main(args=list(argv), prog_name="gwctl", standalone_mode=False)
    except GwctlError as error:
        sys.stdout.flush()
        return show_failure(error, argv)
    except typer.TyperException as error:
        return show_usage_failure(error)
    except (typer.Abort, KeyboardInterrupt):
        return _CANCELLED
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    sys.exit(run(sys.argv[1:]))
