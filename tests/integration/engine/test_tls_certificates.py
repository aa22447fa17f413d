"""Which certificate a client is shown, and what its handshakes cost later ones (proxy.md 10.1; 06-ssl)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography import x509

from gwctl.engine.proxy.client import ClientConnection
from gwctl.kit.pem_files import load_chain
from tests.integration.engine.records import Record, identity, route
from tests.integration.engine.world import Gateway, Talk, client_tls, echo, gateway, one_route, play, upstream_server
from tests.tools.authority import Authority, Issued
from tests.unit.engine.tls_hellos import hello, split_records

NAMES = ("default", "example", "prefix", "suffix", "deeper", "any", "two")


@cache
def issued(name: str, kind: Any = "ec") -> Issued:
    return _authority().issue(name, kind=kind)


@cache
def _authority() -> Authority:
    return Authority("root")


def listener_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for kind in ("rsa", "ec"):
        pair = issued("default", kind)
        load_chain(context, pair.cert.encode(), pair.key.encode())
    return context


def certificate(name: str, pair: Issued, alternative: Issued | None = None) -> Record:
    more = {"cert_alt": alternative.cert, "key_alt": alternative.key} if alternative else {}
    return {"id": identity(f"certificate {name}"), "cert": pair.cert, "key": pair.key} | more


def sni(name: str, of: Record) -> Record:
    return {"id": identity(f"sni {name}"), "name": name, "certificate": {"id": of["id"]}}


def shown(**names: Record) -> dict[str, list[Record]]:
    """Records for these server names; ``__`` stands for a dot, ``_`` for the wildcard."""
    found = {name.replace("__", ".").replace("_", "*"): record for name, record in names.items()}
    unique = {record["id"]: record for record in found.values()}
    return {"certificates": list(unique.values()), "snis": [sni(name, record) for name, record in found.items()]}


async def common_name(gw: Gateway, name: str | None, context: ssl.SSLContext | None = None) -> str:
    talk = await gw.connect(context or client_tls(), name or "")
    der = talk.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    talk.close()
    common = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common[0].value)


def _choices() -> dict[str, list[Record]]:
    made = {name: certificate(name, issued(name)) for name in NAMES}
    pairs = {
        "example.com": "example",
        "*.wildcard.com": "prefix",
        "wildcard.*": "suffix",
        "*.www.wildcard.com": "deeper",
        "ssl1.com": "two",
        "www.wildcard.*": "suffix",
        "exact.wildcard.com": "example",
    }
    return {"certificates": list(made.values()), "snis": [sni(name, made[of]) for name, of in pairs.items()]}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (None, "default"),
        ("unknown.test", "default"),
        ("example.com", "example"),
        ("EXAMPLE.com", "example"),
        ("example.com.", "example"),
        ("ssl1.com", "two"),
        ("test.wildcard.com", "prefix"),
        ("wildcard.org", "suffix"),
        ("wildcard.com", "suffix"),
        ("exact.wildcard.com", "example"),
        ("www.wildcard.com", "prefix"),
        ("www.wildcard.org", "suffix"),
        ("test.www.wildcard.com", "deeper"),
        ("a.test.www.wildcard.com", "default"),
        ("127.0.0.1", "default"),
    ],
)
def test_the_certificate_is_that_of_the_name(name: str | None, wanted: str) -> None:
    async def run() -> str:
        async with gateway(_choices(), tls=listener_context()) as gw:
            return await common_name(gw, name)

    assert play(run()) == wanted


def test_the_record_for_every_name_is_the_last_choice() -> None:
    records = _choices()
    anything = certificate("any", issued("any"))
    records["snis"].append(sni("*", anything))

    async def run() -> list[str]:
        async with gateway(records, tls=listener_context()) as gw:
            return [await common_name(gw, name) for name in ("unknown.test", "example.com", None)]

    assert play(run()) == ["any", "example", "default"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (b"127.0.0.1", "invalid SNI '127.0.0.1', must not be an IP"),
        (b"::1", "invalid SNI '::1', must not be an IP"),
        (b"a.test:80", "invalid SNI 'a.test:80', must not have a port"),
        (b"a..test", "invalid SNI 'a..test', invalid value: a..test"),
        (b"*.a.*", "invalid SNI '*.a.*', only one wildcard must be specified"),
        (b"*.*.test", "invalid SNI '*.*.test', only one wildcard must be specified"),
        (b"a.*.test", "invalid SNI 'a.*.test', wildcard must be leftmost or rightmost character"),
        (b"a\xff.test", r"invalid SNI 'a\xff.test', invalid value: a\xff.test"),
    ],
)
def test_names_that_are_none_get_the_default_and_a_debug_line(
    name: bytes, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The name is put into a real message of the same length, because no client library would send it."""
    placeholder = "x" * len(name)
    raw = hello(placeholder).replace(placeholder.encode(), name)

    async def run() -> bytes:
        async with gateway(_choices(), tls=listener_context()) as gw:
            talk = await gw.connect()
            await talk.send(raw)
            return await talk.exactly(6)

    with caplog.at_level(logging.DEBUG, "gwctl.engine"):
        assert play(run())[::5] == b"\x16\x02"  # a server hello
    assert line in [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_message_in_pieces_and_small_records_is_understood() -> None:
    async def run() -> bytes:
        async with gateway(_choices(), tls=listener_context()) as gw:
            talk = await gw.connect()
            for byte in split_records(hello("example.com"), 50):
                await talk.send(bytes((byte,)))
            return await talk.exactly(6)

    assert play(run())[::5] == b"\x16\x02"


def _limited(ciphers: str) -> ssl.SSLContext:
    context = client_tls()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    return context


@pytest.mark.parametrize("first", ["rsa", "ec"])
def test_two_kinds_of_keys_serve_clients_of_either(first: str) -> None:
    other = "ec" if first == "rsa" else "rsa"
    record = certificate("both", _authority().issue(first, kind=first), _authority().issue(other, kind=other))  # type: ignore[arg-type]

    async def run() -> list[str]:
        async with gateway(shown(both__test=record), tls=listener_context()) as gw:
            return [await common_name(gw, "both.test", _limited(f"ECDHE+{kind}")) for kind in ("aRSA", "ECDSA")]

    assert play(run()) == ["rsa", "ec"]


def test_a_certificate_changes_between_two_handshakes_and_open_connections_live_on() -> None:
    one, two = (certificate("it", issued(name)) for name in ("example", "two"))

    async def run() -> list[Any]:
        async with upstream_server(echo()) as up:
            routes = one_route(up.port)
            async with gateway(routes | shown(a__test=one), tls=listener_context()) as gw:
                talk = await gw.connect(client_tls(), "a.test")
                found: list[Any] = [(await talk.get("/")).status, await common_name(gw, "a.test")]
                await gw.install(routes | shown(a__test=two), 2)
                found += [(await talk.get("/")).status, await common_name(gw, "a.test")]
                await gw.install(routes, 3)
                return [*found, (await talk.get("/")).status, await common_name(gw, "a.test")]

    assert play(run()) == [200, "example", 200, "two", 200, "default"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cert": "nonsense"}, "it cannot be read"),
        ({"key": ""}, "there is no certificate with a key in it"),
        ({"key": "other"}, "key values mismatch"),
    ],
)
def test_a_broken_certificate_gives_way_to_the_default_and_the_log_names_it(
    change: dict[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    values = {name: issued("two").key if text == "other" else text for name, text in change.items()}
    broken = certificate("broken", issued("example")) | values

    async def run() -> list[str]:
        async with gateway(shown(a__test=broken), tls=listener_context()) as gw:
            return [await common_name(gw, "a.test") for _ in range(3)]

    with caplog.at_level(logging.ERROR, "gwctl.engine"):
        assert play(run()) == ["default"] * 3
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert broken["id"] in lines[0]
    assert reason in lines[0]


def test_ten_thousand_certificates_cost_the_start_nothing_and_memory_is_bounded() -> None:
    pair = issued("example")
    records = {
        "certificates": [certificate(str(n), pair) | {"tags": [str(n)]} for n in range(10_000)],
        "snis": [sni(f"n{n}.test", {"id": identity(f"certificate {n}")}) for n in range(10_000)],
    }

    async def run() -> tuple[float, str, int]:
        began = time.process_time()
        async with gateway(records, tls=listener_context()) as gw:
            cost = time.process_time() - began
            name = await common_name(gw, "n9999.test")
            gw.engine._certificates._contexts._most = 3
            for number in range(10):
                record = certificate(f"c{number}", issued(f"c{number}"))
                await gw.install(shown(a__test=record), number + 2)
                await common_name(gw, "a.test")
            return cost, name, len(gw.engine._certificates._contexts)

    cost, name, kept = play(run())
    assert cost < 0.5
    assert (name, kept) == ("example", 3)


# Sessions


async def _resumed(gw: Gateway, version: ssl.TLSVersion, names: tuple[str, str]) -> bool:
    """Whether the second connection goes on with the session of the first."""
    context = client_tls()
    context.maximum_version = version
    return await asyncio.to_thread(_reuse, gw.port, context, names)


def _reuse(port: int, context: ssl.SSLContext, names: tuple[str, str]) -> bool:
    session = None
    reused = False
    for name in names:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as sock,
            context.wrap_socket(sock, server_hostname=name, session=session) as tls,
        ):
            tls.sendall(b"GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n")
            assert tls.recv(100)
            session, reused = tls.session, bool(tls.session_reused)
    return reused


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", ["example.com", "unknown.test"])
def test_sessions_are_resumed_whichever_certificate_is_shown(version: ssl.TLSVersion, name: str) -> None:
    async def run() -> bool:
        async with gateway(_choices(), tls=listener_context()) as gw:
            return await _resumed(gw, version, (name, name))

    assert play(run())


# Redirects (06-ssl 12 to 14) and route names (23)


@pytest.mark.parametrize("name", ["only.test", "only.test."])
def test_a_route_is_matched_by_the_server_name_with_or_without_a_final_dot(name: str) -> None:
    async def run() -> list[int]:
        async with upstream_server(echo()) as up:
            records = one_route(up.port)
            records["routes"] = [
                route("one", records["services"][0], protocols=["https"], snis=[name], paths=["/"], strip_path=False)
            ]
            async with gateway(records, tls=listener_context()) as gw:
                found = []
                for asked in ("only.test", "other.test"):
                    talk = await gw.connect(client_tls(), asked)
                    found.append((await talk.get("/", host="x.test")).status)
                return found

    assert play(run()) == [200, 404]


# The transport


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 100_000, 3_000_000])
def test_bodies_of_any_size_pass_both_ways(size: int) -> None:
    async def run() -> bool:
        body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        async with upstream_server(echo()) as up, gateway(one_route(up.port), tls=listener_context()) as gw:
            talk = await gw.connect(client_tls(), "a.test")
            raw = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size + body
            found = [(await talk.ask(raw)).body.endswith(body) for _ in range(2)]
            return all(found)

    assert play(run())


def test_a_client_that_ends_properly_or_not_leaves_nothing() -> None:
    async def run() -> int:
        async with gateway({}, tls=listener_context()) as gw:
            for end in (Talk.close, Talk.reset) * 5:
                talk = await gw.connect(client_tls(), "a.test")
                await talk.get("/")
                end(talk)
            connections: set[ClientConnection] = gw.engine._connections
            await _until(lambda: not connections)
            return len(connections)

    assert play(run()) == 0


def test_garbage_in_an_open_connection_ends_it_and_no_other() -> None:
    async def run() -> tuple[bool, int]:
        async with gateway({}, tls=listener_context()) as gw:
            other = await gw.connect(client_tls(), "b.test")
            talk = await gw.connect(client_tls(), "a.test")
            os.write(talk.writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x20" + b"g" * 32)
            try:
                ended = await asyncio.wait_for(talk.reader.read(), 10) == b""
            except (ssl.SSLError, ConnectionError):
                ended = True
            return ended, (await other.get("/")).status

    assert play(run()) == (True, 404)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)
