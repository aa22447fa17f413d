"""Who is trusted, and which address a trusted peer's header names (proxy.md 2.3)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.http1.requests import H11RequestReader, HeadLimits
from gwctl.engine.proxy.origin import Hosts
from gwctl.engine.proxy.peers import TrustedPeers, parse_address, real_address

TRUSTED = TrustedPeers.parse(("127.0.0.1", "10.0.0.0/8", "172.16.0.1", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("10.255.0.9", True),
        ("11.0.0.0", False),
        ("2001:db8:ffff::1", True),
        ("2001:db9::1", False),
        ("::ffff:10.1.1.1", True),
        ("::ffff:11.1.1.1", False),
        ("::7f00:1", False),
        ("", False),
        ("unix:", False),
        ("name", False),
    ],
)
def test_an_address_is_trusted_when_it_is_in_the_list(address: str, trusted: bool) -> None:
    assert (address in TRUSTED) is trusted


def test_sockets_of_the_machine_are_trusted_by_their_own_word() -> None:
    unix = TrustedPeers.parse(("unix:",))
    assert "" in unix
    assert "127.0.0.1" not in unix
    assert "" not in TrustedPeers()


def test_everybody_can_be_trusted() -> None:
    everybody = TrustedPeers.parse(("0.0.0.0/0", "::/0"))
    assert all(address in everybody for address in ("1.2.3.4", "::1", "::ffff:1.2.3.4"))
    assert "::1" not in TrustedPeers.parse(("0.0.0.0/0",))


_ADDRESSES = st.ip_addresses()
_NETWORKS = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), st.tuples(st.ip_addresses(v=6), st.integers(0, 128))
)


@given(_ADDRESSES, st.lists(_NETWORKS, max_size=5))
def test_it_is_what_the_networks_themselves_say(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    networks: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]],
) -> None:
    words = tuple(f"{start}/{bits}" for start, bits in networks)
    plain = getattr(address, "ipv4_mapped", None) or address
    expected = any(plain in ipaddress.ip_network(word, strict=False) for word in words)
    assert (str(address) in TrustedPeers.parse(words)) is expected


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (b"1.2.3.4", "1.2.3.4"),
        (b"1.2.3.4:80", "1.2.3.4"),
        (b"1.2.3.4:65535", "1.2.3.4"),
        (b"1.2.3.4:65536", None),
        (b"1.2.3.4:x", None),
        (b"1.2.3.4:", None),
        (b"[2001:DB8::1]:99", "2001:db8::1"),
        (b"[2001:db8::1]", "2001:db8::1"),
        (b"2001:db8::1", "2001:db8::1"),
        (b"::ffff:1.2.3.4", "1.2.3.4"),
        (b"[::1", None),
        (b"[::1]x", None),
        (b"[]", None),
        (b"", None),
        (b"unix:", None),
        (b"name", None),
        (b"01.2.3.4", None),
        (b"1.2.3", None),
        (b"\xff", None),
    ],
)
def test_an_address_may_carry_a_port(text: bytes, address: str | None) -> None:
    assert parse_address(text) == address


@given(st.binary(max_size=40))
def test_any_text_is_an_address_or_none(text: bytes) -> None:
    found = parse_address(text)
    assert found is None or str(ipaddress.ip_address(found)) == found


def _head(*values: str) -> RequestHead:
    reader = H11RequestReader(HeadLimits())
    lines = "".join(f"X-Forwarded-For: {value}\r\n" for value in values)
    reader.feed(f"GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    head = reader.head()
    assert head is not None
    return head


@pytest.mark.parametrize(
    ("values", "last", "recursive"),
    [
        ((), "127.0.0.1", "127.0.0.1"),
        (("",), "127.0.0.1", "127.0.0.1"),
        (("1.1.1.1",), "1.1.1.1", "1.1.1.1"),
        (("1.1.1.1, 2.2.2.2",), "2.2.2.2", "2.2.2.2"),
        (("1.1.1.1, 10.0.0.9",), "10.0.0.9", "1.1.1.1"),
        (("1.1.1.1 10.0.0.9",), "10.0.0.9", "1.1.1.1"),
        (("1.1.1.1,10.0.0.9:80,",), "10.0.0.9", "1.1.1.1"),
        (("1.1.1.1", "10.0.0.9"), "10.0.0.9", "1.1.1.1"),
        (("10.0.0.1, 10.0.0.2",), "10.0.0.2", "10.0.0.1"),
        (("1.1.1.1, junk",), "127.0.0.1", "127.0.0.1"),
        (("junk, 10.0.0.2",), "10.0.0.2", "10.0.0.2"),
        (("1.1.1.1, junk, 10.0.0.2",), "10.0.0.2", "10.0.0.2"),
        (("127.0.0.1, 10.0.0.1, 192.168.0.1, 127.0.0.1, 172.16.0.1",), "172.16.0.1", "192.168.0.1"),
        (("[2001:db8::5]:443",), "2001:db8::5", "2001:db8::5"),
    ],
)
def test_the_real_address(values: tuple[str, ...], last: str, recursive: str) -> None:
    head = _head(*values)
    assert real_address(head, "127.0.0.1", TRUSTED, b"x-forwarded-for", recursive=False) == last
    assert real_address(head, "127.0.0.1", TRUSTED, b"x-forwarded-for", recursive=True) == recursive


def test_hosts_are_read_the_same_every_time_and_not_kept_for_ever() -> None:
    hosts = Hosts()
    for _ in range(2):
        assert hosts.read(b"Foo.Example:99") == ("foo.example", 99, b"foo.example")
        assert hosts.read(b"foo.example") == ("foo.example", None, b"foo.example")
        assert hosts.read(b"[2001:DB8::1]:8") == ("2001:db8::1", 8, b"[2001:db8::1]")
        assert hosts.read(b"") == ("", None, b"kong")
    for number in range(5000):
        assert hosts.read(b"h%d:1" % number)[1] == 1
    assert len(hosts._known) <= 1024
