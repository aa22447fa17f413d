"""The access log: its lines, and that nothing waits for it or is forged in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.observe.access import AccessLog, AccessRecord, LineFormat, escape
from tests.tools.waiting import wait_for

RECORD = AccessRecord(
    client="127.0.0.1",
    user=b"",
    finished=1769857200.5,
    request=b"GET /a?b HTTP/1.1",
    status=200,
    body_bytes=12,
    referer=b"",
    user_agent=b"curl/8",
    request_id="0" * 32,
)


def test_a_line_is_in_the_combined_format_with_the_request_id() -> None:
    line = LineFormat().line(RECORD)
    assert re.fullmatch(
        r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/2026:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /a\?b HTTP/1\.1" 200 12 "-" '
        r'"curl/8" kong_request_id: "0{32}"\n',
        line,
    )


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_no_value_can_forge_a_line_or_a_field(request: bytes, referer: bytes, agent: bytes) -> None:
    line = LineFormat().line(RECORD._replace(request=request, referer=referer, user_agent=agent))
    assert line.isascii()
    assert line.count("\n") == 1
    assert line.count('"') == 8
    assert all(character.isprintable() for character in line[:-1])


def test_escapes_are_those_of_nginx() -> None:
    assert escape(b'a"b\\c\n\xe9\x00') == "a\\x22b\\x5Cc\\x0A\\xE9\\x00"
    assert escape(b"") == "-"


def test_lines_are_written_soon_and_the_rest_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(path)
    for _ in range(10):
        log.write(RECORD)
    wait_for(lambda: path.read_text().count("\n") == 10, "the thread writes", deadline=3)
    log.write(RECORD)
    log.close()
    assert path.read_text().count("\n") == 11


def test_a_rotated_file_is_opened_anew(tmp_path: Path) -> None:
    path, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    log = AccessLog(path)
    log.write(RECORD)
    path.rename(rotated)
    log.reopen()
    log.write(RECORD)
    log.close()
    assert (rotated.read_text().count("\n"), path.read_text().count("\n")) == (1, 1)


def test_a_file_that_cannot_be_opened_anew_keeps_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = AccessLog(folder / "access.log")
    folder.rename(tmp_path / "moved")
    with pytest.raises(OSError):
        log.reopen()
    log.write(RECORD)
    log.close()
    assert (tmp_path / "moved" / "access.log").read_text().count("\n") == 1


def test_a_full_queue_drops_and_counts(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access.log", most=5)
    with log._lock:
        for _ in range(20):
            log.write(RECORD)
        assert log.dropped == 15
    log.close()
    assert (tmp_path / "access.log").read_text().count("\n") == 5
