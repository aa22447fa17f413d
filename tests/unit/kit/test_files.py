"""write_atomic leaves the old file or the new one, with the mode asked for, and no litter."""

import os
from pathlib import Path

import pytest

from gwctl.kit import files
from gwctl.kit.errors import GwctlError


def test_content_and_mode(tmp_path: Path) -> None:
    old_mask = os.umask(0o077)
    try:
        files.write_atomic(tmp_path / "a", "text", mode=0o640)
    finally:
        os.umask(old_mask)
    assert (tmp_path / "a").read_text() == "text"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_failed_replacement_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a"
    files.write_atomic(target, b"old")

    def refuse(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        files.write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_working_directory_that_was_removed_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert files.working_directory() == gone
    gone.rmdir()
    with pytest.raises(GwctlError, match=r"^the current directory does not exist any more$"):
        files.working_directory()
