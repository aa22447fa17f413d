"""How far a long job is: lines for files, a bar that is gone at the end for terminals."""

from __future__ import annotations

import io

import pytest

from gwctl.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_each_five_seconds_where_nobody_watches() -> None:
    moments = iter([0.0, 1.0, 5.0, 5.0, 9.0, 10.5, 10.5])
    out = io.StringIO()
    with progress(out, lambda: next(moments)) as report:
        for done in (1, 2, 3, 4):
            report("applying", done, 9)
    assert out.getvalue() == "applying: 2 of 9\napplying: 4 of 9\n"


def test_a_short_job_is_silent() -> None:
    out = io.StringIO()
    with progress(out, lambda: 0.0) as report:
        report("planning")
        report("applying", 1, 1)
    assert out.getvalue() == ""


def test_a_bar_on_a_terminal_goes_to_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress(Terminal()) as report:
        report("applying", 3, 9)
    told = capsys.readouterr()
    assert told.out == ""
    assert "applying" in told.err
    assert "3/9" in told.err
