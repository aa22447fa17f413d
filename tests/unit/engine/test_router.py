"""Routes: the reference's order (proxy.md 1.4, 17.1), and an index that is exactly a linear search by that order."""

from __future__ import annotations

import tracemalloc
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.http1.codec import Field, RequestHead
from gwctl.engine.router.hostport import split_host_port
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.router.matcher import Matcher, compile_route, literal_start
from gwctl.engine.router.memo import Memo
from gwctl.engine.router.priority import group_uuid, path_groups, priority
from gwctl.engine.router.query import Found, Query
from gwctl.kit.patterns import compile_pattern
from tests.integration.engine.records import identity

Route = dict[str, Any]

_LETTERS = str.maketrans("0123456789", "ABCDEFGHIJ")


def route(name: str, **values: Any) -> Route:
    return {"id": identity(name), "protocols": ["http", "https"], **values}


def query(
    path: str = "/",
    method: bytes = b"GET",
    host: str = "",
    port: int = 80,
    *,
    https: bool = False,
    sni: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> Query:
    fields: list[Field] = [(name.lower().encode(), name.encode(), value.encode()) for name, value in headers]
    head = RequestHead(method, path.encode(), path.encode(), 1, host.encode(), fields)
    return Query(https=https, method=method, host=host, port=port, path=path, sni=sni, fields=head)


def index_of(routes: Sequence[Route]) -> RouteIndex[str]:
    index: RouteIndex[str] = RouteIndex()
    for record in routes:
        index.add(record, record["id"])
    for _ in index.seal():
        pass
    return index


def linear(matchers: Sequence[Matcher[str]], asked: Query) -> Found[str] | None:
    """The same question answered without any index: every condition of every matcher, the greatest rank wins."""
    best_rank, best_found = -1, None
    for matcher in matchers:
        if matcher.rank <= best_rank or not matcher.accepts(asked):
            continue
        if matcher.hosts is not None and not any(
            rule.accepts(asked.host) and rule.port in (None, asked.port) for rule in matcher.hosts
        ):
            continue
        if matcher.paths is None:
            best_rank, best_found = matcher.rank, Found(matcher.target, None)
            continue
        matches = [rule.match(asked.path) for rule in matcher.paths]
        if any(match is not None for match in matches):
            best_rank, best_found = matcher.rank, Found(matcher.target, "some")
    return best_found


LABELS = st.sampled_from(["a", "b", "c"])
HOSTS = st.builds(".".join, st.lists(LABELS, min_size=1, max_size=3))
HOST_RULES = st.one_of(
    HOSTS,
    HOSTS.map(lambda host: f"*.{host}"),
    HOSTS.map(lambda host: f"{host}.*"),
    HOSTS.map(lambda host: f"{host}:81"),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "x1"]), max_size=3).map(lambda parts: "/" + "/".join(parts))
PATH_RULES = st.one_of(
    PATHS,
    st.sampled_from(["~/a/(?P<n>[a-z]+)", "~/[ab]+$", "~/a?b", "~/ab.*", "~/a|/b", "~/x\\.?1", "~/a/b*", "~/(a)/(b)?"]),
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-A", "x-b"]), st.sampled_from([["1"], ["1", "2"], ["~*^[12]$"], ["A"]]), max_size=2
)


@st.composite
def routes(draw: st.DrawFn) -> list[Route]:
    made = []
    for number in range(draw(st.integers(1, 12))):
        record = route(
            f"route {number}",
            hosts=draw(st.none() | st.lists(HOST_RULES, min_size=1, max_size=3)),
            paths=draw(st.none() | st.lists(PATH_RULES, min_size=1, max_size=3)),
            methods=draw(st.none() | st.lists(st.sampled_from(["GET", "POST"]), min_size=1, max_size=2)),
            headers=draw(st.none() | HEADERS),
            snis=draw(st.none() | st.lists(st.sampled_from(["a", "*.b", "b.*"]), min_size=1, max_size=1)),
            protocols=draw(st.sampled_from([["http"], ["https"], ["http", "https"]])),
            regex_priority=draw(st.sampled_from([0, 0, 5])),
        )
        made.append(record)
    return made


