"""Which headers the gateway adds to answers (proxy.md 3; lists 14, 15, 16, 33-request-id and 35 of 17.3)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gwctl.engine.config import Timeouts, engine_config
from gwctl.settings import Settings
from tests.integration.engine.records import plugin, route, service
from tests.integration.engine.world import (
    Gateway,
    Response,
    Talk,
    echo,
    fields_of,
    gateway,
    one_route,
    play,
    says,
    upstream_server,
)

SERVER, VIA, UPSTREAM, PROXY, RESPONSE, ID, STATUS = (
    "server",
    "via",
    "x-kong-upstream-latency",
    "x-kong-proxy-latency",
    "x-kong-response-latency",
    "x-kong-request-id",
    "x-kong-upstream-status",
)
OURS = {SERVER, VIA, UPSTREAM, PROXY, RESPONSE, ID, STATUS}
LATENCIES = {UPSTREAM, PROXY}

# ids of list 14: (setting, what a proxied answer has, what an answer of the gateway has); the upstream sends no Server
TOKENS: dict[str, tuple[str | None, set[str], set[str]]] = {
    "1 2 12 13": (None, {SERVER, VIA, UPSTREAM, PROXY, ID}, {SERVER, RESPONSE, ID}),
    "4 5": ("Via", {VIA}, set()),
    "6 7": ("Server", {SERVER}, {SERVER}),
    "8 9": ("server_tokens", {SERVER, VIA}, {SERVER}),
    "10 11 27 28": ("off", set(), set()),
    "19 20": ("latency_tokens", LATENCIES, {RESPONSE}),
    "21 22": ("X-Kong-Upstream-Latency", {UPSTREAM}, set()),
    "23 24": ("X-Kong-Proxy-Latency", {PROXY}, set()),
    "25 26": ("X-Kong-Response-Latency", set(), {RESPONSE}),
    "29 30": ("server_tokens, X-Kong-Proxy-Latency", {SERVER, VIA, PROXY}, {SERVER}),
    "32 33": ("server_tokens, off, X-Kong-Proxy-Latency", {SERVER, VIA, PROXY}, {SERVER}),
    "34 35": ("sErVer_TokEns, x-kong-PROXY-latency", {SERVER, VIA, PROXY}, {SERVER}),
    "33-request-id 4": ("X-Kong-Request-Id", {ID}, {ID}),
    "15 5": ("X-Kong-Upstream-Status", {STATUS}, set()),
    "nothing": ("", {SERVER, VIA, UPSTREAM, PROXY, ID}, {SERVER, RESPONSE, ID}),
}


def _both(environ: dict[str, str]) -> tuple[Response, Response]:
    """A proxied answer and one of the gateway itself."""

    async def run() -> tuple[Response, Response]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port, methods=["GET"]), environ=environ) as gw:
            return await gw.get("/"), await gw.get("/", method="PUT")

    return play(run())


def _added(response: Response) -> set[str]:
    return {name.lower() for name, _ in response.fields} & OURS


@pytest.mark.parametrize(("setting", "proxied", "own"), TOKENS.values(), ids=TOKENS)
def test_the_setting_headers(setting: str | None, proxied: set[str], own: set[str]) -> None:
    through, refused = _both({} if setting is None else {"GWCTL_HEADERS": setting})
    assert (through.status, refused.status) == (200, 404)
    assert (_added(through), _added(refused)) == (proxied, own)
    for response in (through, refused):
        assert response.get(SERVER) in (None, "kong/3.8.1")
        assert response.get(VIA) in (None, "1.1 kong/3.8.1")
        for name in (UPSTREAM, PROXY, RESPONSE):
            assert (response.get(name) or "0").isdecimal()
        assert re.fullmatch("[0-9a-f]{32}", response.get(ID) or "0" * 32)


def test_31_the_setting_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "gw.conf"
    file.write_text("headers = server_tokens, X-Kong-Proxy-Latency # and no more\n")
    settings = Settings.load(role="traditional", environ={"HOME": "/nonexistent"}, conf=file)
    assert engine_config(settings, Timeouts()).show == {SERVER, VIA, PROXY}


@pytest.mark.parametrize("setting", [None, "Via", "off"])
def test_the_server_and_via_of_an_upstream_are_never_taken_away(setting: str | None) -> None:
    answer = b"HTTP/1.1 200 OK\r\nServer: theirs\r\nVia: 1.0 a\r\nVia: 1.1 b\r\nContent-Length: 0\r\n\r\n"

    async def run() -> Response:
        environ = {} if setting is None else {"GWCTL_HEADERS": setting}
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port), environ=environ) as gw:
            return await gw.get("/")

    response = play(run())
    assert response.all("server") == ["theirs"]
    assert response.all("via") == ["1.0 a, 1.1 b" + ("" if setting == "off" else ", 1.1 kong/3.8.1")]


async def _hang_up(talk: Talk) -> None:
    await talk.head()


async def _fail(talk: Talk) -> None:
    await talk.head()
    await talk.send(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(("script", "status"), [(_fail, 500), (_hang_up, 502)], ids=["15", "16"])
def test_failures_behind_a_peer_show_the_latencies_of_proxying(script: Any, status: int) -> None:
    async def run() -> Response:
        environ = {"GWCTL_HEADERS": "server_tokens, latency_tokens, X-Kong-Upstream-Status, X-Kong-Request-Id"}
        records = one_route(0, to={"retries": 0})
        async with upstream_server(script) as up:
            records["services"][0]["port"] = up.port
            async with gateway(records, environ=environ) as gw:
                return await gw.get("/")

    response = play(run())
    assert response.status == status
    assert _added(response) - {STATUS} == {SERVER, VIA, UPSTREAM, PROXY, ID}
    # of an upstream that gave no status none is told
    assert response.get(STATUS) == ("500" if status == 500 else None)


@pytest.mark.parametrize("status", [200, 201, 304, 404, 418, 500, 503])
def test_15_the_status_of_the_upstream_is_told_when_asked_for(status: int) -> None:
    answer = b"HTTP/1.1 %d X\r\nX-Kong-Upstream-Status: 999\r\nContent-Length: 0\r\n\r\n" % status

    async def run() -> Response:
        environ = {"GWCTL_HEADERS": "X-Kong-Upstream-Status"}
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port), environ=environ) as gw:
            return await gw.get("/")

    response = play(run())
    assert (response.status, response.all(STATUS)) == (status, [str(status)])


def test_16_a_directive_adds_a_header() -> None:
    environ = {"GWCTL_NGINX_PROXY_ADD_HEADER": 'foo-header "bar value"'}
    through, refused = _both(environ)
    assert through.all("foo-header") == ["bar value"]
    assert refused.all("foo-header") == []
    through, refused = _both({"GWCTL_NGINX_PROXY_ADD_HEADER": 'foo-header "bar value" always'})
    assert (through.all("foo-header"), refused.all("foo-header")) == (["bar value"], ["bar value"])


IDS_UPSTREAM: dict[str, tuple[str | None, tuple[str, ...], str | None]] = {
    "6": (None, (), "ours"),
    "7": (None, ("X-Kong-Request-Id: overwritten",), "ours"),
    "9": ("X-Kong-Request-Id", ("X-Kong-Request-Id: overwritten",), "ours"),
    "in any case": ("x-kong-request-id", (), "ours"),
    "10": ("off", (), None),
    "10 theirs passes": ("off", ("X-Kong-Request-Id: theirs",), "theirs"),
}


@pytest.mark.parametrize(("setting", "lines", "expected"), IDS_UPSTREAM.values(), ids=IDS_UPSTREAM)
def test_request_ids_on_both_sides(setting: str | None, lines: tuple[str, ...], expected: str | None) -> None:
    async def run() -> Response:
        environ = {} if setting is None else {"GWCTL_HEADERS_UPSTREAM": setting}
        async with upstream_server(echo()) as up, gateway(one_route(up.port), environ=environ) as gw:
            return await gw.get("/", *lines)

    response = play(run())
    ours = response.get(ID)
    seen = [value for name, value in fields_of(response.body) if name.lower() == ID]
    assert re.fullmatch("[0-9a-f]{32}", ours or "")
    assert seen == {"ours": [ours], "theirs": ["theirs"], None: []}[expected]


def test_each_request_has_an_id_of_its_own() -> None:
    async def run() -> list[Response]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            return [await talk.get("/") for _ in range(5)]

    assert len({response.get(ID) for response in play(run())}) == 5


VIAS = {
    "HTTP/1.1": ((b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "1.1 kong/3.8.1"),
    "HTTP/1.0": ((b"GET / HTTP/1.0\r\n\r\n"), "1 kong/3.8.1"),
    "35 1": ((b"GET / HTTP/1.1\r\nHost: x\r\nVia: 1.1 dev\r\n\r\n"), "1.1 dev, 1.1 kong/3.8.1"),
    "several": (
        (b"GET / HTTP/1.1\r\nHost: x\r\nvia: 1.0 a, 2 b\r\nX: 1\r\nVIA: 1.1 c\r\n\r\n"),
        "1.0 a, 2 b, 1.1 c, 1.1 kong/3.8.1",
    ),
}


@pytest.mark.parametrize(("raw", "via"), VIAS.values(), ids=VIAS)
@pytest.mark.parametrize("setting", [None, "off"])
def test_via_grows_on_the_way_to_the_upstream(raw: bytes, via: str, setting: str | None) -> None:
    """It is sent whatever the settings say: headers_upstream knows the request id only."""

    async def run() -> Response:
        environ = {} if setting is None else {"GWCTL_HEADERS": setting, "GWCTL_HEADERS_UPSTREAM": setting}
        async with upstream_server(echo()) as up, gateway(one_route(up.port), environ=environ) as gw:
            return await gw.ask(raw)

    seen = [value for name, value in fields_of(play(run()).body) if name.lower() == "via"]
    assert seen == [via]


PRODUCERS: dict[str, tuple[dict[str, Any], bytes, int]] = {
    "no route": ({}, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    "no service": ({"routes": [route("r", None, paths=["/"])]}, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 503),
    "redirect": (
        {"routes": [route("r", None, paths=["/"], protocols=["https"], https_redirect_status_code=301)]},
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        301,
    ),
    "https only": (
        {"routes": [route("r", None, paths=["/"], protocols=["https"])]},
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        426,
    ),
    "grpc": (
        {"routes": [route("r", None, paths=["/"], protocols=["grpc"])]},
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        415,
    ),
    "plugin not here": (
        one_route(1) | {"plugins": [plugin("key-auth")]},
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        503,
    ),
    "TRACE": ({}, b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    "bad request": ({}, b"GET / HTTP/1.1\r\n\r\n", 400),
    "long target": ({}, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "large head": ({}, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 400),
    "unknown coding": ({}, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    "version": ({}, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    "expectation": ({}, b"POST / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n", 417),
    "large body": (one_route(1), b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 413),
    "refused connection": (one_route(1, to={"retries": 0}), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 502),
}
PROXIED = {"refused connection"}


@pytest.mark.parametrize(("name", "records", "raw", "status"), [(name, *rest) for name, rest in PRODUCERS.items()])
def test_every_answer_of_the_gateway_is_marked(name: str, records: Any, raw: bytes, status: int) -> None:
    async def run() -> Response:
        async with gateway(records, environ={"GWCTL_NGINX_HTTP_CLIENT_MAX_BODY_SIZE": "4"}) as gw:
            return await gw.ask(raw)

    response = play(run())
    assert response.status == status
    assert _added(response) == ({SERVER, VIA, UPSTREAM, PROXY, ID} if name in PROXIED else {SERVER, RESPONSE, ID})
    assert (response.get("date") or "").endswith(" GMT")
    assert int(response.get("content-length") or -1) == len(response.body)


def test_an_upstream_that_has_no_address_is_answered_as_not_proxied() -> None:
    async def run() -> Response:
        async with gateway(one_route(80, to={"host": "nowhere.invalid"})) as gw:
            return await gw.get("/")

    response = play(run())
    assert response.status == 503
    assert b'"message":"name resolution failed"' in response.body
    assert _added(response) == {SERVER, RESPONSE, ID}


def _content_type(value: str | None, **environ: str) -> str | None:
    field = "" if value is None else f"Content-Type: {value}\r\n"
    answer = f"HTTP/1.1 200 OK\r\n{field}Content-Length: 0\r\n\r\n".encode()

    async def run() -> Response:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port), environ=environ) as gw:
            return await gw.get("/")

    return play(run()).get("content-type")


CHARSETS = {
    "text/html": "text/html; charset=UTF-8",
    "Text/HTML": "Text/HTML; charset=UTF-8",
    "text/plain": "text/plain; charset=UTF-8",
    "text/xml": "text/xml; charset=UTF-8",
    "application/javascript": "application/javascript; charset=UTF-8",
    "application/rss+xml": "application/rss+xml; charset=UTF-8",
    "text/vnd.wap.wml": "text/vnd.wap.wml; charset=UTF-8",
    "text/css": "text/css",
    "application/json": "application/json",
    "text/html; charset=latin1": "text/html; charset=latin1",
    'text/html;charset="x"': 'text/html;charset="x"',
    "text/html; x=1": "text/html; x=1",
}


@pytest.mark.parametrize(("sent", "got"), CHARSETS.items())
def test_text_types_get_a_charset_as_nginx_gives_it(sent: str, got: str) -> None:
    assert _content_type(sent) == got


def test_the_charset_can_be_another_or_none() -> None:
    assert _content_type(None) is None
    assert _content_type("text/html", GWCTL_NGINX_HTTP_CHARSET="latin1") == "text/html; charset=latin1"
    # 03-upstream_headers 7 and 8
    assert _content_type("text/plain", GWCTL_NGINX_HTTP_CHARSET="off") == "text/plain"
    assert _content_type("text/plain; charset=x", GWCTL_NGINX_HTTP_CHARSET="off") == "text/plain; charset=x"


def test_hop_by_hop_fields_of_a_response_end_here_and_chunks_stay_chunks() -> None:
    """List 03, ids 2 and 3."""
    answer = (
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Gone, Content-Type\r\nX-Gone: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Content-Type: a/b\r\nTrailer: X-T\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"
    )

    async def run() -> tuple[Response, Response]:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            return await _ask(gw), await _ask(gw, "TE: trailers", "Connection: TE")

    plain, asking = play(run())
    names = {name.lower() for name, _ in plain.fields}
    assert not {"x-gone", "keep-alive", "trailer", "upgrade"} & names
    assert (plain.get("transfer-encoding"), plain.get("content-type")) == ("chunked", "a/b")
    assert plain.get("proxy-authenticate") == "Basic"
    assert asking.get("trailer") == "X-T"


async def _ask(gw: Gateway, *lines: str) -> Response:
    """The head only: a body with trailers is another test's."""
    talk = await gw.connect()
    await talk.send("".join(f"{line}\r\n" for line in ("GET / HTTP/1.1", "Host: x", *lines, "")).encode())
    head = (await talk.head()).decode("latin-1")
    fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:-2])]
    talk.close()
    return Response(200, "", fields, b"")


