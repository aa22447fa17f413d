import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.kit.hosts import Host, HostError, is_plain_name, parse_host

FULL_ONE = "0000:0000:0000:0000:0000:0000:0000:0001"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("localhost", Host("name", "localhost", None)),
        ("example.com.", Host("name", "example.com.", None)),
        ("-x.test_1", Host("name", "-x.test_1", None)),
        ("a.b:80", Host("name", "a.b", 80)),
        ("1.2.3.4", Host("ipv4", "1.2.3.4", None)),
        ("1.2.3.4:65535", Host("ipv4", "1.2.3.4", 65535)),
        ("::1", Host("ipv6", FULL_ONE, None)),
        ("[::1]", Host("ipv6", FULL_ONE, None)),
        ("[::1]:80", Host("ipv6", FULL_ONE, 80)),
        ("::ffff:1.2.3.4", Host("ipv6", "0000:0000:0000:0000:0000:ffff:0102:0304", None)),
    ],
)
def test_readable(text, host):
    assert parse_host(text) == host


@pytest.mark.parametrize(
    ("text", "kind", "port"),
    [
        ("", "name", False),
        (".", "ipv4", False),
        (".example", "name", False),
        ("a..b", "name", False),
        ("a-.b", "name", False),
        ("a b", "name", False),
        ("a\n", "name", False),
        ("example.com/org", "name", False),
        ("a:", "name", False),
        ("a:99999", "name", True),
        ("a:0000080000", "name", True),
        ("1234", "ipv4", False),
        ("1.2.3.256", "ipv4", False),
        ("1.2.3", "ipv4", False),
        ("1.2.3.4:70000", "ipv4", True),
        ("1.2.3.4:x", "ipv4", False),
        (":::1", "ipv6", False),
        ("[::1", "ipv6", False),
        ("fe80::1%eth0", "ipv6", False),
        ("[::1]:65536", "ipv6", True),
    ],
)
def test_unreadable(text, kind, port):
    with pytest.raises(HostError) as caught:
        parse_host(text)
    assert (caught.value.kind, caught.value.port) == (kind, port)


@given(st.text("ab1.-_:[]*/ ", max_size=12))
def test_the_short_cut_agrees(text):
    if is_plain_name(text):
        assert parse_host(text) == Host("name", text, None)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        parsed = parse_host(text)
    except HostError:
        return
    assert parse_host(parsed.with_port(8000)).with_port(1) == parsed.with_port(8000)
