"""PROXY headers of both versions, at every cut, whole and broken (proxy.md 11.7, reliability.md S3)."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.proxy.preamble import Announced, BadPreamble, Preamble, parse_preamble

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version_2(kind: int, payload: bytes, *, command: int = 0x21) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, kind, len(payload)) + payload


def block(source: str, destination: str, source_port: int, destination_port: int) -> bytes:
    return (
        ipaddress.ip_address(source).packed
        + ipaddress.ip_address(destination).packed
        + struct.pack(">HH", source_port, destination_port)
    )


FOUR = block("192.0.2.1", "192.0.2.2", 1000, 80)
SIX = block("2001:db8::1", "2001:db8::2", 1000, 80)

SOUND = {
    "version 1, IPv4": (b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n", Announced("192.0.2.1", 1000, "192.0.2.2", 80)),
    "version 1, IPv6": (
        b"PROXY TCP6 2001:DB8::1 2001:db8:0::2 0 65535\r\n",
        Announced("2001:db8::1", 0, "2001:db8::2", 65535),
    ),
    "version 1, unknown": (b"PROXY UNKNOWN\r\n", None),
    "version 1, unknown with words": (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
    "version 1, the longest": (b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n", None),
    "version 2, IPv4": (version_2(0x11, FOUR), Announced("192.0.2.1", 1000, "192.0.2.2", 80)),
    "version 2, IPv6": (version_2(0x21, SIX), Announced("2001:db8::1", 1000, "2001:db8::2", 80)),
    "version 2, with extensions": (
        version_2(0x11, FOUR + b"\x04\0\x03abc" + b"\x01\0\0"),
        Announced("192.0.2.1", 1000, "192.0.2.2", 80),
    ),
    "version 2, the longest": (
        version_2(0x11, FOUR + b"\x04" + struct.pack(">H", 4065) + bytes(4065)),
        Announced("192.0.2.1", 1000, "192.0.2.2", 80),
    ),
    "version 2, of the balancer itself": (version_2(0, b"", command=0x20), None),
    "version 2, of the balancer itself with addresses": (version_2(0x11, FOUR, command=0x20), None),
    "version 2, no family": (version_2(0, b"anything"), None),
    "version 2, unix": (version_2(0x31, bytes(216)), None),
}

BROKEN = {
    "a request": b"GET / HTTP/1.1\r\n",
    "lower case": b"proxy TCP4 ",
    "a family in lower case": b"PROXY tcp4 192.0.2.1 192.0.2.2 1000 80\r\n",
    "UDP": b"PROXY UDP4 192.0.2.1 192.0.2.2 1000 80\r\n",
    "IPv6 as IPv4": b"PROXY TCP4 ::1 ::1 1000 80\r\n",
    "IPv4 as IPv6": b"PROXY TCP6 192.0.2.1 192.0.2.2 1000 80\r\n",
    "no IPv4": b"PROXY TCP4 192.0.2.256 192.0.2.2 1000 80\r\n",
    "leading zeros": b"PROXY TCP4 192.0.02.1 192.0.2.2 1000 80\r\n",
    "a zone": b"PROXY TCP6 fe80::1%eth0 ::1 1000 80\r\n",
    "a large port": b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 80\r\n",
    "a port with zeros": b"PROXY TCP4 192.0.2.1 192.0.2.2 080 80\r\n",
    "a negative port": b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 80\r\n",
    "one port": b"PROXY TCP4 192.0.2.1 192.0.2.2 80\r\n",
    "a word too many": b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80 x\r\n",
    "two spaces": b"PROXY  TCP4 192.0.2.1 192.0.2.2 1000 80\r\n",
    "a space at the end": b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80 \r\n",
    "a bare LF": b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\n",
    "a CR inside": b"PROXY UNKNOWN a\rb\r\n",
    "unknown, with a word attached": b"PROXY UNKNOWNX\r\n",
    "a line without end": b"PROXY UNKNOWN " + b"x" * 93,
    "version 3": SIGNATURE + b"\x31\x11\0\0",
    "another command": version_2(0x11, FOUR, command=0x22),
    "another family": version_2(0x41, FOUR),
    "datagrams": version_2(0x12, FOUR),
    "short addresses": version_2(0x11, FOUR[:11]),
    "short IPv6 addresses": version_2(0x21, FOUR),
    "half an extension": version_2(0x11, FOUR + b"\x04"),
    "an extension beyond the header": version_2(0x11, FOUR + b"\x04\0\x04abc"),
    "too long": SIGNATURE + b"\x21\x11\xff\xff",
}


@pytest.mark.parametrize(("raw", "announced"), SOUND.values(), ids=SOUND)
def test_a_header_is_read_to_its_last_byte_and_not_further(raw: bytes, announced: Announced | None) -> None:
    for cut in range(len(raw)):
        assert parse_preamble(raw[:cut]) is None
    assert parse_preamble(raw) == Preamble(len(raw), announced)
    assert parse_preamble(raw + b"GET / HTTP/1.1\r\n") == Preamble(len(raw), announced)


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_broken_header_is_refused(raw: bytes) -> None:
    with pytest.raises(BadPreamble):
        parse_preamble(raw)


@given(st.binary(max_size=300), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21"]))
def test_nothing_is_read_twice_in_two_ways(noise: bytes, start: bytes) -> None:
    """What is refused stays refused, and what is read stays the same, whatever comes behind it."""
    raw = start + noise
    verdicts = [_verdict(raw[:cut]) for cut in range(len(raw) + 1)]
    settled = [verdict for verdict in verdicts if verdict is not None]
    assert settled == settled[:1] * len(settled)


def _verdict(raw: bytes) -> object:
    try:
        return parse_preamble(raw)
    except BadPreamble:
        return "refused"


_FOURS, _SIXES = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)
_PORTS = st.integers(0, 65535)


@given(st.one_of(st.tuples(_FOURS, _FOURS), st.tuples(_SIXES, _SIXES)), _PORTS, _PORTS)
def test_both_versions_say_the_same(addresses: tuple[str, str], source_port: int, destination_port: int) -> None:
    family, kind = ("TCP6", 0x21) if ":" in addresses[0] else ("TCP4", 0x11)
    said = Announced(addresses[0], source_port, addresses[1], destination_port)
    line = f"PROXY {family} {addresses[0]} {addresses[1]} {source_port} {destination_port}\r\n".encode()
    assert parse_preamble(line) == Preamble(len(line), said)
    binary = version_2(kind, block(*addresses, source_port, destination_port))
    assert parse_preamble(binary) == Preamble(len(binary), said)
