"""The acceptance list of the router (proxy.md 17.1): which of some routes a request finds, line by line."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from gwctl.engine.router.compiling import Flavor
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.router.paths import normal
from gwctl.engine.router.query import Query
from tests.tools.routing import FLAVORS, Route, chosen, index_of, query, r, route

T, TC, X = FLAVORS
ALL, OLD, NEW = (T, TC, X), (T,), (TC, X)


class Line(NamedTuple):
    """``routes`` in order of creation and, falling, of ids; ``wanted`` is the name of one of them or None."""

    number: int
    routes: dict[str, Route]
    asked: Query
    wanted: str | None
    flavors: tuple[Flavor, ...] = ALL


BASICS = {
    "port": r(hosts=["domain-1.org:321"]),
    "host": r(hosts=["domain-1.org", "domain-2.org"]),
    "method": r(methods=["TRACE"]),
    "path": r(paths=["/my-route"]),
    "host+path": r(hosts=["domain-1.org"], paths=["/route-4"]),
    "host+method": r(hosts=["domain-1.org"], methods=["POST", "PUT", "PATCH"]),
    "path+method": r(paths=["/my-route-uri"], methods=["POST", "PUT", "PATCH"]),
    "triple": r(hosts=["domain-with-uri-1.org"], paths=["/my-route-uri"], methods=["POST", "PUT"]),
    "header": r(headers={"location": ["my-location-1", "my-location-2"]}),
    "two headers": r(headers={"location": ["my-location-1"], "version": ["v1", "v2"]}),
    "headers+path": r(headers={"location": ["my-location-1"]}, paths=["/headers-uri"]),
    "four": r(
        hosts=["domain-with-headers-1.org"], headers={"location": ["my-location-1"]}, paths=["/h"], methods=["POST"]
    ),
    "browser": r(headers={"user-agent": ["~*mozilla|OPERA"]}),
    "port only": r(hosts=["ported.test:81"]),
}
LOCATION = {"Location": "my-location-1"}


def basic(number: int, asked: Query, wanted: str | None, flavors: tuple[Flavor, ...] = ALL) -> Line:
    return Line(number, BASICS, asked, wanted, flavors)


IPV6 = {"plain": r(hosts=["::11", "[::12]"]), "ported": r(hosts=["[::13]:8443"])}
WILD = {
    "port": r(hosts=["*.route.net:123"]),
    "left": r(hosts=["*.route.com"]),
    "right": r(hosts=["route.*"]),
    "any": r(hosts=["*.route.net"]),
}
PORTS = {"any": r(hosts=["route.*"]), "123": r(hosts=["route.*:123"]), "80": r(hosts=["route.*:80"])}
MIXED = {"mixed": r(hosts=["plain.com", "*.wild.org"], paths=["/p"], methods=["GET"])}
NAMES = {"left": r(snis=["*.sni.test"], protocols=["https"]), "right": r(snis=["sni.*"], protocols=["https"])}
HALF = {
    "pair": r(hosts=["host-1.org"], paths=["/path-1"]),
    "host": r(hosts=["host-1.org"]),
    "method": r(methods=["GET"]),
    "wild+method": r(hosts=["*.wild.org"], methods=["PUT"]),
    "wild": r(hosts=["*.wild.org"]),
    "regex+method": r(paths=["~/users/\\d+"], methods=["PUT"]),
    "prefix": r(paths=["/users"]),
}


def named(name: str) -> Query:
    return query(https=True, sni=name)


def xpr(text: str, **more: Any) -> dict[str, Route]:
    return {"one": r(expression=text, **more)}


LINES = [
    basic(3, query("/x", "OPTIONS", "domain-1.org"), "host"),
    basic(4, query("/x", "OPTIONS", "domain-1.org:80"), "host"),
    basic(5, query("/x", "OPTIONS", "domain-1.org:123"), "host", OLD),
    basic(6, query("/x", "OPTIONS", "domain-1.org:321"), "port"),
    basic(7, query("/x", host="ported.test:81"), "port only"),
    basic(8, query("/x", host="ported.test:82"), None),
    basic(9, query("/my-route", "GET"), "path"),
    basic(10, query("/my-route", "GET", ""), "path"),
    basic(11, query("/", "TRACE"), "method"),
    basic(12, query("/route-4", "TRACE", "domain-1.org"), "host+path"),
    basic(13, query("/", "POST", "domain-1.org"), "host+method"),
    basic(14, query("/my-route-uri", "PUT"), "path+method"),
    basic(15, query("/my-route-uri", "POST", "domain-with-uri-1.org"), "triple"),
    basic(16, query(headers={"location": "my-location-1"}), "header"),
    basic(16, query(headers={"location": "my-location-2"}), "header"),
    basic(16, query(headers=[("location", "my-location-0"), ("location", "my-location-2")]), "header"),
    basic(16, query(headers={"location": "my-location-3"}), None),
    basic(16, query(headers=[("location", "my-location-0"), ("location", "my-location-3")]), None),
    basic(16, query(headers={"User-Agent": "Mozilla/5.0 (X11; Linux)"}), "browser"),
    basic(16, query(headers={"User-Agent": "opera"}), "browser"),
    basic(17, query(headers={"Location": "my-location-1", "Version": "v2"}), "two headers"),
    basic(17, query(headers={"Location": "my-location-1", "Version": "v3"}), "header"),
    basic(18, query("/headers-uri", headers=LOCATION), "headers+path"),
    basic(19, query("/h", "POST", "domain-with-headers-1.org", headers=LOCATION), "four"),
    Line(21, IPV6, query(host="::11"), "plain", OLD),
    Line(22, IPV6, query(host="[::12]"), "plain", OLD),
    Line(23, IPV6, query(host="[::11]:80"), "plain", OLD),
    Line(24, IPV6, query(host="[::13]:8443"), "ported", OLD),
    Line(25, IPV6 | {"fallback": r(hosts=["::13"])}, query(host="[::13]:8444"), "fallback", OLD),
    Line(26, IPV6, query(host="[::13]:8444"), None, OLD),
    Line(27, {"one": r(paths=["/my-route"])}, query("/my-route/hello/world"), "one"),
    Line(
        28, {"short": r(paths=["/my-route"]), "long": r(paths=["/my-route/hello"])}, query("/my-route/hello/x"), "long"
    ),
    Line(
        28, {"long": r(paths=["/my-route/hello"]), "short": r(paths=["/my-route"])}, query("/my-route/hello/x"), "long"
    ),
    Line(
        29,
        {"short": r(paths=["/a"], methods=["GET"]), "long": r(paths=["/a/b"], methods=["GET"])},
        query("/a/b/c"),
        "long",
    ),
    Line(
        30,
        {"short": r(paths=["/a"], hosts=["h.org"]), "long": r(paths=["/a/b"], hosts=["h.org"])},
        query("/a/b/c", host="h.org"),
        "long",
    ),
    Line(
        31,
        {"other": r(paths=["/a/b/c"], hosts=["other.com"]), "long": r(paths=["/a/b"], hosts=["example.com"])}
        | {"short": r(paths=["/a"], hosts=["example.com"])},
        query("/a/b/c", host="example.com"),
        "long",
    ),
    Line(32, {"one": r(paths=["/my-route"])}, query("/something/my-route"), None),
    Line(33, {"one": r(paths=["~/users/\\d+/profile"])}, query("/users/123/profile"), "one"),
    Line(
        34,
        {"first": r(paths=["~/route/persons/\\d{3}"]), "second": r(paths=["~/route/persons/\\d{3}/following"])}
        | {"third": r(paths=["~/route/persons/\\d{3}/[a-z]+"])},
        query("/route/persons/123/x"),
        "first",
    ),
    Line(
        35,
        {"prefix": r(paths=["/route/fixture"]), "regex": r(paths=["~/route/[a-z]+"])},
        query("/route/fixture/x"),
        "regex",
    ),
    Line(
        36,
        {"exact": r(paths=["/route/fixture"]), "regex": r(paths=["~/route/[a-z]+"])},
        query("/route/fixture"),
        "regex",
    ),
    Line(
        37,
        {"prefix": r(paths=["/pre"], hosts=["h.org"]), "regex": r(paths=["~/(pre)"], hosts=["h.org"])},
        query("/pre/x", host="h.org"),
        "regex",
    ),
    Line(38, {"one": r(paths=["~/prefix/[0-9]+"])}, query("/extra/prefix/123"), None),
    Line(39, WILD, query(host="foo.route.com"), "left"),
    Line(40, WILD, query(host="route.org"), "right"),
    Line(41, WILD, query(host="foo.route.com:999"), "left"),
    Line(42, WILD, query(host="foo.route.net:123"), "port"),
    Line(42, WILD, query(host="foo.route.net:124"), "any"),
    Line(43, {"80": r(hosts=["route.*:80"]), "any": r(hosts=["route.*"])}, query(host="route.org:80"), "80"),
    Line(43, {"any": r(hosts=["route.*"]), "80": r(hosts=["route.*:80"])}, query(host="route.org"), "80", OLD),
    Line(
        44,
        {"443": r(hosts=["route.*:443"]), "any": r(hosts=["route.*"])},
        query(host="route.org:443", https=True),
        "443",
    ),
    Line(
        44,
        {"any": r(hosts=["route.*"]), "443": r(hosts=["route.*:443"])},
        query(host="route.org", https=True),
        "443",
        OLD,
    ),
    Line(
        45,
        {"wild": r(hosts=["*.route.com"]), "plain": r(hosts=["plain.route.com"])},
        query(host="plain.route.com"),
        "plain",
    ),
    Line(
        46,
        {"wild": r(hosts=["*.route.com"], paths=["/path1"]), "plain": r(hosts=["plain.route.com"], paths=["/path2"])},
        query("/path1", host="plain.route.com"),
        "wild",
    ),
    Line(
        47,
        {"wild": r(hosts=["*.route.com"], paths=["/path1"]), "plain": r(hosts=["plain.route.com"], paths=["/path2"])},
        query("/path2", host="plain.route.com"),
        "plain",
    ),
    Line(48, {"any": r(hosts=["*.a.com"]), "port": r(hosts=["*.a.com:80"])}, query(host="x.a.com:80"), "port", OLD),
    Line(49, PORTS, query(host="route.org:123"), "123", OLD),
    Line(49, PORTS, query(host="route.org"), "80", OLD),
    Line(49, PORTS, query(host="route.org:7"), "any"),
    Line(50, MIXED, query("/p", "GET", "a.wild.org"), "mixed"),
    Line(50, MIXED, query("/p", "GET", "plain.com"), "mixed"),
    Line(50, MIXED, query("/p", "POST", "plain.com"), None),
    Line(
        51,
        {"prefix": r(hosts=["*.h.org"], paths=["/user"]), "regex": r(hosts=["*.h.org"], paths=["~/user\\d+"])},
        query("/user42", host="a.h.org"),
        "regex",
    ),
    Line(
        51,
        {"prefix": r(hosts=["*.h.org"], paths=["/user"]), "regex": r(hosts=["*.h.org"], paths=["~/user\\d+"])},
        query("/users", host="a.h.org"),
        "prefix",
    ),
    Line(
        52,
        {"one": r(headers={"a": ["1"]}), "two": r(headers={"a": ["1"], "b": ["1"]})},
        query(headers={"a": "1", "b": "1"}),
        "two",
    ),
    Line(53, {"one": r(headers={"User_AGENT": ["me"]})}, query(headers={"user_agent": "me"}), "one"),
    Line(54, {"one": r(headers={"agent": ["Me"]})}, query(headers={"Agent": "mE"}), "one"),
    *(Line(55, NAMES, named(name), "left", NEW) for name in ("foo.sni.test", "foo.bar.sni.test")),
    *(Line(56, NAMES, named(name), "right", NEW) for name in ("sni.foo", "sni.foo.bar")),
    *(Line(57, NAMES, named(name), None, NEW) for name in ("bar.sni.foo", "foo.sni.test.bar")),
    *(
        Line(69 + number, {"one": r(paths=["/"]) | {"methods": empty}}, query(), "one")
        for number in (0,)
        for empty in ([], None)
    ),
    *(Line(70, {"one": r(paths=["/"], hosts=empty)}, query(), "one") for empty in ([], None)),
    *(Line(71, {"one": r(paths=["/"], headers=empty)}, query(), "one") for empty in ({}, None)),
    *(Line(72, {"one": r(methods=["GET"], paths=empty)}, query(), "one") for empty in ([], None)),
    *(Line(73, {"one": r(paths=["/"], snis=empty)}, named("x"), "one") for empty in ([], None)),
    Line(74, {"one": r(paths=['/a"b'])}, query('/a"b'), "one"),
    Line(75, {"one": r(paths=['/a"#b'])}, query('/a"#b'), "one"),
    Line(76, {"one": r(paths=["~/a\\\\b"])}, query("/a\\b"), "one"),
    Line(77, {"one": r(paths=["~/\\d+"])}, query("/12"), "one"),
    Line(77, {"one": r(paths=["~/\\d+"])}, query("/dd"), None),
    Line(78, {"one": r(headers={"a": ["~*^V[0-9]$"]})}, query(headers=[("a", "x"), ("A", "v1")]), "one"),
    Line(79, {"one": r(hosts=["h.org:81"])}, query(host="h.org:81"), "one"),
    Line(79, {"one": r(hosts=["h.org:81"])}, query(host="h.org:82"), None),
    Line(80, {"one": r(paths=["/plain/a.b%58c"])}, query("/plain/a.b%58c"), "one"),
    Line(80, {"one": r(paths=["/plain/a.b%58c"])}, query("/plain/a.bXc"), None),
    Line(80, {"one": r(paths=["/plain/a.b%58c"])}, query("/plain/aab%58c"), None),
    Line(81, {"one": r(paths=["~/reg%65x"])}, query("/regex"), None),
    Line(82, {"one": r(paths=["~/a\\.b"])}, query("/a.b"), "one"),
    Line(82, {"one": r(paths=["~/a\\.b"])}, query("/axb"), None),
    Line(83, {"one": r(paths=["~/a%2Fb"])}, query("/a%2Fb"), "one"),
    Line(84, {"method": r(methods=["GET"]), "host": r(hosts=["h"])}, query(host="h"), "host", OLD),
    Line(84, {"method": r(methods=["GET"]), "path": r(paths=["/a"])}, query("/a"), "path"),
    Line(85, HALF, query("/path-2", host="host-1.org"), "host"),
    Line(86, HALF, query(method="GET", host="a.wild.org"), "wild", OLD),
    Line(87, HALF, query("/users/12", "GET"), "prefix", OLD),
    Line(88, {"method": r(methods=["GET"]), "prefix": r(paths=["/users"])}, query("/users/1"), "prefix"),
    Line(89, {"wild": r(hosts=["*.wild.org"]), "method": r(methods=["GET"])}, query(host="a.wild.org"), "wild"),
    Line(
        90,
        {"many": r(paths=["/a", "/bbbbbbb"]), "long": r(paths=["/a/bb"])},
        query("/a/bb/foobar"),
        "long",
        OLD,
    ),
    Line(91, {"one": r(methods=["GET"], paths=["/"])}, query("/"), "one"),
    Line(92, {"root": r(paths=["/"]), "long": r(paths=["/httpbin"])}, query("/httpbin/x"), "long"),
    Line(93, {"root": r(paths=["/"]), "long": r(paths=["/httpbin"])}, query("/foobar"), "root"),
    Line(94, {f"{n}": r(hosts=["h.org"], paths=[f"/p{n}"]) for n in range(10, 60)}, query("/p42", host="h.org"), "42"),
    Line(
        95,
        {
            "long": r(paths=["/my-service/long"], headers={"a": ["1"]}),
            "more": r(paths=["/my"], headers={"a": ["1"], "b": ["2"]}),
        },
        query("/my-service/long", headers={"a": "1", "b": "2"}),
        "more",
    ),
    basic(96, query("/", "GET", "domain-3.org"), None),
    basic(97, query("/route-4", "GET", "domain-9.org"), None),
    basic(98, query("/", "POST", "domain-9.org"), None),
    basic(99, query("/my-route-uri", "GET", "domain-with-uri-9.org"), "path"),
    Line(99, {"triple": BASICS["triple"]}, query("/my-route-uri", "GET", "domain-with-uri-1.org"), None),
    Line(100, {"triple": BASICS["triple"]}, query("/other", "POST", "domain-with-uri-1.org"), None),
    Line(101, {"one": r(paths=["/my-route"])}, query("/foo/my-route/bar"), None),
    Line(102, {"two": BASICS["two headers"]}, query(headers={"location": "no", "version": "v1"}), None),
    Line(103, {"one": BASICS["headers+path"]}, query("/headers-uri", headers={"location": "no"}), None),
    Line(104, {"one": r(headers={"a": ["1"]}, paths=["/a"], methods=["PUT"])}, query("/a", headers={"a": "1"}), None),
    Line(105, {"one": BASICS["four"]}, query("/h", "POST", "domain-with-headers-2.org", headers=LOCATION), None),
    Line(149, {"one": r(paths=["/\\d"])}, query("/\\d+"), "one"),
    Line(149, {"one": r(paths=['/a"b'])}, query('/a"bc'), "one"),
    Line(
        164,
        {"tls": r(snis=["a.test"], protocols=["http", "https"]), "plain": r(methods=["GET"], protocols=["http"])},
        query(),
        "plain",
        OLD,
    ),
    Line(
        172,
        {"short": r(paths=["/pat"], regex_priority=5), "long": r(paths=["/path"], regex_priority=0)},
        query("/path"),
        "long",
    ),
    Line(
        173, {"mix": r(paths=["/longer/prefix", "~/r\\d"]), "own": r(paths=["/longer"])}, query("/longer/prefix"), "mix"
    ),
    Line(173, {"own": r(paths=["/r1"]), "mix": r(paths=["/longer/prefix", "~/r\\d"])}, query("/r1"), "mix"),
    Line(174, {"one": r(paths=["/a", "/a/b/c"]), "two": r(paths=["/a/b"])}, query("/a/b/x"), "two"),
    Line(174, {"one": r(paths=["/a", "/a/b/c"]), "two": r(paths=["/a/b"])}, query("/a/b/c"), "one"),
    Line(175, {"one": r(paths=["/a", "/b", "~/c"])}, query("/c"), "one"),
    Line(181, xpr('http.queries.a == "1"'), query(arguments="a=1"), "one", (X,)),
    Line(181, xpr('http.queries.a == "1"'), query(arguments="a=2"), None, (X,)),
    Line(181, xpr('http.queries.a == ""'), query(arguments="a="), "one", (X,)),
    Line(181, xpr('http.queries.a == ""'), query(arguments="a"), "one", (X,)),
    Line(181, xpr('any(http.queries.a) == "2"'), query(arguments="a=1&a=2"), "one", (X,)),
    Line(181, xpr('http.queries.a == "2"'), query(arguments="a=1&a=2"), None, (X,)),
    Line(183, xpr('http.headers.x_a == "One"'), query(headers={"X-A": "One"}), "one", (X,)),
    Line(183, xpr('http.headers.x_a == "One"'), query(headers={"X-A": "one"}), None, (X,)),
    Line(184, xpr('lower(http.headers.x_a) == "one"'), query(headers={"X-A": "ONE"}), "one", (X,)),
    Line(186, xpr("net.port == 8000"), query(), "one", (X,)),
    Line(187, xpr("net.dst.port == 8000"), query(host="h"), "one", (X,)),
    Line(187, xpr("net.dst.port == 8000"), query(host="h:81"), None, (X,)),
    Line(188, xpr("net.src.ip in 10.0.0.0/8 && net.src.port == 7"), query(client="10.1.1.1", peer_port=7), "one", (X,)),
    Line(188, xpr("net.src.ip == 10.1.1.2"), query(client="10.1.1.1"), None, (X,)),
    Line(188, xpr("net.dst.ip == 127.0.0.9"), query(local="127.0.0.9"), "one", (X,)),
    Line(189, xpr('http.path.segments.1 == "b"'), query("/a/b/c"), "one", (X,)),
    Line(189, xpr('http.path.segments.1 == "b"'), query("/a"), None, (X,)),
    Line(190, xpr("http.path.segments.len == 2"), query("/a/b/"), "one", (X,)),
    Line(190, xpr("http.path.segments.len == 2"), query("/a"), None, (X,)),
    Line(191, xpr('http.path.segments.0_1 == "a/b"'), query("/a/b/c"), "one", (X,)),
    Line(191, xpr('http.path.segments.1_2 == "b/c"'), query("/a/b/c"), "one", (X,)),
    Line(191, xpr('http.path.segments.1_3 == "b/c"'), query("/a/b/c"), None, (X,)),
    Line(195, xpr('!(http.method == "GET" || http.path ^= "/no")'), query("/yes", "PUT"), "one", (X,)),
    Line(195, xpr('!(http.method == "GET" || http.path ^= "/no")'), query("/no", "PUT"), None, (X,)),
    Line(196, xpr('http.path ^= "/a"', methods=["PUT"], hosts=["other"]), query("/a"), "one", (X,)),
    Line(
        197,
        {"plain": r(hosts=["h"], paths=["/a"], methods=["GET"])} | xpr('http.path ^= "/"'),
        query("/a", host="h"),
        "one",
        (X,),
    ),
    Line(
        198,
        {
            "low": r(expression='http.path ^= "/a"', priority=2**46 - 2),
            "high": r(expression='http.path ^= "/"', priority=2**46 - 1),
        },
        query("/a"),
        "high",
        (X,),
    ),
]


@pytest.mark.parametrize(
    ("line", "flavor"),
    [pytest.param(line, flavor, id=f"{line.number}-{flavor}") for line in LINES for flavor in line.flavors],
)
def test_line(line: Line, flavor: Flavor) -> None:
    for _ in range(2):
        assert chosen(line.asked, flavor, **line.routes) == line.wanted


@pytest.mark.parametrize("flavor", NEW)
def test_bad_ranges_match_nothing_and_hurt_nobody(flavor: Flavor) -> None:
    made = [route("bad", expression='http.path.segments.2_1 == "a"', paths=["/bad"]), route("good", paths=["/a"])]
    index = index_of(made, flavor)
    found = index.match(query("/a/a/a"))
    assert found is not None
    assert found.target == "good"
    assert flavor == TC or index.count == 1


@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_remembered_answer_belongs_to_exactly_its_question(flavor: Flavor) -> None:
    """Values are remembered as they were written, though some are compared without case."""
    header = route("header", headers={"x-a": ["one"]})
    index = index_of([header, route("put", methods=["PUT"]), route("re", paths=["~/a/(\\d+)"])], flavor)
    if flavor == X:
        index.edit([], [(route("exact", expression='http.headers.x_a == "One"'), "exact")])
        index.edit([], [(route("src", expression="net.src.ip == 10.0.0.1"), "src")])
        index.edit([], [(route("seg", expression='http.path.segments.0 == "s"'), "seg")])
    for _ in range(2):
        asked = {
            "one": query(headers={"X-A": "one"}),
            "One": query(headers={"X-A": "One"}),
            "put": query(method="PUT"),
            "src": query(client="10.0.0.1"),
            "seg": query("/s/t"),
            "none": query(),
        }
        found = {name: getattr(index.match(each), "target", None) for name, each in asked.items()}
        only = {"One": "exact", "src": "src", "seg": "seg"} if flavor == X else {}
        wanted = {"one": "header", "One": "header", "put": "put", "src": None, "seg": None, "none": None} | only
        assert found == wanted


@pytest.mark.parametrize("flavor", FLAVORS)
def test_captures(flavor: Flavor) -> None:
    """115–119: by position and name, the whole match, what did not take part, and the same from memory."""
    pattern = "~/users/(?P<user>[a-z ]+)/(?P<scope>[a-z]+)?/?(\\d+)?"
    index = index_of(
        [route("one", paths=[pattern]), route("plain", paths=["/p"]), route("bare", paths=["~/b\\d"])], flavor
    )
    for _ in range(2):
        found = index.match(query("/users/john doe/x/7"))
        assert found is not None
        assert [found.capture(each) for each in (0, 1, 2, 3, 4, "user", "scope", "no")] == [
            "/users/john doe/x/7",
            "john doe",
            "x",
            "7",
            None,
            "john doe",
            "x",
            None,
        ]
        left = index.match(query("/users/jo/"))
        assert left is not None
        assert (left.capture("user"), left.capture("scope"), left.capture(3)) == ("jo", None, None)
        for path in ("/p/1", "/b1"):
            none = index.match(query(path))
            assert none is not None
            assert (none.groups, none.named, none.capture(0)) == (None, None, None)


@pytest.mark.parametrize("flavor", FLAVORS)
def test_captures_are_those_of_the_normal_path(flavor: Flavor) -> None:
    path = normal(b"/users/%6aohn%20doe/profile")
    assert path is not None
    found = index_of([route("one", paths=["~/users/(?P<name>[a-z ]+)/profile"])], flavor).match(query(path))
    assert found is not None
    assert found.capture("name") == "john doe"


def test_an_expression_route_has_captures_and_a_matched_part() -> None:
    made = [
        route("prefix", expression='http.host == "h" && http.path ^= "/a"'),
        route("regex", expression='http.path ~ "^/v(?P<major>[0-9])/(x)?"'),
        route("equal", expression='http.path == "/e"'),
    ]
    index = index_of(made, X)
    found = [index.match(asked) for asked in (query("/a/b", host="h"), query("/v1/rest"), query("/e"))]
    assert [each and (each.matched, each.groups) for each in found] == [
        ("/a", None),
        ("/v1/", ("1", None)),
        (None, None),
    ]


def test_a_route_needs_an_id_and_a_failed_change_changes_nothing() -> None:
    index = index_of([route("a", paths=["/a"])])
    with pytest.raises(KeyError):
        index.edit([route("a")["id"]], [({"name": "none", "paths": ["/b"]}, "none")])
    assert index.match(query("/a")) is not None
    index.edit([], [(route("b", paths=["/b"]), "b")])
    assert index.match(query("/b")) is not None


@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_change_that_leaves_only_broken_routes_leaves_none(flavor: Flavor) -> None:
    index: RouteIndex[str] = index_of([route("a", paths=["/a"]), route("b", paths=["/b"])], flavor)
    index.edit([], [(route(name, paths=["~/(" + name]), name) for name in ("a", "b")])
    assert index.count == 0
    assert index.match(query("/a")) is None
