"""What upstreams learn of where a request came from: the whole matrix of trust (proxy.md 2.3, list 03 of 17.3).

The key of a case is its number in the list. ``{port}`` in what is expected stands for the port of the listener; None
for a field that must not be there.
"""

from __future__ import annotations

import dataclasses

import pytest

from tests.integration.engine.records import Record, target
from tests.integration.engine.records import upstream as upstream_record
from tests.integration.engine.world import (
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

Expected = dict[str, str | None]


@dataclasses.dataclass(frozen=True)
class Case:
    """One request of the list: settings, fields it brings, and the fields that the upstream must see."""

    seen: Expected
    sent: tuple[str, ...] = ()
    trusted: str = ""
    environ: tuple[tuple[str, str], ...] = ()
    path: str = "/p"
    paths: tuple[str, ...] = ("/",)
    strip: bool = False
    preserve: bool = False
    proxy: bytes = b""

    @property
    def settings(self) -> dict[str, str]:
        return {"GWCTL_TRUSTED_IPS": self.trusted, **dict(self.environ)}


REAL, FOR, PROTO, HOST, PORT, PATH, PREFIX = (
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-path",
    "x-forwarded-prefix",
)
ALL = (
    "X-Real-IP: 10.0.0.1",
    "X-Forwarded-For: 10.0.0.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: example.com",
    "X-Forwarded-Port: 80",
    "X-Forwarded-Path: /example",
    "X-Forwarded-Prefix: /example",
)
OWN: Expected = {
    REAL: "127.0.0.1",
    FOR: "127.0.0.1",
    PROTO: "http",
    HOST: "foo.example",
    PORT: "{port}",
    PATH: "/p",
    PREFIX: None,
}
OWN_BESIDE = OWN | {FOR: "10.0.0.1, 127.0.0.1"}
THEIRS: Expected = {
    REAL: "10.0.0.1",
    FOR: "10.0.0.1, 127.0.0.1",
    PROTO: "https",
    HOST: "example.com",
    PORT: "80",
    PATH: "/example",
    PREFIX: "/example",
}


def _one(name: str, of: Expected) -> Expected:
    return {name: of[name]}


def _sent(name: str) -> tuple[str, ...]:
    return tuple(line for line in ALL if line.lower().startswith(f"{name}:"))


STRIPPED = {"path": "/foo/p", "paths": ("/foo",), "strip": True}
KEPT = {"path": "/foo/p", "paths": ("/foo",)}


def _untrusting(first: int, trusted: str) -> dict[int, Case]:
    """Rows for a peer that is not believed: each field when it did not come, then when it came."""
    cases = {}
    for offset, name in enumerate((REAL, FOR, PROTO, HOST, PORT, PATH)):
        cases[first + 2 * offset] = Case(_one(name, OWN), trusted=trusted)
        cases[first + 2 * offset + 1] = Case(_one(name, OWN_BESIDE), _sent(name), trusted=trusted)
    return cases


CASES: dict[int, Case] = {
    **_untrusting(9, ""),
    21: Case({PREFIX: "/foo"}, **STRIPPED),
    22: Case({PREFIX: "/foo"}, ALL, **STRIPPED),
    23: Case({PREFIX: None}, ALL, **KEPT),
    24: Case({PREFIX: None}, ALL, strip=True),
    25: Case(OWN | {"host": "Foo.Example:99"}, preserve=True),
    26: Case(OWN_BESIDE | {"host": "Foo.Example:99"}, ALL, preserve=True),
    27: Case(OWN | {"host": "127.0.0.1:{upstream}"}),
    28: Case(OWN_BESIDE | {"host": "127.0.0.1:{upstream}"}, ALL),
    29: Case(_one(REAL, OWN), trusted="127.0.0.1"),
    30: Case(_one(REAL, THEIRS), _sent(REAL), trusted="127.0.0.1"),
    31: Case(_one(FOR, OWN), trusted="127.0.0.1"),
    32: Case(_one(FOR, THEIRS), _sent(FOR), trusted="127.0.0.1"),
    33: Case(_one(PROTO, OWN), trusted="127.0.0.1"),
    34: Case(_one(PROTO, THEIRS), _sent(PROTO), trusted="127.0.0.1"),
    35: Case(_one(HOST, OWN), trusted="127.0.0.1"),
    36: Case(_one(HOST, THEIRS), _sent(HOST), trusted="127.0.0.1"),
    37: Case(_one(PORT, OWN), trusted="127.0.0.1"),
    38: Case(_one(PORT, THEIRS), _sent(PORT), trusted="127.0.0.1"),
    39: Case(_one(PATH, OWN), trusted="127.0.0.1"),
    40: Case(_one(PATH, THEIRS), _sent(PATH), trusted="127.0.0.1"),
    41: Case({PREFIX: "/example"}, ALL, trusted="127.0.0.1", **STRIPPED),
    42: Case({PREFIX: "/example"}, ALL, trusted="127.0.0.1", **KEPT),
    **{
        number: dataclasses.replace(case, trusted="10.0.0.1")
        for number, case in zip(
            range(43, 57),
            (
                Case(_one(REAL, OWN)),
                Case(_one(REAL, OWN_BESIDE), _sent(REAL)),
                Case(_one(FOR, OWN)),
                Case(_one(FOR, OWN_BESIDE), _sent(FOR)),
                Case({PROTO: "http"}),
                Case({PROTO: "http"}, _sent(PROTO)),
                Case({HOST: "foo.example"}),
                Case({HOST: "foo.example"}, _sent(HOST)),
                Case({PORT: "{port}", PATH: "/p"}),
                Case({PORT: "{port}", PATH: "/p"}, ALL),
                Case({PREFIX: "/foo"}, **STRIPPED),
                Case({PREFIX: "/foo"}, ALL, **STRIPPED),
                Case({PREFIX: None}, ALL, **KEPT),
                Case({PREFIX: None}, ALL, strip=True),
            ),
            strict=True,
        )
    },
}

CHAIN = "127.0.0.1, 10.0.0.1, 192.168.0.1, 127.0.0.1, 172.16.0.1"
PORTED = "127.0.0.1:14, 10.0.0.1:15, 192.168.0.1:16, 127.0.0.1:17, 172.16.0.1:18"
RECURSIVE = (("GWCTL_REAL_IP_HEADER", "X-Forwarded-For"), ("GWCTL_REAL_IP_RECURSIVE", "on"))
INSIDE = "127.0.0.1,172.16.0.1,192.168.0.1"
ELSEWHERE = "10.0.0.1,172.16.0.1,192.168.0.1"
BY_PROXY = (("GWCTL_REAL_IP_HEADER", "proxy_protocol"), ("GWCTL_REAL_IP_RECURSIVE", "on"))
LINE = b"PROXY TCP4 192.168.0.1 10.0.0.9 56324 443\r\n"
MAPPED = (("GWCTL_PORT_MAPS", "80:{port}"),)

CASES |= {
    57: Case(OWN, trusted=INSIDE, environ=RECURSIVE),
    58: Case({REAL: "10.0.0.1", FOR: f"{CHAIN}, 127.0.0.1"}, (f"X-Forwarded-For: {CHAIN}",), INSIDE, RECURSIVE),
    59: Case({PORT: "14", REAL: "10.0.0.1"}, (f"X-Forwarded-For: {PORTED}", "X-Forwarded-Port: 14"), INSIDE, RECURSIVE),
    60: Case({PORT: "{port}", REAL: "10.0.0.1"}, (f"X-Forwarded-For: {PORTED}",), INSIDE, RECURSIVE),
    61: Case(OWN, trusted=ELSEWHERE, environ=RECURSIVE),
    62: Case({REAL: "127.0.0.1", FOR: f"{CHAIN}, 127.0.0.1"}, (f"X-Forwarded-For: {CHAIN}",), ELSEWHERE, RECURSIVE),
    63: Case({PORT: "{port}"}, (f"X-Forwarded-For: {CHAIN}", "X-Forwarded-Port: 14"), ELSEWHERE, RECURSIVE),
    64: Case({PORT: "{port}"}, (f"X-Forwarded-For: {PORTED}",), ELSEWHERE, RECURSIVE),
    65: Case(OWN | {REAL: "192.168.0.1", FOR: "192.168.0.1"}, (), "127.0.0.1,172.16.0.1", BY_PROXY, proxy=LINE),
    66: Case(
        THEIRS | {REAL: "192.168.0.1", FOR: "10.0.0.1, 127.0.0.1"},
        ALL,
        "127.0.0.1,172.16.0.1",
        BY_PROXY,
        proxy=LINE,
    ),
    67: Case({PORT: "14"}, ("X-Forwarded-Port: 14",), "127.0.0.1", BY_PROXY, proxy=LINE),
    68: Case(OWN, (), "10.0.0.1,172.16.0.1", BY_PROXY, proxy=LINE),
    69: Case(OWN_BESIDE, ALL, "10.0.0.1,172.16.0.1", BY_PROXY, proxy=LINE),
    70: Case({PORT: "{port}"}, ("X-Forwarded-Port: 14",), "10.0.0.1,172.16.0.1", BY_PROXY, proxy=LINE),
    71: Case({PORT: "80"}, environ=MAPPED),
    72: Case({PORT: "80"}, ("X-Forwarded-Port: 14",), environ=MAPPED),
}


def _seen(case: Case) -> tuple[dict[str, str], dict[str, int]]:
    """The fields that the upstream saw, by name in lower case, and the ports of the scene."""

    async def run() -> tuple[Response, dict[str, int]]:
        async with upstream_server(echo()) as up:
            values = {"paths": list(case.paths), "strip_path": case.strip, "preserve_host": case.preserve}
            records = one_route(up.port, **values)
            async with gateway(records, environ=case.settings, proxy_protocol=bool(case.proxy)) as gw:
                talk = await gw.connect()
                await talk.send(case.proxy)
                response = await talk.get(case.path, *case.sent, host="Foo.Example:99")
                return response, {"port": gw.port, "upstream": up.port}

    response, ports = play(run())
    assert response.status == 200, response.body
    names = [name.lower() for name, _ in fields_of(response.body)]
    assert len(names) == len(set(names)), f"a field came twice: {names}"
    return {name.lower(): value for name, value in fields_of(response.body)}, ports


def test_the_list_is_whole() -> None:
    assert sorted(CASES) == list(range(9, 73))


@pytest.mark.parametrize("number", sorted(number for number in CASES if number < 71))
def test_what_an_upstream_is_told(number: int) -> None:
    case = CASES[number]
    seen, ports = _seen(case)
    expected = {name: value and value.format(**ports) for name, value in case.seen.items()}
    assert {name: seen.get(name) for name in expected} == expected


@pytest.mark.parametrize("number", [71, 72])
def test_the_port_that_clients_see_can_be_mapped(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port of the listener is known only when it is bound, so the map is made then."""
    from tests.integration.engine import world

    case = CASES[number]
    listener = world.bound()
    monkeypatch.setattr(world, "bound", lambda **_: listener)
    port = str(listener.listener.port)
    settings = tuple((name, value.format(port=port)) for name, value in case.environ)

    seen, _ = _seen(dataclasses.replace(case, environ=settings))

    assert seen[PORT] == "80"


def test_several_lines_of_one_forwarding_field_leave_as_one() -> None:
    """Only the first line of X-Forwarded-For survives in the reference; here they are joined (proxy.md 16)."""
    for trusted in ("", "127.0.0.1"):
        seen, _ = _seen(
            Case({}, ("X-Forwarded-For: 1.1.1.1", "X-Other: 1", "X-Forwarded-For: 2.2.2.2, 3.3.3.3"), trusted)
        )
        assert seen[FOR] == "1.1.1.1, 2.2.2.2, 3.3.3.3, 127.0.0.1"


def test_any_header_may_name_the_client() -> None:
    environ = (("GWCTL_REAL_IP_HEADER", "CF-Connecting-IP"),)
    sent = ("CF-Connecting-IP: 2001:db8::7", "X-Real-IP: 6.6.6.6")
    believed, _ = _seen(Case({}, sent, "127.0.0.1", environ))
    assert (believed[REAL], believed[FOR], believed["cf-connecting-ip"]) == (
        "2001:db8::7",
        "2001:db8::7",
        "2001:db8::7",
    )
    assert _seen(Case({}, sent, "", environ))[0][REAL] == "127.0.0.1"


def test_an_empty_field_of_a_trusted_peer_says_nothing() -> None:
    sent = tuple(f"{line.partition(':')[0]}:" for line in ALL)
    seen, ports = _seen(Case({}, sent, "127.0.0.1"))
    assert {name: seen.get(name) for name in OWN} == OWN | {PORT: str(ports["port"])}


def test_without_a_host_the_forwarded_host_is_the_name_of_the_reference() -> None:
    async def run() -> Response:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            return await gw.ask(b"GET / HTTP/1.0\r\n\r\n")

    assert dict(fields_of(play(run()).body))["X-Forwarded-Host"] == "kong"


def test_a_host_is_told_without_its_port_and_in_lower_case() -> None:
    async def run(*hosts: str) -> list[str]:
        told = []
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            for host in hosts:
                told.append(dict(fields_of((await gw.get("/", host=host)).body))["X-Forwarded-Host"])
        return told

    assert play(run("UPPER.test:8080", "[2001:DB8::1]:99", "[::1]")) == ["upper.test", "[2001:db8::1]", "[::1]"]


def test_73_the_host_of_the_upstream_entity_is_used_for_every_try() -> None:
    async def refuse(talk: Talk) -> None:
        await talk.head()
        talk.reset()

    async def run() -> Response:
        async with upstream_server(refuse) as bad, upstream_server(echo()) as good:
            pool = upstream_record("pool", host_header="named.test")
            records: dict[str, list[Record]] = one_route(80, to={"host": "pool"})
            records["upstreams"] = [pool]
            records["targets"] = [target(pool, f"127.0.0.1:{port}") for port in (bad.port, good.port)]
            async with gateway(records) as gw:
                answers = [await gw.get("/") for _ in range(4)]
                assert bad.connections > 0
                assert {dict(fields_of(answer.body))["Host"] for answer in answers} == {f"named.test:{good.port}"}
                return answers[0]

    assert play(run()).status == 200


def test_4_a_websocket_request_says_so_to_the_upstream() -> None:
    async def run(upgrade: str) -> Response:
        answer = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
        async with upstream_server(echo(answer=answer)) as up, gateway(one_route(up.port)) as gw:
            return await gw.get("/", "Connection: keep-alive, Upgrade", f"Upgrade: {upgrade}")

    response = play(run("WebSocket"))
    seen = dict(fields_of(response.body))
    assert (seen["Connection"], seen["Upgrade"]) == ("keep-alive, Upgrade", "websocket")
    assert response.all("upgrade") == ["websocket"]
    response = play(run("h2c"))
    seen = dict(fields_of(response.body))
    assert seen["Connection"] == "keep-alive"
    assert "Upgrade" not in seen
    assert response.all("upgrade") == []


QUERIES = (
    "/p?a=b",
    "/p?",
    "/p?hello",
    "/p??",
    "/p?a=%7C%7c|",
    '/p?json={"a":[1,2]}'.replace('"', "%22"),
    "/p?a=1.2.3&b=%2F/../%2e&&=&=x",
    "/p?a=%zz%",
    "/p?a=+%20;b",
)


@pytest.mark.parametrize("target", QUERIES)
def test_a_query_passes_byte_for_byte(target: str) -> None:
    async def run() -> str:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            return (await gw.get(target)).body.decode("latin-1").partition(" HTTP/")[0]

    assert play(run()) == f"GET {target}"


PATHS = {
    "2 dots and digits": ("/1.2.3", "/1.2.3"),
    "3 bar": ("/get%7C", "/get%7C"),
    "4 encoded slash": ("/foo%2Fbar", "/foo%2Fbar"),
    "4 encoded slash in small letters": ("/foo%2fbar", "/foo%2Fbar"),
    "space": ("/a%20b", "/a%20b"),
    "letter": ("/h%65llo", "/hello"),
    "utf-8": ("/%c3%b8", "/%C3%B8"),
}


@pytest.mark.parametrize(("asked", "got"), PATHS.values(), ids=PATHS)
def test_a_path_is_encoded_as_it_was(asked: str, got: str) -> None:
    async def run() -> str:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            return (await gw.get(asked)).body.decode().split(" ")[1]

    assert play(run()) == got


@pytest.mark.parametrize(
    ("paths", "strip", "asked", "got"),
    [
        (["/"], False, "/foo%2Fbar", "/foo%2Fbar"),
        (["/foo"], False, "/foo/a%2Fb", "/foo/a%2Fb"),
        (["/foo"], True, "/foo/a%2Fb", "/a%2Fb"),
        (["/foo%2Fbar"], True, "/foo%2Fbar/c", "/c"),
    ],
    ids=["plain", "path", "stripped", "in the path of the route"],
)
def test_5_an_encoded_slash_passes_every_kind_of_route(paths: list[str], strip: bool, asked: str, got: str) -> None:
    async def run() -> str:
        async with upstream_server(echo()) as up, gateway(one_route(up.port, paths=paths, strip_path=strip)) as gw:
            return (await gw.get(asked)).body.decode().split(" ")[1]

    assert play(run()) == got


def test_fields_keep_order_case_repetition_and_emptiness() -> None:
    lines = ("X-B: 2", "x-a:", "X-b: 1", "X-A:  spaced  ", "Accept-Encoding: gzip", "cOOKIE: a=1; b=2", "X_A: _")

    async def run() -> list[tuple[str, str]]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            return fields_of((await gw.get("/", *lines)).body)

    sent = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    assert play(run())[-len(sent) :] == sent


def test_a_redirect_of_an_upstream_is_not_followed_or_rewritten() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://inside.test/a?b\r\nContent-Length: 0\r\n\r\n"

    async def run() -> Response:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            return await gw.get("/")

    response = play(run())
    assert (response.status, response.get("location")) == (302, "http://inside.test/a?b")
