"""Entry point of ``gwctl`` and ``python -m gwctl``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

_CANCELLED = 130


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns its exit code. Errors for people are printed, anything else is a bug and rises."""
    import typer
    from typer.main import get_command

    from gwctl.cli.app import build
    from gwctl.cli.failures import show_failure, show_machine_failure, show_usage_failure
    from gwctl.kit.errors import GwctlError

    try:
        result = get_command(build()).main(args=list(argv), prog_name="gwctl", standalone_mode=False)
        sys.stdout.flush()
    except GwctlError as error:
        sys.stdout.flush()
        return show_failure(error, argv)
    except typer.TyperException as error:
        return show_usage_failure(error)
    except typer.Abort:
        return _CANCELLED
    except OSError as error:
        return show_machine_failure(error, argv)
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    try:
        _open_standard_streams()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _CANCELLED
    sys.exit(code)


def _open_standard_streams() -> None:
    """Give a program that was started without stdin, stdout or stderr the null device: otherwise the next file it
    opens gets that number, and with it whatever is printed."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
