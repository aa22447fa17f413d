from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.settings.conffile import find_conf, parse_conf, read_conf, write_line


def test_keys_values_comments_and_blank_lines() -> None:
    text = "# head\n\n  log_level =  debug  # trailing\nheaders=off\r\npg_password = a\\#b # not this\nrole =\n"
    conf = parse_conf(text, "x")
    assert conf.values == {"log_level": "debug", "headers": "off", "pg_password": "a#b", "role": ""}
    assert conf.problems == ()


def test_of_a_repeated_key_the_last_counts() -> None:
    assert parse_conf("a = 1\na = 2", "x").values == {"a": "2"}


def test_a_value_may_hold_equals_signs() -> None:
    assert parse_conf("ssl_cert_key = LS0t==", "x").values == {"ssl_cert_key": "LS0t=="}


def test_a_line_without_a_key_names_its_place() -> None:
    conf = parse_conf("a = 1\nnonsense\n= 3", "/etc/x.conf")
    assert [problem.text for problem in conf.problems] == [
        "/etc/x.conf:2: expected 'key = value'",
        "/etc/x.conf:3: expected 'key = value'",
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert read_conf(Path("foobar.conf")).problems[0].text == "no file at: foobar.conf"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot read" in read_conf(tmp_path).problems[0].text
    (tmp_path / "bytes").write_bytes(b"a = \xff\xfe")
    assert "is not UTF-8 text" in read_conf(tmp_path / "bytes").problems[0].text


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbfrole = data_plane\n")
    assert read_conf(tmp_path / "bom").values == {"role": "data_plane"}


def test_the_first_default_place_that_exists_counts(tmp_path: Path) -> None:
    places = (tmp_path / "a", tmp_path / "b", tmp_path / "c")
    assert find_conf(None, places) is None
    places[2].touch()
    places[1].touch()
    assert find_conf(None, places) == places[1]
    assert find_conf(tmp_path / "chosen", places) == tmp_path / "chosen"


@pytest.mark.parametrize("value", ["a#b", "#", "\\#", "plain", "a = b"])
def test_a_written_line_reads_back(value: str) -> None:
    assert parse_conf(write_line("key", value), "x").values == {"key": value}


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_every_written_line_reads_back(value: str) -> None:
    assert parse_conf(write_line("key", value), "x").values == {"key": value}
