"""Standard streams that are closed, full or gone, and Ctrl-C: never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gwctl.cli.main import run


def shell(redirected: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """``gwctl`` in ``redirected`` is the program."""
    line = redirected.replace("gwctl", f"{sys.executable} -m gwctl", 1)
    environ = {"GWCTL_HOME": str(directory), "PATH": "/usr/bin:/bin"}
    return subprocess.run(["sh", "-c", line], env=environ, cwd=directory, capture_output=True, text=True, check=False)


def test_a_full_disk_behind_stdout_is_one_line(tmp_path: Path) -> None:
    finished = shell("gwctl settings show >/dev/full", tmp_path)

    assert finished.returncode == 1
    assert finished.stderr == "Error: No space left on device: stdout\n"


def test_a_reader_that_has_gone_is_no_error_to_talk_about(tmp_path: Path) -> None:
    finished = shell("(gwctl settings show; echo $? >code) | true", tmp_path)

    assert (tmp_path / "code").read_text() == "1\n"
    assert finished.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing_but_what_is_seen(tmp_path: Path, closed: str) -> None:
    finished = shell(f"gwctl cp health {closed}", tmp_path)

    assert finished.returncode == 1
    assert finished.stdout == ""
    seen = "" if "2>&-" in closed else f"Error: no such prefix: {tmp_path}/control_plane\n"
    assert finished.stderr.startswith(seen)
    assert "Traceback" not in finished.stderr


def test_nothing_that_is_opened_later_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    finished = shell("gwctl migrations bootstrap <&- >&-", tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "gwctl.db").read_bytes().startswith(b"SQLite format 3")


def test_ctrl_c_while_the_program_is_loaded_is_silent() -> None:
    program = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'gwctl.cli.app': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from gwctl.cli.main import main\n"
        "main()"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (finished.returncode, finished.stderr) == (130, "")


def test_what_the_machine_refuses_unforeseen_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from gwctl.settings import Settings

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/place")

    monkeypatch.setattr(Settings, "load", refuse)

    assert run(["settings", "show"]) == 1
    assert capsys.readouterr().err == "Error: Permission denied: /some/place\n"