@st.composite
def queries(draw: st.DrawFn) -> Query:
    names = draw(st.lists(st.sampled_from(["x-a", "X-B"]), max_size=3))
    return query(
        path=draw(PATHS),
        method=draw(st.sampled_from([b"GET", b"POST", b"PUT"])),
        host=draw(HOSTS | st.just("")),
        port=draw(st.sampled_from([80, 81])),
        https=draw(st.booleans()),
        sni=draw(st.sampled_from([None, "a", "a.b", "b.a"])),
        headers=[(name, draw(st.sampled_from(["1", "2", "3", "a"]))) for name in names],
    )


def nearly(one: Query) -> list[Query]:
    """Questions that differ from ``one`` in a single thing, which the memory must not mix up."""
    return [
        replace(one, https=not one.https),
        replace(one, method=b"POST" if one.method == b"GET" else b"GET"),
        replace(one, port=161 - one.port),
        replace(one, host="a.b"),
        replace(one, sni="a" if one.sni is None else None),
        replace(one, fields=query(headers=() if one.fields.values(b"x-a") else [("x-a", "1"), ("x-b", "1")]).fields),
    ]


@settings(max_examples=150, deadline=None)
@given(routes(), st.lists(queries(), min_size=1, max_size=8))
def test_the_index_finds_what_a_linear_search_finds(records: list[Route], asked: list[Query]) -> None:
    index = index_of(records)
    matchers = [matcher for record in records for matcher in compile_route(record, record["id"])]
    twins = [twin for one in asked for twin in nearly(one)]
    for one in [*asked, *twins, *asked]:  # the second time from memory
        found, wanted = index.match(one), linear(matchers, one)
        assert (found and found.target) == (wanted and wanted.target)
        if found is not None and wanted is not None:
            assert (found.matched is None) is (wanted.matched is None)


def test_the_index_agrees_with_a_linear_search_at_size() -> None:
    records = [
        route(f"r{number}", hosts=[f"h{number % 50}.test"] if number % 3 else None, paths=[f"/p{number % 97}/{number}"])
        for number in range(5000)
    ]
    index = index_of(records)
    matchers = [matcher for record in records for matcher in compile_route(record, record["id"])]
    for number in range(0, 5000, 331):
        asked = query(f"/p{number % 97}/{number}/rest", host=f"h{number % 50}.test")
        found, wanted = index.match(asked), linear(matchers, asked)
        assert found is not None
        assert wanted is not None
        assert found.target == wanted.target


def chosen(asked: Query, **records: Route) -> str | None:
    """The name of the route that is found."""
    made = [record | {"id": identity(name)} for name, record in records.items()]
    found = index_of(made).match(asked)
    return None if found is None else next(name for name in records if identity(name) == found.target)


def r(**values: Any) -> Route:
    return {"protocols": ["http", "https"], **values}


def test_more_kinds_of_conditions_win() -> None:
    asked = query("/my-route", b"TRACE", "domain-1.org")
    single = {"host": r(hosts=["domain-1.org"]), "path": r(paths=["/my-route"]), "method": r(methods=["TRACE"])}
    assert chosen(asked, **single, two=r(hosts=["domain-1.org"], paths=["/my-route"])) == "two"
    assert chosen(asked, **single, two=r(hosts=["domain-1.org"], methods=["TRACE"])) == "two"
    assert chosen(asked, **single, two=r(paths=["/my"], methods=["TRACE"])) == "two"
    assert (
        chosen(
            asked,
            two=r(hosts=["domain-1.org"], paths=["/my-route"]),
            three=r(hosts=["domain-1.org"], paths=["/my"], methods=["TRACE"]),
        )
        == "three"
    )


def test_the_order_inside_a_number_of_conditions() -> None:
    asked = query("/route/longer", host="a.test", headers=[("X-A", "1"), ("X-B", "1")])
    assert chosen(asked, wild=r(hosts=["*.test"], paths=["/route"]), plain=r(hosts=["a.test"], paths=["/"])) == "plain"
    assert chosen(asked, one=r(headers={"x-a": ["1"]}), two=r(headers={"x-a": ["1"], "x-b": ["1"]})) == "two"
    assert chosen(asked, long=r(paths=["/route/longer"]), regex=r(paths=["~/r"])) == "regex"
    assert (
        chosen(asked, low=r(paths=["~/route/.*"], regex_priority=1), high=r(paths=["~/r"], regex_priority=2)) == "high"
    )
    assert chosen(asked, short=r(paths=["/route"]), long=r(paths=["/route/long"], regex_priority=0)) == "long"
    # a plain host outranks any number of headers
    assert chosen(asked, host=r(hosts=["a.test"]), headers=r(headers={"x-a": ["1"], "x-b": ["1"]})) == "host"
    # regex_priority means nothing to a plain path
    assert chosen(asked, first=r(paths=["/route"], regex_priority=5), second=r(paths=["/route/"])) == "second"


