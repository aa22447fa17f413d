"""Headers and errors through the installed command: one data plane that trusts nobody, one behind a trusted front.

Every question is asked on several connections, so that both workers of a node answer it.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools.gateway import DataPlane, place_in
from tests.tools.hybrid import Hybrid
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

CONNECTIONS = 6
FORWARDED = (
    "X-Forwarded-For: 9.9.9.9, 10.0.0.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: front.test",
    "X-Forwarded-Port: 443",
    "X-Forwarded-Path: /outside",
    "X-Forwarded-Prefix: /prefix",
    "X-Real-IP: 6.6.6.6",
    "X-Kong-Request-Id: mine",
    "Via: 1.1 front",
)
FRONT = {
    "GWCTL_TRUSTED_IPS": "127.0.0.1,10.0.0.0/8",
    "GWCTL_REAL_IP_HEADER": "X-Forwarded-For",
    "GWCTL_REAL_IP_RECURSIVE": "on",
    "GWCTL_HEADERS": "server_tokens, X-Kong-Upstream-Status, X-Kong-Request-Id",
    "GWCTL_HEADERS_UPSTREAM": "off",
    "GWCTL_ERROR_DEFAULT_TYPE": "text/html",
    "GWCTL_ERROR_TEMPLATE_XML": "/nowhere/at/all.xml",
    "GWCTL_NGINX_PROXY_ADD_HEADER": "foo-header bar-value",
}
COMBINED = re.compile(
    r'127\.0\.0\.1 - - \[[^\]]+\] "([^"]*)" ([0-9]{3}) [0-9]+ "([^"]*)" "([^"]*)" kong_request_id: "\w+"'
)
TEMPLATE = '{"oops": "%s", "at": "100%%", "id": "%s"}\n'


@dataclass(frozen=True)
class Seen:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def upstream(self) -> dict[str, str]:
        """The fields that the upstream saw."""
        return {name.lower(): value for name, value in json.loads(self.body)["headers"]}


def _exchange(data_plane: DataPlane, raw: bytes, port: int | None = None) -> Seen:
    with socket.create_connection(("127.0.0.1", port or data_plane.port), timeout=10) as connection:
        connection.sendall(raw)
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return Seen(int(line.split(" ")[1]), headers, body)


def ask(data_plane: DataPlane, path: str, *lines: str, method: str = "GET", times: int = CONNECTIONS) -> list[Seen]:
    """The answers on as many connections as ``times``."""
    fields = "".join(f"{line}\r\n" for line in (*lines, "Host: Gw.Test:99", "Connection: close"))
    raw = f"{method} {path} HTTP/1.1\r\n{fields}\r\n".encode("latin-1")
    return [_exchange(data_plane, raw) for _ in range(times)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hybrid]:
    """A control plane and two data planes of two workers; the second is the one behind a front."""
    root = tmp_path_factory.mktemp("headers")
    template = root / "error.json"
    template.write_text(TEMPLATE)
    with place_in(root) as place, Upstream() as upstream:
        made = Hybrid(place, upstream, data_planes=2, workers=2)
        mapped = place.ports.take()
        made.data_planes[0].environ["GWCTL_PROXY_LISTEN"] += f", 127.0.0.1:{mapped}"
        made.data_planes[0].environ["GWCTL_PORT_MAPS"] = f"443:{mapped}"
        made.data_planes[1].environ |= FRONT | {"GWCTL_ERROR_TEMPLATE_JSON": str(template)}
        made.start()
        write = made.control_plane.write
        write("POST", "/services", data={"name": "down", "host": "127.0.0.1", "port": place.ports.take(), "retries": 0})
        write("POST", "/services/down/routes", data={"name": "down", "paths": ["/down"]})
        write("POST", "/services/echo/routes", data={"name": "host", "paths": ["/host"], "preserve_host": True})
        for data_plane in made.data_planes:
            data_plane.serves("/down", 502)
            data_plane.serves("/host")
        yield made


@pytest.fixture
def open_node(fleet: Hybrid) -> DataPlane:
    return fleet.data_planes[0]


@pytest.fixture
def behind(fleet: Hybrid) -> DataPlane:
    return fleet.data_planes[1]


def test_nobody_is_believed_unless_trusted(open_node: DataPlane) -> None:
    for answer in ask(open_node, "/echo/a/../b?x=%7C", *FORWARDED):
        seen = answer.upstream
        assert {name: value for name, value in seen.items() if name.startswith("x-")} == {
            "x-forwarded-for": "9.9.9.9, 10.0.0.1, 127.0.0.1",
            "x-forwarded-proto": "http",
            "x-forwarded-host": "gw.test",
            "x-forwarded-port": str(open_node.port),
            "x-forwarded-path": "/echo/a/../b",
            "x-forwarded-prefix": "/echo",
            "x-real-ip": "127.0.0.1",
            "x-kong-request-id": answer.headers["x-kong-request-id"],
        }
        assert seen["via"] == "1.1 front, 1.1 kong/3.8.1"
        assert json.loads(answer.body)["path"] == "/b?x=%7C"


def test_a_trusted_front_is_believed(behind: DataPlane) -> None:
    for answer in ask(behind, "/echo", *FORWARDED):
        seen = answer.upstream
        assert {name: value for name, value in seen.items() if name.startswith("x-")} == {
            "x-forwarded-for": "9.9.9.9, 10.0.0.1, 127.0.0.1",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "front.test",
            "x-forwarded-port": "443",
            "x-forwarded-path": "/outside",
            "x-forwarded-prefix": "/prefix",
            "x-real-ip": "9.9.9.9",
            "x-kong-request-id": "mine",
        }


def test_every_listener_serves_the_same_and_tells_its_port_as_clients_see_it(open_node: DataPlane) -> None:
    """Ids 2 of 01-proxy, 71 and 72 of 03-upstream_headers."""
    mapped = int(open_node.environ["GWCTL_PORT_MAPS"].partition(":")[2])
    for port, shown in ((open_node.port, str(open_node.port)), (mapped, "443")):
        raw = b"GET /%b HTTP/1.1\r\nHost: x\r\nX-Forwarded-Port: 1\r\nConnection: close\r\n\r\n"
        assert _exchange(open_node, raw % b"none", port).status == 404
        assert _exchange(open_node, raw % b"echo", port).upstream["x-forwarded-port"] == shown


def test_hosts_and_what_a_client_cannot_send(open_node: DataPlane, fleet: Hybrid) -> None:
    lines = ("X_Forwarded_For: 1.1.1.1", "X.Dot: 1", "Connection: X-Gone, Cookie", "X-Gone: 1", "Cookie: a", "X-Empty:")
    for answer in ask(open_node, "/host", *lines):
        seen = answer.upstream
        assert (seen["host"], seen["cookie"], seen["x-empty"]) == ("Gw.Test:99", "a", "")
        assert not {"x_forwarded_for", "x.dot", "x-gone"} & seen.keys()
    assert ask(open_node, "/echo", times=1)[0].upstream["host"] == f"127.0.0.1:{fleet.upstream.port}"


def test_what_is_added_to_answers(open_node: DataPlane, behind: DataPlane) -> None:
    usual = {"server", "via", "x-kong-upstream-latency", "x-kong-proxy-latency", "x-kong-request-id"}
    chosen = {"server", "via", "x-kong-upstream-status", "x-kong-request-id", "foo-header"}
    known = usual | chosen | {"x-kong-response-latency"}
    for data_plane, expected in ((open_node, usual), (behind, chosen)):
        for answer in ask(data_plane, "/echo"):
            assert known & answer.headers.keys() == expected
    for answer in ask(behind, "/none"):
        assert known & answer.headers.keys() == {"server", "x-kong-request-id"}


@pytest.mark.parametrize(
    ("accept", "start"),
    [
        ("Accept: text/html", b"<!doctype html>\n"),
        ("Accept: application/xml", b"<?xml version"),
        ("Accept: text/plain, text/html;q=0.9", b"An invalid response was received from the upstream server\n"),
        ("Accept: application/json", b'{"oops": "An invalid response was received from the upstream server", "at": "1'),
        ("X: no Accept", b"<!doctype html>\n"),
    ],
)
def test_errors_look_as_settings_and_clients_want(behind: DataPlane, accept: str, start: bytes) -> None:
    for answer in ask(behind, "/down", accept):
        assert answer.status == 502
        assert answer.body.startswith(start)
        assert answer.headers["x-kong-request-id"].encode() in answer.body


def test_a_template_that_is_not_there_is_in_the_log(behind: DataPlane) -> None:
    assert "error_template_xml: cannot read /nowhere/at/all.xml: No such file" in behind.log


def test_the_log_of_errors_names_the_request(open_node: DataPlane) -> None:
    ids = [answer.headers["x-kong-request-id"] for answer in ask(open_node, "/down")]
    wait_for(lambda: all(f"request_id: {each}" in open_node.log for each in ids), "the ids in the error log")


def test_the_access_log_is_one_line_for_each_request_whatever_it_holds(open_node: DataPlane) -> None:
    path = open_node.prefix / "logs" / "access.log"
    hostile = ('User-Agent: a"b\\c\t\xe9', "Referer: http://r/%0a")
    good = ask(open_node, '/echo?q=%0a"\\', *hostile, times=2)
    bad = _exchange(open_node, b'GET /echo HTTP/1.1\r\nUser-Agent: "x\r\nHost: a\r\nHost: b\r\n\r\n')
    ids = [answer.headers["x-kong-request-id"] for answer in (*good, bad)]

    def lines() -> list[str] | None:
        found = [line for line in path.read_text().splitlines() if any(each in line for each in ids)]
        return found if len(found) == len(ids) else None

    parts = [COMBINED.fullmatch(line) for line in wait_for(lines, "a line for each request") or ()]
    assert sorted(match.groups() for match in parts if match) == [
        ("GET /echo HTTP/1.1", "400", "-", "\\x22x"),
        *[("GET /echo?q=%0a\\x22\\x5C HTTP/1.1", "200", "http://r/%0a", "a\\x22b\\x5Cc\\x09\\xE9")] * 2,
    ]


def test_a_template_that_cannot_be_filled_stops_the_start(fleet: Hybrid, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text("<p>%s</p>\n<hr width=50%>\n")
    third = DataPlane(fleet.place, [fleet.control_plane], "third", {"GWCTL_ERROR_TEMPLATE_HTML": str(broken)})

    refused = third.start(ok=False)

    assert refused.code == 1
    assert f"error_template_html: {broken}: line 2: '%>' is no placeholder: write %% for a percent sign" in refused.err
    assert "hint: " in refused.err


def test_a_reload_with_such_a_template_leaves_the_node_as_it_was(behind: DataPlane, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("%d")

    refused = behind.gwctl("dp", "reload", ok=False, env={"GWCTL_ERROR_TEMPLATE_JSON": str(broken)})

    assert (refused.code, "'%d' is no placeholder" in refused.err) == (1, True)
    assert ask(behind, "/down", "Accept: application/json", times=1)[0].body.startswith(b'{"oops"')


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("GWCTL_HEADERS", "server_tokens, X-Made-Up", "headers: invalid entry 'X-Made-Up'"),
        ("GWCTL_HEADERS_UPSTREAM", "Via", "headers_upstream: invalid entry 'Via'"),
        ("GWCTL_TRUSTED_IPS", "10.0.0.0/33", "trusted_ips must be a comma separated list"),
        ("GWCTL_ERROR_DEFAULT_TYPE", "text/css", "error_default_type has an invalid value: 'text/css'"),
        ("GWCTL_NGINX_PROXY_ADD_HEADER", "alone", "nginx_proxy_add_header is not a header"),
    ],
)
def test_settings_that_say_nothing_are_refused(fleet: Hybrid, name: str, value: str, complaint: str) -> None:
    refused = fleet.data_plane.gwctl("dp", "reload", ok=False, env={name: value})
    assert refused.code == 1
    assert complaint in refused.err
