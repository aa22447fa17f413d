"""Every input of consistent hashing over the wire (proxy.md 6.5; 17.3/10-balancer/03-consistent-hashing)."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gwctl.engine.balancer.hashing import plain_path
from tests.integration.engine.records import route, service, target, upstream
from tests.integration.engine.world import Gateway, Response, gateway, play, says, upstream_server

PEERS = 4


@contextlib.asynccontextmanager
async def hashing(**values: Any) -> AsyncIterator[Gateway]:
    """A route ``/`` with the captures ``user`` and ``other`` on four peers that say who they are."""
    async with contextlib.AsyncExitStack() as stack:
        pool = upstream("pool", algorithm="consistent-hashing", slots=10000, **values)
        targets = []
        for number in range(PEERS):
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number
            server = await stack.enter_async_context(upstream_server(says(*[answer] * 300)))
            targets.append(target(pool, f"127.0.0.1:{server.port}"))
        made = service("one", "pool", 80)
        paths = [r"~/users/(?<user>[^/]+)?", "/"]
        records = {
            "upstreams": [pool],
            "targets": targets,
            "services": [made],
            "routes": [route("one", made, paths=paths, strip_path=False)],
        }
        yield await stack.enter_async_context(gateway(records))


async def peers(gw: Gateway, *requests: tuple[str, tuple[str, ...]]) -> list[bytes]:
    """Who answered each of ``requests`` (path, header lines)."""
    talk = await gw.connect()
    found = [(await talk.get(path, *lines)).body for path, lines in requests]
    talk.close()
    return found


def bare(*paths: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(path, ()) for path in paths]


HEADER = {"hash_on": "header", "hash_on_header": "X-My-Key"}
ARG = {"hash_on": "query_arg", "hash_on_query_arg": "foo"}
CAPTURE = {"hash_on": "uri_capture", "hash_on_uri_capture": "user"}
THEN_HEADER = {"hash_fallback": "header", "hash_fallback_header": "X-Other"}
MANY = [str(number) for number in range(24)]
"""Enough values to meet more than one peer, wherever the ports of this run put the peers on the ring."""

SAME: list[tuple[str, dict[str, Any], list[tuple[str, tuple[str, ...]]]]] = [
    ("one header", HEADER, [("/", ("X-My-Key: a",)), ("/other", ("x-my-key: a", "X-Else: 1"))]),
    ("two lines are joined", HEADER, [("/", ("X-My-Key: a", "X-My-Key: b")), ("/", ("X-My-Key: a, b",))]),
    ("no header, no fallback", HEADER, bare("/", "/a", "/b?x=1", "/users/9")),
    ("a path without its query", {"hash_on": "path"}, bare("/a/b", "/a/b?x=1", "/a/b?y")),
    ("spellings of a path", {"hash_on": "path"}, bare("/a/b(c)", "/a//./x/../b%28c%29", "/%61/b(c)")),
    ("a path as fallback", HEADER | {"hash_fallback": "path"}, bare("/a/b", "/a/./b?z")),
    ("a capture", CAPTURE, bare("/users/7", "/users/7/orders", "/users/7?x")),
    ("no capture, no fallback", CAPTURE, bare("/a", "/users/", "/b")),
    ("no capture, then an argument", CAPTURE | {"hash_fallback": "query_arg", "hash_fallback_query_arg": "foo"}, bare("/a?foo=1", "/b?foo=1&z")),  # noqa: E501
    ("a capture as fallback", HEADER | {"hash_fallback": "uri_capture", "hash_fallback_uri_capture": "user"}, bare("/users/7", "/users/7/x")),  # noqa: E501
    ("an argument", ARG, bare("/a?foo=1", "/b?x=2&foo=1")),
    ("no argument", ARG, bare("/a", "/b?bar=1", "/c?foo=")),
    ("an argument without value is true", ARG, bare("/?foo", "/?foo=true")),
    ("several are sorted", ARG, bare("/?foo=c&foo=a&foo=b", "/?foo=a%2Cb%2Cc")),
    ("several of all kinds", ARG, bare("/?foo&foo=1&foo=s&foo=", "/?foo=%2C1%2Cs%2Ctrue")),
    ("twice without value", ARG, bare("/?foo&foo", "/?foo=true%2Ctrue")),
    ("an argument as fallback", HEADER | {"hash_fallback": "query_arg", "hash_fallback_query_arg": "foo"}, bare("/a?foo=1", "/b?foo=1")),  # noqa: E501
    ("the client's address", {"hash_on": "ip"}, bare("/a", "/b?x")),
    ("nobody is known, then a header", {"hash_on": "consumer"} | THEN_HEADER, [("/a", ("X-Other: 1",)), ("/b", ("X-Other: 1",))]),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("values", "requests"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_equal_values_go_to_one_peer(values: dict[str, Any], requests: list[tuple[str, tuple[str, ...]]]) -> None:
    async def scene() -> None:
        async with hashing(**values) as gw:
            assert len(set(await peers(gw, *requests))) == 1

    play(scene())


SPREAD: list[tuple[str, dict[str, Any], list[tuple[str, tuple[str, ...]]]]] = [
    ("header", HEADER, [("/", (f"X-My-Key: {value}",)) for value in MANY]),
    ("no header but the fallback", HEADER | THEN_HEADER, [("/", (f"X-Other: {value}",)) for value in MANY]),
    ("path", {"hash_on": "path"}, bare(*(f"/{value}" for value in MANY))),
    ("path as fallback", HEADER | {"hash_fallback": "path"}, bare(*(f"/{value}" for value in MANY))),
    ("capture", CAPTURE, bare(*(f"/users/{value}" for value in MANY))),
    ("argument", ARG, bare(*(f"/?foo={value}" for value in MANY))),
]  # fmt: skip


@pytest.mark.parametrize(("values", "requests"), [row[1:] for row in SPREAD], ids=[row[0] for row in SPREAD])
def test_other_values_go_to_other_peers(values: dict[str, Any], requests: list[tuple[str, tuple[str, ...]]]) -> None:
    async def scene() -> None:
        async with hashing(**values) as gw:
            assert len(set(await peers(gw, *requests))) > 1

    play(scene())


@pytest.mark.parametrize("character", list("!#$&'()*+,/:;=?@[] %<"))
def test_names_of_arguments_match_after_decoding(character: str) -> None:
    name = f"foo{character}bar"

    async def scene() -> None:
        async with hashing(hash_on="query_arg", hash_on_query_arg=name) as gw:
            escaped = urllib.parse.quote(name, safe="")
            assert len(set(await peers(gw, *bare(*(f"/?{escaped}={value}" for value in MANY))))) > 1

    play(scene())


def test_a_client_without_the_cookie_gets_one_that_brings_it_back() -> None:
    async def scene() -> None:
        cookie = {"hash_on": "cookie", "hash_on_cookie": "sticky", "hash_on_cookie_path": "/shop"}
        async with hashing(**cookie) as gw:
            first: Response = await gw.get("/")
            (line,) = first.all("set-cookie")
            pair, path, same_site, http_only = line.split("; ")
            assert (path, same_site, http_only) == ("Path=/shop", "SameSite=Lax", "HttpOnly")
            name, _, value = pair.partition("=")
            assert name == "sticky"
            assert len(value) == 36
            for _ in range(5):
                again = await gw.get("/", f"Cookie: a=b; {pair}; c=d")
                assert again.body == first.body
                assert again.all("set-cookie") == []
            others = {(await gw.get("/")).body for _ in range(24)}
            assert len(others) > 1

    play(scene())


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/root/../%2e/root///././%2F.subdir/../.subdir/./%28%29", "/root/.subdir/()"),
        ("/", "/"),
        ("/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/b/", "/a/b/"),
        ("//a", "/a"),
    ],
)
def test_paths_are_hashed_in_their_plain_form(raw: str, path: str) -> None:
    assert plain_path(raw) == path
