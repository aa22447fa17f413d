"""What a terminal makes of a failure: nothing but text."""

from __future__ import annotations

import pytest

from gwctl.cli.failures import show_failure
from gwctl.cli.options import Verbosity
from gwctl.cli.voice import Voice
from gwctl.kit.errors import GwctlError

EVIL = "a\x1b]0;x\x07\x9b31m\rb"
SPELT = r"a\x1b]0;x\x07\x9b31m\rb"


class Mistakes(GwctlError):
    details = (EVIL,)


def test_a_failure_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(Mistakes(f"no {EVIL}\nmore", hint=EVIL), ["config", "diff"])
    assert capsys.readouterr().err == f"Error: no {SPELT}\nmore\n  {SPELT}\n  hint: {SPELT}\n"


def test_a_warning_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Voice(Verbosity.NORMAL).warn(EVIL)
    assert capsys.readouterr().err == f"[warn] {SPELT}\n"
