"""Error-log lines: format, levels, injection safety, rotation."""

import logging
import re
from pathlib import Path

import pytest

from gwctl.observe import logs


@pytest.fixture(autouse=True)
def _restore() -> object:
    yield
    root = logging.getLogger("gwctl")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.propagate = True
    root.setLevel(logging.NOTSET)


def test_a_line_names_time_level_pid_and_process(tmp_path: Path) -> None:
    logs.configure("notice", tmp_path / "error.log", "agent")
    logging.getLogger("gwctl.cluster").log(logs.NOTICE, "connected to %s", "cp:8005")
    line = (tmp_path / "error.log").read_text()
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[notice\] \d+#agent: connected to cp:8005\n", line)


def test_levels_below_are_dropped_and_can_change(tmp_path: Path) -> None:
    logs.configure("warn", tmp_path / "error.log", "agent")
    log = logging.getLogger("gwctl.cluster")
    log.info("quiet")
    logs.set_level("info")
    log.info("heard")
    assert "quiet" not in (tmp_path / "error.log").read_text()
    assert "heard" in (tmp_path / "error.log").read_text()


def test_text_from_outside_cannot_forge_a_line(tmp_path: Path) -> None:
    logs.configure("info", tmp_path / "error.log", "agent")
    logging.getLogger("gwctl.cluster").error("bad name %s", "x\n2026/01/01 00:00:00 [emerg] forged")
    assert len((tmp_path / "error.log").read_text().splitlines()) == 1


def test_reopen_follows_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    logs.configure("info", path, "agent")
    log = logging.getLogger("gwctl.cluster")
    log.info("first")
    path.rename(tmp_path / "error.log.1")
    logs.reopen()
    log.info("second")
    assert "second" in path.read_text()
    assert "second" not in (tmp_path / "error.log.1").read_text()
