"""What upstreams and clients see of a proxied request (observed.md 4.1, 4.2)."""

from __future__ import annotations

import re

from tests.integration.engine.records import route, service
from tests.integration.engine.world import Response, echo, fields_of, gateway, one_route, play, says, upstream_server


def _echo_routes(port: int) -> dict[str, list[dict[str, object]]]:
    to = service("echo", "127.0.0.1", port)
    return {"services": [to], "routes": [route("echo", to, paths=["/echo"])]}


def test_an_upstream_gets_the_headers_in_the_observed_order() -> None:
    async def run() -> tuple[Response, int, int]:
        async with upstream_server(echo()) as up, gateway(_echo_routes(up.port)) as gw:
            raw = (
                b"POST /echo/a/b?x=1 HTTP/1.1\r\nHost: 127.0.0.1:18000\r\nUser-Agent: t\r\nx-CASE: Kept\r\n"
                b"Content-Length: 3\r\n\r\nabc"
            )
            return await gw.ask(raw), up.port, gw.port

    response, up_port, gw_port = play(run())
    text = response.body.decode()
    request_id = response.get("x-kong-request-id")
    assert re.fullmatch("[0-9a-f]{32}", request_id or "")
    assert text == (
        "POST /a/b?x=1 HTTP/1.1\r\n"
        "Via: 1.1 kong/3.8.1\r\n"
        f"Host: 127.0.0.1:{up_port}\r\n"
        "Connection: keep-alive\r\n"
        "X-Forwarded-For: 127.0.0.1\r\n"
        "X-Forwarded-Proto: http\r\n"
        "X-Forwarded-Host: 127.0.0.1\r\n"
        f"X-Forwarded-Port: {gw_port}\r\n"
        "X-Forwarded-Path: /echo/a/b\r\n"
        "X-Forwarded-Prefix: /echo\r\n"
        "X-Real-IP: 127.0.0.1\r\n"
        f"X-Kong-Request-Id: {request_id}\r\n"
        "Content-Length: 3\r\n"
        "User-Agent: t\r\n"
        "x-CASE: Kept\r\n"
        "\r\n"
        "abc"
    )


def test_a_client_gets_upstream_headers_first_then_ours() -> None:
    answer = b"HTTP/1.1 201 Made\r\nX-B: 1\r\nx-a: 2\r\nDate: D\r\nContent-Length: 2\r\nVia: 1.0 x\r\n\r\nok"

    async def run() -> Response:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            return await gw.get("/")

    response = play(run())
    names = [name for name, _ in response.fields]
    assert (response.status, response.reason, response.body) == (201, "Made", b"ok")
    assert names == [
        "X-B",
        "x-a",
        "Date",
        "Content-Length",
        "Connection",
        "Server",
        "X-Kong-Upstream-Latency",
        "X-Kong-Proxy-Latency",
        "Via",
        "X-Kong-Request-Id",
    ]
    assert response.get("via") == "1.0 x, 1.1 kong/3.8.1"
    assert response.get("server") == "kong/3.8.1"
    assert response.get("connection") == "keep-alive"


def test_the_server_of_the_upstream_is_kept() -> None:
    async def run() -> Response:
        answer = b"HTTP/1.1 200 OK\r\nServer: theirs\r\nContent-Length: 0\r\n\r\n"
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            return await gw.get("/")

    assert play(run()).all("server") == ["theirs"]


def _forwarded(*lines: str, environ: dict[str, str] | None = None, **values: object) -> dict[str, str]:
    """The fields that an upstream sees of a GET with ``lines``."""

    async def run() -> Response:
        async with upstream_server(echo()) as up, gateway(one_route(up.port, **values), environ=environ) as gw:
            return await gw.get("/p", *lines, host="Foo.Example:99")

    return {name.lower(): value for name, value in fields_of(play(run()).body)}


def test_an_untrusted_client_is_not_believed() -> None:
    seen = _forwarded(
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil",
        "X-Forwarded-Port: 1",
        "X-Forwarded-Path: /evil",
        "X-Forwarded-Prefix: /evil",
        "X-Real-IP: 6.6.6.6",
        "X-Kong-Request-Id: mine",
    )
    assert seen["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-host"] == "foo.example"
    assert seen["x-forwarded-path"] == "/p"
    assert "x-forwarded-prefix" not in seen
    assert seen["x-real-ip"] == "127.0.0.1"
    assert seen["x-kong-request-id"] != "mine"