def test_ties_go_to_the_greatest_uuid() -> None:
    made = {name: r(paths=["/"]) for name in ("one", "two", "three", "four")}
    assert chosen(query(), **made) == max(made, key=lambda name: uuid.UUID(identity(name)).int)


def test_the_priority_has_the_documented_bits() -> None:
    record = r(hosts=["a"], headers={"x": ["1"], "y": ["1"]}, paths=["~/a", "/abc"], regex_priority=7)
    assert priority(record, ["~/a"]) == 3 << 61 | 1 << 60 | 2 << 52 | 1 << 51 | 7 << 19
    assert priority(record, ["/abc"]) == 3 << 61 | 1 << 60 | 2 << 52 | 4
    assert priority(r(hosts=["a", "*.b"], methods=["GET"], snis=["s"]), []) == 3 << 61
    assert priority(r(headers={str(number): ["1"] for number in range(300)}), []) == 1 << 61 | 255 << 52
    assert priority(r(paths=["/ø"]), ["/ø"]) == 1 << 61 | 3


def test_paths_of_a_route_are_grouped_and_named() -> None:
    groups = path_groups(["~/b", "/aa", "/c", "~/a", "/bb"])
    assert groups == [["~/b", "~/a"], ["/aa", "/bb"], ["/c"]]
    own = str(uuid.uuid4())
    assert group_uuid(own, 1, 0) == uuid.UUID(own)
    assert group_uuid(own, 3, 1) == uuid.uuid5(uuid.UUID("7f145bf9-0dce-4f91-98eb-debbce4b9f6b"), f"{own}#2")


def test_hosts() -> None:
    assert chosen(query(host="a.test"), one=r(hosts=["A.Test"])) == "one"
    assert chosen(query(host="b.test"), one=r(hosts=["a.test"])) is None
    assert chosen(query(host="x.y.test"), one=r(hosts=["*.test"])) == "one"
    assert chosen(query(host="test"), one=r(hosts=["*.test"])) is None
    assert chosen(query(host="a.test.org"), one=r(hosts=["a.*"])) == "one"
    assert chosen(query(host="ba.test"), one=r(hosts=["a.*"])) is None
    assert chosen(query(host="a.test", port=81), any=r(hosts=["a.test"])) == "any"
    assert chosen(query(host="a.test", port=82), one=r(hosts=["a.test:81"])) is None
    assert chosen(query(host="a.test", port=81), one=r(hosts=["*.test:81"])) == "one"
    assert chosen(query(host="::1", port=80), one=r(hosts=["[::1]:80"])) == "one"


def test_paths() -> None:
    assert chosen(query("/routereq"), one=r(paths=["/route"])) == "one"
    assert chosen(query("/something/my-route"), one=r(paths=["/my-route"])) is None
    assert chosen(query("/x/route"), one=r(paths=["~/route"])) is None
    assert chosen(query("/route/12"), one=r(paths=["~/route/\\d+$"])) == "one"
    assert chosen(query("/route/12x"), one=r(paths=["~/route/\\d+$"])) is None


def test_headers() -> None:
    rules = r(headers={"Version": ["1", "Two"]})
    assert chosen(query(headers=[("version", "two")]), one=rules) == "one"
    assert chosen(query(headers=[("version", "3"), ("VERSION", "1")]), one=rules) == "one"
    assert chosen(query(headers=[("version", "3")]), one=rules) is None
    assert chosen(query(), one=rules) is None
    browser = r(headers={"user-agent": ["~*firefox|CHROME".lower()]})
    assert chosen(query(headers=[("User-Agent", "Mozilla Chrome/1")]), one=browser) == "one"
    assert chosen(query(headers=[("User-Agent", "curl")]), one=browser) is None