def test_orders_to_nginx_end_here() -> None:
    answer = b"HTTP/1.1 200 OK\r\n%bContent-Length: 0\r\n\r\n" % b"".join(
        b"X-Accel-%b: x\r\n" % name for name in (b"Redirect", b"Buffering", b"Expires", b"Limit-Rate", b"Charset")
    )

    async def run() -> Response:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            return await gw.get("/")

    response = play(run())
    assert response.status == 200
    assert not [name for name, _ in response.fields if name.lower().startswith("x-accel")]


def test_a_redirect_to_tls_names_the_host_without_its_port() -> None:
    made = {"routes": [route("r", None, paths=["/"], protocols=["https"], https_redirect_status_code=302)]}

    async def run() -> list[str | None]:
        async with gateway(made, environ={"GWCTL_TRUSTED_IPS": "127.0.0.1"}) as gw:
            front = ("X-Forwarded-Host: Front.test:8443",)
            return [
                (await gw.get("/a?b=c", host="x.test:8000")).get("location"),
                (await gw.get("/a?b=c", *front, host="x.test:8000")).get("location"),
                (await gw.get("/", host="[::1]:80")).get("location"),
            ]

    assert play(run()) == ["https://x.test/a?b=c", "https://Front.test/a?b=c", "https://[::1]/"]


def test_a_service_of_another_protocol_serves_nothing() -> None:
    other = service("tcp", "127.0.0.1", 1, protocol="tcp")

    async def run() -> Response:
        async with gateway({"services": [other], "routes": [route("r", other, paths=["/"])]}) as gw:
            return await gw.get("/")

    assert play(run()).status == 503
