"""Routing as a client sees it, in every flavor of the router (proxy.md 17.3/02-router)."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.engine.records import Record, route, service
from tests.integration.engine.world import (
    Gateway,
    Response,
    client_tls,
    echo,
    fields_of,
    gateway,
    play,
    upstream_server,
)
from tests.tools.routing import FLAVORS

T, TC, X = FLAVORS
EVERY = pytest.mark.parametrize("flavor", FLAVORS)
DEBUG = "Kong-Debug: 1"


@contextlib.asynccontextmanager
async def served(
    flavor: str, *routes: tuple[str, dict[str, Any]], path: str | None = None, debug: str = "on", **more: Any
) -> AsyncIterator[Gateway]:
    """The named routes of one service at an echoing upstream, the first one created first."""
    environ = {"KONG_ROUTER_FLAVOR": flavor, "KONG_ALLOW_DEBUG_HEADER": debug}
    async with upstream_server(echo()) as upstream:
        one = service("one", "127.0.0.1", upstream.port, path=path)
        off = service("off", "127.0.0.1", upstream.port, enabled=False)
        targets = {"none": None, "off": off}
        made: list[Record] = []
        for number, (name, values) in enumerate(routes):
            to = targets.get(values.pop("to", ""), one)
            made.append(route(name, to, **({"created_at": number + 1} | values)))
        async with gateway({"services": [one, off], "routes": made}, environ=environ, **more) as running:
            yield running


def name(response: Response) -> str | None:
    return response.get("kong-route-name")


def target(response: Response) -> str:
    """The request target that the upstream got."""
    return response.body.decode().split(" ")[1]


def sent(response: Response, field: str) -> str | None:
    return {key.lower(): value for key, value in fields_of(response.body)}.get(field)


@EVERY
def test_answers_of_the_router_and_debug_headers(flavor: str) -> None:
    async def scene() -> None:
        routes = (
            ("post", {"methods": ["POST"], "paths": ["/post"]}),
            ("method", {"methods": ["PATCH"]}),
            ("none", {"paths": ["/none"], "to": "none"}),
            ("off", {"paths": ["/regex/longer"], "to": "off"}),
            ("gone", {"paths": ["/gone"], "to": "off"}),
            ("regex", {"paths": ["~/regex/[a-z]+"]}),
            ("old", {"paths": ["/old"]}),
        )
        async with served(flavor, *routes) as running:
            miss = await running.get("/inexistent", DEBUG)
            assert (miss.status, miss.get("server")) == (404, "kong/3.8.1")
            assert b'"message":"no Route matched with those values"' in miss.body
            assert name(miss) is None
            none = await running.get("/none", DEBUG)
            assert (none.status, name(none), none.get("kong-service-id")) == (503, "none", None)
            assert b"no Service found with those values" in none.body
            found = await running.get("/post", DEBUG, method="POST")
            assert (found.status, name(found), found.get("kong-service-name")) == (200, "post", "one")
            assert found.get("kong-route-id") is not None
            assert found.get("kong-service-id") is not None
            refused = await running.get("/post", DEBUG, method="DELETE")
            assert (refused.status, name(refused)) == (404, None)
            assert name(await running.get("/x", DEBUG, method="PATCH")) == "method"
            assert (await running.get("/gone", DEBUG)).status == 404
            assert name(await running.get("/regex/longer", DEBUG)) == "regex"
            assert name(await running.get("/old")) is None
            assert name(await running.ask(b"GET /old HTTP/1.0\r\nKong-Debug: 1\r\n\r\n")) == "old"
            bad = await running.ask(b"GET /old HTTP/1.1\r\n\r\n")
            assert (bad.status, bad.get("server")) == (400, "kong/3.8.1")
            assert bad.body.startswith(b"Bad request")
        async with served(flavor, ("one", {"paths": ["/"]}), debug="off") as running:
            assert name(await running.get("/", DEBUG)) is None

    play(scene())


@EVERY
def test_paths_reach_the_upstream(flavor: str) -> None:
    async def scene() -> None:
        routes = (
            ("kept", {"paths": ["/kept"], "strip_path": False}),
            ("cut", {"paths": ["/cut", "/cut/more"]}),
            ("regex", {"paths": ["~/users/\\d+/profile"], "strip_path": False}),
            ("bar", {"paths": ["/foo/bar", "/hello", "/a b"], "strip_path": False}),
            ("all", {"paths": ["/"]}),
            ("long", {"paths": ["/foobar"]}),
        )
        async with served(flavor, *routes, path="/base") as running:

            async def goes(path: str) -> str:
                return target(await running.get(path))

            assert await goes("/cut/x") == "/base/x"
            assert await goes("/kept/x") == "/base/kept/x"
            assert await goes("/users/7/profile") == "/base/users/7/profile"
            assert await goes("/users/x/profile") == "/base/users/x/profile"  # by the catch-all
            assert [await goes(f"/cut{query}") for query in ("?a=1&b=%20", "?", "?hello")] == [
                f"/base{query}" for query in ("?a=1&b=%20", "?", "?hello")
            ]
            for raw in ("/foo/a/../bar", "/foo//bar", "/foo/./bar", "/foo/b%61r"):
                answer = await running.get(raw, DEBUG)
                assert (name(answer), target(answer)) == ("bar", "/base/foo/bar")
                assert sent(answer, "x-forwarded-path") == raw
            assert await goes("/cut/a/../b%20c") == "/base/b%20c"
            assert await goes("/kept/a/../b") == "/base/kept/b"
            assert await goes("/a%20b") == "/base/a%20b"
            for _ in range(3):
                assert [await goes(path) for path in ("/cut/a", "/cut/more/a")] == ["/base/a", "/base/a"]
            found = [name(await running.get(path, DEBUG)) for path in ("/foobar", "/other", "/foo")]
            assert found == ["long", "all", "all"]

    play(scene())


@EVERY
def test_the_host_that_the_upstream_is_told(flavor: str) -> None:
    async def scene() -> None:
        routes = (
            ("kept", {"hosts": ["kept.test"], "preserve_host": True}),
            ("other", {"hosts": ["other.test"]}),
            ("path", {"paths": ["/path"], "preserve_host": True}),
        )
        async with served(flavor, *routes) as running:
            own = sent(await running.get("/", host="other.test"), "host") or ""
            assert own.startswith("127.0.0.1:")
            for host in ("kept.test", "kept.test:80", "kept.test:123"):
                assert sent(await running.get("/", host=host), "host") == host
            for host in ("a.test", "b.test:9"):
                assert sent(await running.get("/path", host=host), "host") == host

    play(scene())


@EVERY
def test_headers_and_longer_paths(flavor: str) -> None:
    async def scene() -> None:
        routes = (
            ("plain", {"paths": ["/"]}),
            ("one", {"paths": ["/"], "headers": {"version": ["v1", "V2"]}}),
            ("two", {"paths": ["/"], "headers": {"version": ["v1"], "location": ["here"]}}),
            ("long", {"paths": ["/longer"], "headers": {"version": ["v1"]}}),
        )
        async with served(flavor, *routes) as running:
            asked = {
                "one": ("/", ["Version: v1"]),
                "plain": ("/", ["Version: v3"]),
                "two": ("/", ["VERSION: V1", "Location: HERE"]),
                "long": ("/longer/x", ["Version: v1"]),
            }
            for _ in range(2):
                for wanted, (path, lines) in asked.items():
                    assert name(await running.get(path, DEBUG, *lines)) == wanted
            assert name(await running.get("/longer", DEBUG, "Version: v1", "Location: here")) == "two"

    play(scene())


def test_ties_and_old_paths_of_the_flavor_traditional() -> None:
    async def scene() -> None:
        routes = (
            ("older", {"paths": ["~/tie/\\d"]}),
            ("newer", {"paths": ["~/tie/\\d+"]}),
            ("low", {"paths": ["~/rank/\\d"], "regex_priority": 3}),
            ("high", {"paths": ["~/rank/\\d+"], "regex_priority": 4}),
            ("same", {"paths": ["~/rank/\\d\\d?"], "regex_priority": 4}),
            ("host", {"hosts": ["route.com"], "paths": ["/a", "/bbbbbbb"]}),
            ("long", {"hosts": ["route.com"], "paths": ["/a/bb"]}),
            ("elsewhere", {"hosts": ["elsewhere.com"], "paths": ["/a/bb/ccc"]}),
            ("old", {"paths": ["/old"], "path_handling": "v1"}),
            ("null", {"paths": ["~/null"], "regex_priority": None}),
        )
        async with served(T, *routes, path="/base") as running:
            asked = {"/tie/1": "older", "/rank/1": "high", "/null": "null"}
            assert {path: name(await running.get(path, DEBUG)) for path in asked} == asked
            hosted = {"/a/bb/ccc": "long", "/a/b": "host", "/bbbbbbb": "host", "/zz": None}
            assert {path: name(await running.get(path, DEBUG, host="route.com")) for path in hosted} == hosted
            assert target(await running.get("/old/x")) == "/base/x"
            assert target(await running.get("/oldx")) == "/basex"
        async with served(TC, ("old", {"paths": ["/old"], "path_handling": "v1"}), path="/base") as running:
            assert target(await running.get("/oldx")) == "/base/x"

    play(scene())


@EVERY
def test_server_names(flavor: str, server_tls: ssl.SSLContext) -> None:
    async def scene() -> None:
        routes = (
            ("exact", {"snis": ["exact.test"], "protocols": ["https"]}),
            ("left", {"snis": ["*.left.test"], "protocols": ["https"]}),
            ("right", {"snis": ["right.*"], "protocols": ["https"]}),
        )
        async with served(flavor, *routes, tls=server_tls) as running:
            wanted = {"exact.test": "exact", "a.b.left.test": "left", "right.x.y": "right", "no.test": None}
            for sni, route_name in wanted.items():
                talk = await running.connect(client_tls(), sni)
                assert name(await talk.get("/", DEBUG)) == route_name

    play(scene())


def test_expressions_about_the_query_and_large_priorities() -> None:
    async def scene() -> None:
        routes = (
            ("one", {"expression": 'http.path == "/one" && http.queries.a == "1"'}),
            ("empty", {"expression": 'http.path == "/empty" && http.queries.a == ""'}),
            ("any", {"expression": 'http.path == "/any" && any(http.queries.a) == "2"'}),
            ("low", {"expression": 'http.path ^= "/p/long"', "priority": 2**46 - 2}),
            ("high", {"expression": 'http.path ^= "/p"', "priority": 2**46 - 1}),
        )
        async with served(X, *routes) as running:
            wanted = {
                "/one?a=1": "one",
                "/one?a=2": None,
                "/one": None,
                "/empty?a=": "empty",
                "/empty?a": "empty",
                "/any?a=1&a=2": "any",
                "/any?a=1&a=3": None,
                "/p/long": "high",
            }
            for path, route_name in wanted.items():
                answer = await running.get(path, DEBUG)
                assert (name(answer), answer.status) == (route_name, 200 if route_name else 404)

    play(scene())


@EVERY
def test_a_route_that_cannot_be_compiled_stops_no_other(flavor: str) -> None:
    async def scene() -> None:
        async with served(flavor, ("bad", {"paths": ["~/bad("]}), ("good", {"paths": ["/good"]})) as running:
            assert (await running.get("/good")).status == 200

    play(scene())


@EVERY
def test_what_is_stripped(flavor: str) -> None:
    async def scene() -> None:
        routes = (
            ("exact", {"paths": ["/exact"]}),
            ("triplet", {"paths": ["/endel%2Fst"]}),
            ("kept", {"paths": ["/kept%2Fst"], "strip_path": False}),
            ("regex", {"paths": ["~/number/\\d+"]}),
            ("group", {"paths": ["~/user/(?P<name>[a-z ]+)/profile"]}),
            ("root", {"paths": ["/"]}),
        )
        wanted = {
            "/exact": ("/", "/exact"),
            "/exact/": ("/", "/exact"),
            "/endel%2Fst": ("/", "/endel%2Fst"),
            "/endel%2fst/x": ("/x", "/endel%2Fst"),
            "/kept%2fst": ("/kept%2Fst", None),
            "/number/12/x": ("/x", "/number/12"),
            "/user/%6aohn%20doe/profile/x": ("/x", "/user/john doe/profile"),
            "/other/": ("/other/", None),
        }
        async with served(flavor, *routes) as running:
            for path, (upstream_path, prefix) in wanted.items():
                answer = await running.get(path)
                assert (target(answer), sent(answer, "x-forwarded-prefix")) == (upstream_path, prefix)

    play(scene())
