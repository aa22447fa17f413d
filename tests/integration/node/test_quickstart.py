"""``gwctl quickstart`` as somebody at a terminal meets it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.integration.node.conftest import until

QUICKSTART = [sys.executable, "-P", "-m", "gwctl", "quickstart"]


def environment(tmp_path: Path) -> dict[str, str]:
    # A variable of a real node must not lead the walk astray.
    return os.environ | {"TMPDIR": str(tmp_path), "GWCTL_PROXY_LISTEN": "nonsense", "KONG_ROLE": "data_plane"}


def test_the_check_walks_tells_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*QUICKSTART, "--check"], env=environment(tmp_path), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "HTTP/1.1 200 OK" in done.stdout
    assert '"path": "/hello"' in done.stdout
    row = next(line for line in done.stdout.splitlines() if "normal" in line)
    assert re.search(r"\b[0-9a-f]{32}\b", row)
    assert "0" * 32 not in row
    assert list(tmp_path.iterdir()) == []


@contextlib.contextmanager
def walking(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, list[psutil.Process]]]:
    """A quickstart that is up, the line that says so, and its processes; all of them are gone afterwards."""
    walk = subprocess.Popen(
        QUICKSTART, env=environment(tmp_path), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert walk.stdout is not None
    family: list[psutil.Process] = []
    try:
        line = next((line for line in walk.stdout if "until Ctrl-C" in line), "")
        family = psutil.Process(walk.pid).children(recursive=True)
        yield walk, line, family
    finally:
        for process in [walk, *family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        walk.wait()
        walk.stdout.close()


def test_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    with walking(tmp_path) as (walk, line, family):
        found = re.search(r"proxy (http://[0-9.:]+)", line)
        assert found, line
        with urllib.request.urlopen(f"{found[1]}/echo/x", timeout=5) as answer:
            assert answer.status == 200
        assert {os.getpgid(process.pid) for process in family} == {walk.pid}
        os.killpg(walk.pid, signal.SIGINT)
        assert walk.wait(20) == 0
        until("everything ends", lambda: not [process for process in family if process.is_running()])
    assert list(tmp_path.iterdir()) == []


def test_a_killed_quickstart_leaves_no_node_behind(tmp_path: Path) -> None:
    with walking(tmp_path) as (walk, _, family):
        assert family
        walk.kill()
        until("every node ends", lambda: not [process for process in family if process.is_running()])
