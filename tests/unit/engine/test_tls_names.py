"""Names in handshakes: which are none, which records they may mean, and how they are read from the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.tls.hello import Hello, server_name
from gwctl.engine.tls.names import candidates, name_fault
from tests.unit.engine.tls_hellos import hello, split_records


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a.test", None),
        ("localhost", None),
        ("*", None),
        ("*.test", None),
        ("www.*", None),
        ("under_score.test", None),
        ("127.0.0.1", "must not be an IP"),
        ("::1", "must not be an IP"),
        ("2001:db8::1", "must not be an IP"),
        ("a.test:443", "must not have a port"),
        ("a..test", "invalid value: a..test"),
        ("a test", "invalid value: a test"),
        ("-a.test", "invalid value: -a.test"),
        ("\\xff", "invalid value: \\xff"),
        ("a" * 254, f"invalid value: {'a' * 254}"),
        ("*.a.*", "only one wildcard must be specified"),
        ("a.*.test", "wildcard must be leftmost or rightmost character"),
        ("a*.test", "wildcard must be leftmost or rightmost character"),
    ],
)
def test_faults(name: str, fault: str | None) -> None:
    assert name_fault(name) == fault


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.b.test", ("a.b.test", "*.b.test", "a.b.*", "*")),
        ("b.test", ("b.test", "b.*", "*")),
        ("localhost", ("localhost", "*")),
        ("test.www.wildcard.com", ("test.www.wildcard.com", "*.www.wildcard.com", "test.www.wildcard.*", "*")),
    ],
)
def test_candidates(name: str, found: tuple[str, ...]) -> None:
    assert candidates(name) == found


@pytest.mark.parametrize("name", ["a.test", "x" * 60 + ".test", None])
def test_the_name_is_read_from_whole_and_split_messages(name: str | None) -> None:
    data = hello(name)
    wanted = None if name is None else name.encode()
    assert server_name(data) == wanted
    assert server_name(data + b"more") == wanted
    for size in (1, 7, 100):
        assert server_name(split_records(data, size)) == wanted


def test_a_part_of_a_message_says_nothing_yet() -> None:
    data = hello("a.test")
    assert {server_name(data[:size]) for size in range(1, len(data))} == {Hello.INCOMPLETE}


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    found = server_name(b"\x16\x03\x01" + data)
    assert found is None or found is Hello.INCOMPLETE or isinstance(found, bytes)


@given(st.data())
def test_no_change_of_a_message_breaks_the_reading(data: st.DataObject) -> None:
    message = bytearray(hello("a.test"))
    for _ in range(data.draw(st.integers(1, 5))):
        message[data.draw(st.integers(5, len(message) - 1))] = data.draw(st.integers(0, 255))
    found = server_name(bytes(message))
    assert found is None or found is Hello.INCOMPLETE or isinstance(found, bytes)


def test_a_message_without_end_is_left_to_openssl() -> None:
    endless = b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(16380)
    assert server_name(endless * 4) is None