def test_server_names_count_on_tls_only() -> None:
    rules = r(snis=["a.test."], protocols=["http", "https"], paths=["/"])
    assert chosen(query(https=True, sni="a.test"), one=rules) == "one"
    assert chosen(query(https=True, sni="b.test"), one=rules) is None
    assert chosen(query(https=True), one=rules) is None
    assert chosen(query(), one=rules) == "one"


def test_protocols() -> None:
    assert chosen(query(https=True), one=r(paths=["/"], protocols=["http"])) is None
    assert chosen(query(https=True), one=r(paths=["/"], protocols=["http"]), two=r(protocols=["https"])) == "two"
    # for TLS alone: a plain request finds it too, and is told to use TLS
    assert chosen(query(), one=r(paths=["/"], protocols=["https"])) == "one"
    assert chosen(query(), one=r(protocols=["tcp"])) is None


def test_captures_of_regular_expressions() -> None:
    index = index_of([route("one", paths=["~/v(?P<major>\\d)/(x)?"])])
    found = index.match(query("/v1/rest"))
    assert found is not None
    assert (found.matched, found.groups, found.named) == ("/v1/", ("1", None), {"major": "1"})
    plain = index_of([route("one", paths=["/v"])]).match(query("/v1"))
    assert plain is not None
    assert (plain.matched, plain.groups) == ("/v", None)


@pytest.mark.parametrize(
    ("pattern", "start"),
    [
        ("/api/v1/(\\d+)", "/api/v1/"),
        ("/api/v1?", "/api/v"),
        ("/api/v1*", "/api/v"),
        ("/api/v1{2}", "/api/v"),
        ("/api/v1+", "/api/v1"),
        ("/a\\.b\\d", "/a.b"),
        ("/a|/b", ""),
        ("(?i)/a", ""),
        ("/a(b|c)", ""),
        ("/plain", "/plain"),
        ("", ""),
    ],
)
def test_literal_starts(pattern: str, start: str) -> None:
    assert literal_start(pattern) == start


@given(st.text("ab/.?*+()|[]\\{}0^$", max_size=12), st.text("ab/.0", max_size=12))
def test_every_match_begins_with_the_literal_start(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except Exception:
        return
    if compiled.match(text) is not None:
        assert text.startswith(literal_start(pattern))


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost", "localhost", None),
        ("localhost:", "localhost", None),
        ("localhost:80", "localhost", 80),
        ("localhost:23h", "localhost:23h", None),
        ("localhost/24", "localhost/24", None),
        ("::1", "::1", None),
        ("[::1]", "::1", None),
        ("[::1]:", "::1", None),
        ("[::1]:80", "::1", 80),
        ("[::1]:80b", "[::1]:80b", None),
        ("[::1]/96", "[::1]/96", None),
        ("", "", None),
    ],
)
def test_hosts_and_ports_are_split(text: str, host: str, port: int | None) -> None:
    assert split_host_port(text) == (host, port)


def test_the_memory_is_bounded_and_keeps_what_is_used() -> None:
    memo: Memo[int] = Memo(10)
    memo.put("kept", 1)
    for number in range(1000):
        memo.put(number, None)
        if number % 5 == 0:
            assert memo.get("kept") == (True, 1)
    assert len(memo._young) + len(memo._old) <= 20
    assert memo.get(1) == (False, None)
    assert memo.get(999) == (True, None)


@pytest.mark.parametrize(
    "asked",
    [
        lambda turn: query("/" + f"{turn}".rjust(7000, "a")),
        lambda turn: query("/", method=f"{turn}".translate(_LETTERS).rjust(7000, "A").encode()),
        lambda turn: query("/", headers=[("x-color", f"{turn}".rjust(7000, "a"))]),
    ],
    ids=["path", "method", "header"],
)
def test_questions_that_come_once_do_not_fill_the_memory(asked: Callable[[int], Query]) -> None:
    index = index_of([route("a", headers={"x-color": ["red"]}), route("b", paths=["/"])])
    tracemalloc.start()
    try:
        for turn in range(2000):
            assert index.match(asked(turn)) is not None
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 2_000_000
