from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.settings.listeners import Listener, ListenSyntaxError, parse_listen


def only(text: str, **options: bool) -> Listener:
    (listener,) = parse_listen(text, **options)
    return listener


@pytest.mark.parametrize("text", ["off", " off ", "off, 0.0.0.0:8000"])
def test_off_first_means_no_listener(text: str) -> None:
    assert parse_listen(text) == ()


def test_the_flags_of_the_default_proxy_listeners() -> None:
    plain, tls = parse_listen("0.0.0.0:8000 reuseport backlog=16384, 0.0.0.0:8443 http2 ssl reuseport backlog=16384")
    assert (plain.ip, plain.port, plain.ssl, plain.reuseport, plain.backlog) == ("0.0.0.0", 8000, False, True, 16384)
    assert (tls.ip, tls.port, tls.ssl, tls.http2, tls.backlog) == ("0.0.0.0", 8443, True, True, 16384)
    assert tls.text == "0.0.0.0:8443 ssl reuseport backlog=16384"


def test_every_flag() -> None:
    listener = only(
        "h.example:1 ssl http2 proxy_protocol deferred bind reuseport backlog=1 ipv6only=off so_keepalive=1m::3"
    )
    assert listener.proxy_protocol
    assert listener.deferred
    assert listener.bind
    assert listener.ipv6only is False
    assert listener.so_keepalive == "1m::3"


def test_ipv6_is_expanded_and_shown_with_brackets() -> None:
    listener = only("[::1]:8001")
    assert listener.ip == "0000:0000:0000:0000:0000:0000:0000:0001"
    assert listener.address == "[0000:0000:0000:0000:0000:0000:0000:0001]:8001"
    assert listener.describe()["ip"] == "[0000:0000:0000:0000:0000:0000:0000:0001]"


def test_the_cluster_listener_is_always_tls() -> None:
    assert only("0.0.0.0:8005", always_ssl=True).ssl
    assert only("0.0.0.0:8005 ssl", always_ssl=True).text == "0.0.0.0:8005 ssl"


def test_stream_listeners_know_udp_but_not_http2() -> None:
    assert only("127.0.0.1:9000 udp", stream=True).udp
    with pytest.raises(ListenSyntaxError):
        parse_listen("127.0.0.1:9000 http2", stream=True)


@pytest.mark.parametrize(
    "text",
    [
        "8000",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:80a",
        "256.0.0.1:80",
        "127.0.0:80",
        "[::g]:80",
        "::1:80",
        "-bad.example:80",
        "127.0.0.1:80 nonsense",
        "127.0.0.1:80 backlog=",
        "127.0.0.1:80 ipv6only=maybe",
        "127.0.0.1:80,",
        "127.0.0.1:80 off",
        "",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ListenSyntaxError):
        parse_listen(text)


@given(st.text(alphabet="0123456789.:[]abfosl, \t=-_\n\x00é", max_size=40))
def test_any_text_gives_listeners_or_the_one_error(text: str) -> None:
    try:
        listeners = parse_listen(text)
    except ListenSyntaxError:
        return
    for listener in listeners:
        assert 0 <= listener.port <= 65535
        assert listener.ip


@given(st.ip_addresses(), st.integers(0, 65535), st.sets(st.sampled_from(["ssl", "reuseport", "bind", "deferred"])))
def test_what_is_parsed_is_shown_and_parsed_again(ip: object, port: int, flags: set[str]) -> None:
    shown = f"[{ip}]" if ":" in str(ip) else str(ip)
    listener = only(" ".join([f"{shown}:{port}", *sorted(flags)]))
    assert only(listener.text) == listener
