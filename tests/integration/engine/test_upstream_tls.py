"""TLS towards upstreams: who is verified, what is presented, which connections are shared (proxy.md 5, 9)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gwctl.kit.pem_files import load_chain
from tests.integration.engine.records import Record, identity, route, service, target, upstream
from tests.integration.engine.world import Gateway, Response, ScriptedUpstream, Talk, gateway, play
from tests.tools.authority import Authority, Issued

HOST = "localhost"


@dataclass(frozen=True)
class World:
    """Certificates of one test run."""

    root: Authority
    middle: Authority
    other: Authority
    server: Issued
    deep: Issued
    one: Issued
    two: Issued


@cache
def world() -> World:
    root = Authority("root")
    middle = Authority("middle", root)
    names = (HOST, "127.0.0.1")
    return World(
        root,
        middle,
        Authority("other"),
        root.issue(*names),
        middle.issue(*names),
        root.issue("client one"),
        root.issue("client two"),
    )


def server_context(pair: Issued, *, clients: Authority | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_chain(context, pair.cert.encode(), pair.key.encode())
    if clients is not None:
        context.load_verify_locations(cadata=clients.cert)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@asynccontextmanager
async def tls_upstream(context: ssl.SSLContext, names: list[str | None]) -> AsyncIterator[ScriptedUpstream]:
    """Says who its client is, as ``name=`` in the body; notes the server names that it is asked for."""
    state = ScriptedUpstream()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        talk = Talk(reader, writer)
        peer = writer.get_extra_info("peercert")
        subject = dict(part[0] for part in peer["subject"])["commonName"] if peer else "nobody"
        try:
            while True:
                await talk.head()
                text = f"name={subject}".encode()
                await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        names.append(name)

    context.sni_callback = note
    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()


def certificate(name: str, pair: Issued) -> Record:
    return {"id": identity(f"certificate {name}"), "cert": pair.cert, "key": pair.key, "cert_alt": None}


def authority(name: str, of: Authority) -> Record:
    return {"id": identity(f"authority {name}"), "cert": of.cert}


def config(port: int, *, host: str = HOST, more: Mapping[str, list[Record]] | None = None, **to: Any) -> Any:
    made = service("one", host, port, protocol="https", retries=0, **to)
    switches = {"request_buffering": False, "response_buffering": False}
    return {
        "services": [made],
        "routes": [
            route("one", made, paths=["/"]),
            route("direct", made, paths=["/direct"], **switches),
            route("preserving", made, paths=["/preserving"], preserve_host=True),
        ],
        **(more or {}),
    }


async def both(gw: Gateway, host: str = "gw.test") -> tuple[int, str]:
    """The answer with and without buffering, which must be the same."""
    found = [await gw.get(path, host=host) for path in ("/", "/direct")]
    seen = {(one.status, one.body.decode() if one.status == 200 else "") for one in found}
    assert len(seen) == 1, seen
    return seen.pop()


# Certificates of our own (18-upstream_tls 1 to 8)


@pytest.mark.parametrize("owner", ["service", "upstream"])
def test_a_client_certificate_is_sent_changed_and_removed(owner: str) -> None:
    certs = world()

    def records(port: int, pair: Issued | None) -> Any:
        reference = {"client_certificate": {"id": identity("certificate c")}} if pair else {}
        more: dict[str, list[Record]] = {"certificates": [certificate("c", pair)]} if pair else {}
        if owner == "service":
            return config(port, more=more, **reference)
        named = upstream("up.test", **reference)
        more |= {"upstreams": [named], "targets": [target(named, f"127.0.0.1:{port}")]}
        return config(port, host="up.test", more=more)

    async def run() -> list[tuple[int, str]]:
        context = server_context(certs.server, clients=certs.root)
        async with tls_upstream(context, []) as up, gateway(records(up.port, None)) as gw:
            found = [await both(gw)]
            for number, pair in enumerate((certs.one, certs.two, None), 2):
                await gw.install(records(up.port, pair), number)
                found.append(await both(gw))
            return found

    first, one, two, last = play(run())
    assert (one, two) == ((200, "name=client one"), (200, "name=client two"))
    assert first[0] == last[0] == 502


def test_the_certificate_of_the_service_wins_over_that_of_the_upstream_and_of_the_node(tmp_path: Path) -> None:
    certs = world()
    third = certs.root.issue("client three")
    (tmp_path / "c").write_text(third.cert)
    (tmp_path / "k").write_text(third.key)
    environ = {
        "KONG_CLIENT_SSL": "on",
        "KONG_CLIENT_SSL_CERT": str(tmp_path / "c"),
        "KONG_CLIENT_SSL_CERT_KEY": str(tmp_path / "k"),
    }

    def records(port: int, *, on_service: bool, on_upstream: bool) -> Any:
        ids = [{"client_certificate": {"id": identity(f"certificate {name}")}} for name in ("one", "two")]
        named = upstream("up.test", **(ids[1] if on_upstream else {}))
        more = {
            "certificates": [certificate("one", certs.one), certificate("two", certs.two)],
            "upstreams": [named],
            "targets": [target(named, f"127.0.0.1:{port}")],
        }
        return config(port, host="up.test", more=more, **(ids[0] if on_service else {}))

    async def run() -> list[tuple[int, str]]:
        context = server_context(certs.server, clients=certs.root)
        async with (
            tls_upstream(context, []) as up,
            gateway(records(up.port, on_service=True, on_upstream=True), environ=environ) as gw,
        ):
            found = [await both(gw)]
            for number, on_upstream in enumerate((True, False), 2):
                await gw.install(records(up.port, on_service=False, on_upstream=on_upstream), number)
                found.append(await both(gw))
            return found

    assert play(run()) == [(200, "name=client one"), (200, "name=client two"), (200, "name=client three")]


# Verifying (18-upstream_tls 9 to 17, 06-ssl 1 and 2)

VERIFY = {"tls_verify": True}


@dataclass(frozen=True)
class Case:
    to: Mapping[str, Any]
    trusted: str = "root"
    server: str = "server"
    environ: tuple[tuple[str, str], ...] = ()
    host: str = HOST
    line: str = ""

    @property
    def status(self) -> int:
        return 502 if self.line else 200


_ON = (("KONG_NGINX_PROXY_PROXY_SSL_VERIFY", "on"),)
_UNKNOWN = "upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking"
_LONG = "upstream SSL certificate verify error: (22:certificate chain too long) while SSL handshaking to upstream"
CASES = {
    "off by default": Case({}, trusted="other"),
    "on without the authority": Case(VERIFY, trusted="", line=_UNKNOWN),
    "the authority": Case(VERIFY),
    "another authority": Case(VERIFY, trusted="other", line=_UNKNOWN),
    "one of several authorities": Case(VERIFY, trusted="other root"),
    "a chain of one, the default depth": Case(VERIFY, server="deep"),
    "a chain deeper than allowed": Case(VERIFY | {"tls_verify_depth": 0}, server="deep", line=_LONG),
    "a chain as deep as allowed": Case(VERIFY | {"tls_verify_depth": 1}, server="deep"),
    "no chain, depth zero": Case(VERIFY | {"tls_verify_depth": 0}),
    "on for the node": Case({}, trusted="other", environ=_ON, line=_UNKNOWN),
    "on for the node, off for the service": Case({"tls_verify": False}, trusted="other", environ=_ON),
    "depth of the node": Case(
        VERIFY, server="deep", environ=(("KONG_NGINX_PROXY_PROXY_SSL_VERIFY_DEPTH", "0"),), line=_LONG
    ),
    "an address in the certificate": Case(VERIFY, host="127.0.0.1"),
    "another name": Case(VERIFY, server="named", line='upstream SSL certificate does not match "localhost" while SSL'),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_upstream_is_verified_as_configured(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    certs = world()
    authorities = [authority(name, getattr(certs, name)) for name in case.trusted.split()]
    ids = [one["id"] for one in authorities] or None
    pair = certs.root.issue("elsewhere.test") if case.server == "named" else getattr(certs, case.server)

    async def run() -> tuple[int, int]:
        async with tls_upstream(server_context(pair), []) as up:
            records = config(
                up.port, host=case.host, more={"ca_certificates": authorities}, ca_certificates=ids, **case.to
            )
            async with gateway(records, environ=dict(case.environ)) as gw:
                return (await both(gw))[0], up.connections

    with caplog.at_level(logging.ERROR, "gwctl.engine"):
        status, _ = play(run())
    assert status == case.status
    assert not case.line or case.line in caplog.text


def test_trust_that_is_taken_away_and_given_back_concerns_new_connections_at_once() -> None:
    certs = world()

    async def run() -> list[int]:
        async with tls_upstream(server_context(certs.server), []) as up:

            def records(of: Authority) -> Any:
                trusted = authority("the one", of)
                more = {"ca_certificates": [trusted]}
                return config(up.port, more=more, ca_certificates=[trusted["id"]], **VERIFY)

            async with gateway(records(certs.root)) as gw:
                found = [(await both(gw))[0]]
                for number, of in enumerate((certs.other, certs.root), 2):
                    await gw.install(records(of), number)
                    found.append((await both(gw))[0])
                return found

    assert play(run()) == [200, 502, 200]


def test_nothing_of_a_request_reaches_an_upstream_whose_chain_is_too_long() -> None:
    certs = world()

    async def run() -> bytes:
        received = bytearray()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                received.extend(await reader.read())
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=server_context(certs.deep))
        port = server.sockets[0].getsockname()[1]
        trusted = authority("root", certs.root)
        records = config(
            port,
            more={"ca_certificates": [trusted]},
            ca_certificates=[trusted["id"]],
            tls_verify=True,
            tls_verify_depth=0,
        )
        async with gateway(records) as gw:
            assert (await gw.get("/")).status == 502
        server.close()
        return bytes(received)

    assert play(run()) == b""


@pytest.mark.parametrize("setting", ["LUA_SSL_TRUSTED_CERTIFICATE", "NGINX_PROXY_PROXY_SSL_TRUSTED_CERTIFICATE"])
@pytest.mark.parametrize("trusted", ["root", "other", "other root"])
def test_the_trust_of_the_node(setting: str, trusted: str, tmp_path: Path) -> None:
    """One authority, or several in one file or in several entries."""
    certs = world()
    texts = [getattr(certs, name).cert for name in trusted.split()]
    if setting.startswith("NGINX"):
        (tmp_path / "all").write_text("".join(texts))
        told = str(tmp_path / "all")
    else:
        for number, text in enumerate(texts):
            (tmp_path / str(number)).write_text(text)
        told = ",".join(str(tmp_path / str(number)) for number in range(len(texts)))

    async def run() -> int:
        async with (
            tls_upstream(server_context(certs.server), []) as up,
            gateway(config(up.port, **VERIFY), environ={f"KONG_{setting}": told}) as gw,
        ):
            return (await both(gw))[0]

    assert play(run()) == (200 if "root" in trusted else 502)


# Names (06-ssl 19 to 21)


@pytest.mark.parametrize(
    ("path", "to", "name"),
    [
        ("/preserving", HOST, "front.test"),
        ("/", HOST, HOST),
        ("/", "127.0.0.1", None),
        ("/", "hosted", "virtual.test"),
    ],
)
def test_the_server_name_is_that_of_host(path: str, to: str, name: str | None) -> None:
    async def run() -> list[str | None]:
        names: list[str | None] = []
        async with tls_upstream(server_context(world().server), names) as up:
            named = upstream("hosted", host_header="virtual.test:8443")
            more = {"upstreams": [named], "targets": [target(named, f"127.0.0.1:{up.port}")]}
            async with gateway(config(up.port, host=to, more=more if to == "hosted" else None)) as gw:
                assert (await gw.get(path, host="front.test:1234")).status == 200
        return names

    assert play(run()) == [name]


# Pools (25-keepalive)


async def _opened(
    environ: Mapping[str, str], hosts: list[str], *, certificates: bool = False
) -> tuple[int, list[Response]]:
    """Connections that an upstream saw of two rounds of requests with these hosts."""
    certs = world()
    ids = [{"client_certificate": {"id": identity(f"certificate {name}")}} for name in ("one", "two")]
    async with tls_upstream(server_context(certs.server, clients=certs.root), []) as up:
        services = [
            service(f"s{number}", "127.0.0.1", up.port, protocol="https", **ids[number if certificates else 0])
            for number in range(2)
        ]
        records = {
            "services": services,
            "routes": [route(f"r{n}", one, paths=[f"/{n}"], preserve_host=True) for n, one in enumerate(services)],
            "certificates": [certificate("one", certs.one), certificate("two", certs.two)],
        }
        async with gateway(records, environ=environ) as gw:
            found = [await gw.get(f"/{number}", host=host) for _ in range(2) for number in range(2) for host in hosts]
        return up.connections, found


@pytest.mark.parametrize(
    ("environ", "hosts", "certificates", "opened"),
    [
        ({}, ["a.test"], False, 1),
        ({}, ["a.test", "b.test"], False, 2),
        ({}, ["a.test"], True, 2),
        ({}, ["plumless.test", "buckeroo.test"], False, 2),
        ({"KONG_UPSTREAM_KEEPALIVE_POOL_SIZE": "0"}, ["a.test"], False, 4),
        ({"KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS": "1"}, ["a.test"], False, 4),
        ({"KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS": "2"}, ["a.test"], False, 2),
    ],
    ids=["reuse", "names", "certificates", "colliding names", "no pool", "one request", "two requests"],
)
def test_connections_are_shared_by_whoever_speaks_alike(
    environ: dict[str, str], hosts: list[str], certificates: bool, opened: int
) -> None:
    connections, found = play(_opened(environ, hosts, certificates=certificates))
    assert [one.status for one in found] == [200] * len(found)
    assert connections == opened


def test_an_idle_connection_is_closed_in_its_time() -> None:
    async def run() -> int:
        async with tls_upstream(server_context(world().server), []) as up:
            environ = {"KONG_UPSTREAM_KEEPALIVE_IDLE_TIMEOUT": "0.2"}
            async with gateway(config(up.port), environ=environ) as gw:
                await gw.get("/")
                assert gw.engine._runtime is not None
                pool = gw.engine._runtime.pool
                assert len(pool) == 1
                for _ in range(500):
                    if not len(pool):
                        break
                    await asyncio.sleep(0.02)
                assert not len(pool)
                await gw.get("/")
                return up.connections

    assert play(run()) == 2