def test_a_trusted_peer_is_believed() -> None:
    seen = _forwarded(
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: front",
        "X-Forwarded-Port: 1",
        "X-Forwarded-Path: /front",
        "X-Forwarded-Prefix: /prefix",
        "X-Real-IP: 6.6.6.6",
        environ={"GWCTL_TRUSTED_IPS": "127.0.0.0/8"},
    )
    assert seen["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == "front"
    assert seen["x-forwarded-port"] == "1"
    assert seen["x-forwarded-path"] == "/front"
    assert seen["x-forwarded-prefix"] == "/prefix"
    assert seen["x-real-ip"] == "6.6.6.6"


def test_the_real_address_is_the_last_untrusted_one_when_recursive() -> None:
    chain = "127.0.0.1, 10.0.0.1, 192.168.0.1, 127.0.0.1, 172.16.0.1"
    environ = {
        "GWCTL_TRUSTED_IPS": "127.0.0.1,172.16.0.1,192.168.0.1",
        "GWCTL_REAL_IP_HEADER": "X-Forwarded-For",
        "GWCTL_REAL_IP_RECURSIVE": "on",
    }
    seen = _forwarded(f"X-Forwarded-For: {chain}", environ=environ)
    assert seen["x-real-ip"] == "10.0.0.1"
    assert seen["x-forwarded-for"] == f"{chain}, 127.0.0.1"


def test_the_real_address_is_the_last_one_otherwise() -> None:
    environ = {"GWCTL_TRUSTED_IPS": "127.0.0.1", "GWCTL_REAL_IP_HEADER": "X-Forwarded-For"}
    seen = _forwarded("X-Forwarded-For: 10.0.0.1, 10.0.0.2:4711", environ=environ)
    assert seen["x-real-ip"] == "10.0.0.2"


def test_repeated_forwarded_for_lines_are_joined() -> None:
    seen = _forwarded("X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2.2.2.2")
    assert seen["x-forwarded-for"] == "1.1.1.1, 2.2.2.2, 127.0.0.1"


def test_hop_by_hop_fields_stay_behind() -> None:
    seen = _forwarded(
        "Connection: keep-alive, X-Foo, Authorization, X-Forwarded-For",
        "X-Foo: 1",
        "Authorization: secret",
        "Keep-Alive: timeout=1",
        "Proxy: x",
        "Proxy-Connection: keep-alive",
        "TE: trailers, deflate",
        "Upgrade: h2c",
        "HTTP2-Settings: AAA",
        "Trailer: T",
        "Close: kept",
        "Proxy-Authorization: kept",
    )
    gone = {"x-foo", "keep-alive", "proxy", "proxy-connection", "upgrade", "http2-settings"}
    assert not gone & seen.keys()
    assert seen["connection"] == "keep-alive"
    assert seen["te"] == "trailers"
    assert (seen["close"], seen["proxy-authorization"], seen["trailer"]) == ("kept", "kept", "T")
    # a client cannot use Connection to remove what protects
    assert seen["authorization"] == "secret"
    assert seen["x-forwarded-for"] == "127.0.0.1"


def test_names_that_many_upstreams_confuse_are_dropped() -> None:
    seen = _forwarded("X_Forwarded_For: 6.6.6.6", "Content_Length: 5", "X.Dotted: 1", "X_A: kept")
    assert not {"x_forwarded_for", "content_length", "x.dotted"} & seen.keys()
    assert seen["x_a"] == "kept"


def test_host_of_the_client_is_preserved_on_request() -> None:
    assert _forwarded(preserve_host=True)["host"] == "Foo.Example:99"
    assert _forwarded()["host"].startswith("127.0.0.1:")


def test_request_ids_can_be_switched_off() -> None:
    assert (
        _forwarded("X-Kong-Request-Id: mine", environ={"GWCTL_HEADERS_UPSTREAM": "off"})["x-kong-request-id"] == "mine"
    )


def _shown(headers: str, path: str = "/") -> Response:
    async def run() -> Response:
        environ = {"GWCTL_HEADERS": headers}
        async with upstream_server(echo()) as up, gateway(one_route(up.port, methods=["GET"]), environ=environ) as gw:
            return await gw.get("/", method="GET" if path == "/" else "PUT")

    return play(run())


def test_the_setting_headers_decides_what_is_added() -> None:
    names = {"server", "via", "x-kong-upstream-latency", "x-kong-proxy-latency", "x-kong-request-id"}

    def added(response: Response) -> set[str]:
        return {name.lower() for name, _ in response.fields} & (names | {"x-kong-response-latency"})

    assert added(_shown("off")) == set()
    assert added(_shown("server_tokens")) == {"server", "via"}
    assert added(_shown("latency_tokens")) == {"x-kong-upstream-latency", "x-kong-proxy-latency"}
    assert added(_shown("X-Kong-Request-Id")) == {"x-kong-request-id"}
    assert added(_shown("server_tokens", "/none")) == {"server"}
    assert added(_shown("latency_tokens", "/none")) == {"x-kong-response-latency"}
    assert _shown("X-Kong-Upstream-Status").get("x-kong-upstream-status") == "200"


def _answered(answer: bytes, *lines: str, environ: dict[str, str] | None = None) -> Response:
    async def run() -> Response:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port), environ=environ) as gw:
            return await gw.get("/", *lines)

    return play(run())


def test_hop_by_hop_fields_of_a_response_stay_behind() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Gone\r\nX-Gone: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nTrailer: X\r\n"
        b"X-Accel-Redirect: /etc\r\nX-Kong-Request-Id: theirs\r\nContent-Length: 0\r\n\r\n"
    )
    response = _answered(answer)
    names = {name.lower() for name, _ in response.fields}
    assert not {"x-gone", "keep-alive", "upgrade", "trailer", "x-accel-redirect"} & names
    assert len(response.all("x-kong-request-id")) == 1
    assert response.get("x-kong-request-id") != "theirs"
    assert _answered(answer, "TE: trailers").get("trailer") == "X"


def test_text_types_get_a_charset() -> None:
    def kind(value: bytes, environ: dict[str, str] | None = None) -> str | None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: 0\r\n\r\n" % value
        return _answered(head, environ=environ).get("content-type")

    assert kind(b"text/html") == "text/html; charset=UTF-8"
    assert kind(b"text/html; charset=latin1") == "text/html; charset=latin1"
    assert kind(b"application/json") == "application/json"
    assert kind(b"text/html", {"GWCTL_NGINX_HTTP_CHARSET": "off"}) == "text/html"


def test_a_missing_date_is_added() -> None:
    assert (_answered(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").get("date") or "").endswith(" GMT")
