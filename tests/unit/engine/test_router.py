"""The route index: exactly a search through all routes by rank, whatever the flavor and however it was changed."""

from __future__ import annotations

import logging
import random
import time
import tracemalloc
import uuid
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.router.compiling import Flavor
from gwctl.engine.router.hostport import split_host_port
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.router.memo import UNKNOWN, Memo
from gwctl.engine.router.priority import group_uuid, path_groups, priority
from gwctl.engine.router.query import Query
from gwctl.engine.router.rules import literal_start
from gwctl.kit.patterns import PatternError, compile_pattern
from tests.tools.linear_router import search
from tests.tools.routing import FLAVORS, AskedHead, Route, chosen, index_of, query, r, route

LABELS = st.sampled_from(["a", "b", "c"])
HOSTS = st.builds(".".join, st.lists(LABELS, min_size=1, max_size=3))
HOST_RULES = st.one_of(
    HOSTS,
    HOSTS.map(lambda host: f"*.{host}"),
    HOSTS.map(lambda host: f"{host}.*"),
    HOSTS.map(lambda host: f"{host}:81"),
    HOSTS.map(lambda host: f"*.{host}:80"),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "x1"]), max_size=3).map(lambda parts: "/" + "/".join(parts))
PATH_RULES = st.one_of(
    PATHS,
    PATHS.map(lambda path: f"{path}/"[:1] if path == "/" else f"{path}/"),
    st.sampled_from(["~/a/(?P<n>[a-z]+)", "~/[ab]+$", "~/a?b", "~/ab.*", "~/a|/b", "~/x\\.?1", "~/a/b*", "~/(a)/(b)?"]),
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-A", "x-b", "x-c"]), st.sampled_from([["1"], ["1", "2"], ["~*^[12]$"], ["A"]]), max_size=2
)
PREDICATES = st.one_of(
    PATHS.map(lambda path: f'http.path ^= "{path}"'),
    PATHS.map(lambda path: f'http.path == "{path}"'),
    HOSTS.map(lambda host: f'http.host == "{host}"'),
    HOSTS.map(lambda host: f'http.host =^ ".{host}"'),
    st.sampled_from(
        [
            'http.path ~ "^/(a|b)/(x1)?"',
            'http.path contains "ab"',
            'http.path.segments.0 == "a"',
            'http.path.segments.0_1 == "a/b"',
            "http.path.segments.len == 2",
            'http.method == "GET"',
            'http.headers.x_a == "1"',
            'any(lower(http.headers.x_a)) == "a"',
            'any(http.headers.x_b) != "1"',
            'http.queries.q == "1"',
            'any(http.queries.q) == ""',
            'tls.sni == "a"',
            'net.protocol == "https"',
            "net.src.ip in 10.0.0.0/8",
            "net.src.port == 40000",
            "net.dst.port != 81",
        ]
    ),
)
EXPRESSIONS = st.recursive(
    PREDICATES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " && ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " || ".join(parts) + ")"),
        inner.map(lambda part: f"!({part})"),
    ),
    max_leaves=5,
)


@st.composite
def records(draw: st.DrawFn, name: str) -> Route:
    protocols = draw(st.sampled_from([["http"], ["https"], ["http", "https"]]))
    if draw(st.integers(0, 2)) == 0:
        return route(
            name,
            protocols=protocols,
            expression=draw(EXPRESSIONS),
            priority=draw(st.integers(0, 2)),
            methods=["PUT"],
            created_at=1,
        )
    return route(
        name,
        hosts=draw(st.none() | st.lists(HOST_RULES, min_size=1, max_size=3)),
        paths=draw(st.none() | st.lists(PATH_RULES, min_size=1, max_size=3)),
        methods=draw(st.none() | st.lists(st.sampled_from(["GET", "POST"]), min_size=1, max_size=2)),
        headers=draw(st.none() | HEADERS),
        snis=draw(st.none() | st.lists(st.sampled_from(["a", "*.b", "b.*", "b.a."]), min_size=1, max_size=2)),
        protocols=protocols,
        regex_priority=draw(st.sampled_from([0, 0, 5, -1])),
        created_at=draw(st.integers(1, 3)),
    )


@st.composite
def queries(draw: st.DrawFn) -> Query:
    names = draw(st.lists(st.sampled_from(["x-a", "X-B", "x-c"]), max_size=3))
    return query(
        path=draw(PATHS),
        method=draw(st.sampled_from(["GET", "POST", "PUT"])),
        host=draw(st.one_of(st.just(""), HOSTS)) + draw(st.sampled_from(["", ":80", ":81"])),
        arguments=draw(st.sampled_from(["", "q=1", "q", "q=1&q=2", "p=1"])),
        https=draw(st.booleans()),
        sni=draw(st.sampled_from([None, "a", "a.b", "b.a", "A"])),
        headers=[(name, draw(st.sampled_from(["1", "2", "3", "a", "A"]))) for name in names],
        client=draw(st.sampled_from(["10.1.1.1", "192.0.2.1"])),
        peer_port=draw(st.sampled_from([40000, 40001])),
        port=draw(st.sampled_from([80, 81])),
    )


def same(index: RouteIndex[str], present: Sequence[Route], asked: Query) -> None:
    found, wanted = index.match(asked), search(present, asked, index.flavor)
    assert (found and found.target) == (wanted and wanted.name)
    if found is not None and wanted is not None and wanted.matched is not None:
        assert found.matched == wanted.matched


@pytest.mark.parametrize("flavor", FLAVORS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_index_finds_what_a_linear_search_finds(flavor: Flavor, data: st.DataObject) -> None:
    """Also after changes in place, and also from memory."""
    present: dict[str, Route] = {}
    index: RouteIndex[str] = RouteIndex(flavor)
    asked = data.draw(st.lists(queries(), min_size=1, max_size=6))
    for _ in range(data.draw(st.integers(1, 4))):
        gone = data.draw(st.lists(st.sampled_from([f"route {n}" for n in range(14)]), max_size=4, unique=True))
        numbers = data.draw(st.lists(st.integers(0, 13), max_size=8, unique=True))
        new = {f"route {number}": data.draw(records(f"route {number}")) for number in numbers}
        if flavor != "expressions":
            new = {name: record for name, record in new.items() if "expression" not in record}
        index.edit([route(name)["id"] for name in gone], [(record, name) for name, record in new.items()])
        present = {name: record for name, record in present.items() if name not in gone} | new
        assert index.count == len(present)
        for one in [*asked, *asked]:
            same(index, list(present.values()), one)


@pytest.mark.parametrize("flavor", FLAVORS)
@pytest.mark.parametrize("size", [1, 300, 5000])
def test_the_index_agrees_with_a_linear_search_at_size(flavor: Flavor, size: int) -> None:
    rng = random.Random(size)
    made = [sized(rng, number, flavor) for number in range(size)]
    index = index_of(made, flavor)
    asked = [question(rng, size) for _ in range(12)]
    for one in asked:
        same(index, made, one)
    gone = made[:: max(size // 7, 1)]
    index.edit([record["id"] for record in gone], [])
    left = [record for record in made if record not in gone]
    for one in asked:
        same(index, left, one)


def sized(rng: random.Random, number: int, flavor: Flavor) -> Route:
    """A route of a large configuration, of one of its usual shapes."""
    name = f"r{number}"
    shape = number % 7
    if shape == 0:
        return route(name, paths=["/"], headers={"x-tenant": [f"t{number}"]}, created_at=number)
    if shape == 1:
        return route(name, paths=[f"/p{number % 97}/{number}", f"/q{number % 5}"], created_at=number)
    if shape == 2:
        return route(name, hosts=[f"*.h{number % 50}.test"], paths=["~/p\\d+/(\\d+)"], created_at=number % 9)
    if shape == 3:
        return route(name, hosts=[f"h{number % 50}.test"], methods=[rng.choice(["GET", "POST"])], created_at=number)
    if shape == 4 and flavor == "expressions":
        text = f'http.host == "h{number % 50}.test" && http.path ^= "/p{number % 97}" && http.method == "GET"'
        return route(name, expression=text, priority=number % 11)
    if shape == 5 and flavor == "expressions":
        return route(name, expression=f'any(http.headers.x_tenant) == "t{number}" || http.path == "/q{number}"')
    if shape == 6:
        return route(name, headers={f"x-{number}": ["1"]}, created_at=number)
    return route(name, hosts=[f"h{number % 50}.test"], paths=[f"/p{number % 97}/{number}"], created_at=number)


def question(rng: random.Random, size: int) -> Query:
    number = rng.randrange(size)
    headers = rng.choice([{}, {"X-Tenant": f"T{number}"}, {f"x-{number}": "1"}, {f"n{n}": "1" for n in range(20)}])
    path = rng.choice(["/", f"/p{number % 97}/{number}/rest", f"/q{number % 7}", f"/q{number}"])
    return query(path, host=rng.choice(["", f"h{number % 50}.test", f"a.h{number % 50}.test"]), headers=headers)


def test_no_change_is_half_done() -> None:
    index = index_of([route("a", paths=["/a"]), route("b", paths=["/b"])])
    with pytest.raises(TypeError):
        index.edit([route("a")["id"]], [(route("c", paths=["/c"]), "c"), (route("d", paths=7), "d")])
    assert [getattr(index.match(query(path)), "target", None) for path in ("/a", "/b", "/c")] == ["a", "b", None]


def test_a_route_that_cannot_be_compiled_is_named_and_skipped(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        index = index_of([route("bad", paths=["~/a("]), route("good", paths=["/a"])])
    assert index.count == 1
    assert index.match(query("/a(")) is not None
    assert "routes bad is skipped: pcre2_compile() failed" in caplog.text


def test_what_goes_leaves_nothing_behind() -> None:
    """Tables, lists, facets and what is read of requests: all as before."""
    rng = random.Random(1)
    made = [sized(rng, number, "expressions") for number in range(400)]
    index = index_of([], "expressions")
    for record in made:
        index.add(record, record["name"])
    for _ in range(3):
        index.edit([record["id"] for record in made], [(record, record["name"]) for record in made])
    index.edit([record["id"] for record in made], [])
    assert index.count == 0
    assert not index._any_host
    assert not any(index._tables.values())
    assert not index._reads
    assert index._extras == ()
    inside = index._any_host
    assert (inside._starts, inside._facets or {}, inside._lengths, inside._more or {}, inside._depths) == (
        {},
        {},
        {},
        {},
        [],
    )


def test_a_change_forgets_what_was_remembered() -> None:
    index = index_of([route("a", paths=["/a"]), route("checked", methods=["PUT"])])
    assert index.match(query("/a/b")) is not None
    assert index.match(query("/b")) is None
    index.edit([], [(route("b", paths=["/b"]), "b"), (route("ab", paths=["/a/b"]), "ab")])
    found = [index.match(query(path)) for path in ("/a/b", "/b")]
    assert [each and each.target for each in found] == ["ab", "b"]
    index.edit([route("ab")["id"], route("b")["id"]], [])
    found = [index.match(query(path)) for path in ("/a/b", "/b")]
    assert [each and each.target for each in found] == ["a", None]


def test_headers_and_arguments_are_read_only_if_a_route_reads_them() -> None:
    asked = query("/a", headers={"x-a": "1"}, arguments="q=1")
    index = index_of([route("a", paths=["/a"]), route("c", hosts=["c"])], "expressions")
    assert index.match(asked) is not None
    assert isinstance(asked.head, AskedHead)
    assert asked.head.read == []
    assert asked.arguments is None
    index.add(route("h", headers={"x-b": ["1"]}), "h")
    index.match(asked)
    assert set(asked.head.read) == {b"x-b"}
    index.add(route("q", expression='http.queries.q == "1"'), "q")
    index.match(asked)
    assert asked.arguments == {"q": ("1",)}


def test_ties_go_to_the_greatest_uuid() -> None:
    made = {name: route(name, paths=["/"]) for name in ("one", "two", "three", "four")}
    found = index_of(made.values()).match(query())
    assert found is not None
    assert found.target == max(made, key=lambda name: uuid.UUID(made[name]["id"]).int)


def test_the_priority_has_the_documented_bits() -> None:
    record = r(hosts=["a"], headers={"x": ["1"], "y": ["1"]}, paths=["~/a", "/abc"], regex_priority=7)
    assert priority(record, ["~/a"]) == 3 << 61 | 1 << 60 | 2 << 52 | 1 << 51 | (7 + 2**31) << 19
    assert priority(record, ["/abc"]) == 3 << 61 | 1 << 60 | 2 << 52 | 4
    assert priority(r(hosts=["a", "*.b"], methods=["GET"], snis=["s"]), []) == 3 << 61
    assert priority(r(headers={str(number): ["1"] for number in range(300)}), []) == 1 << 61 | 255 << 52
    assert priority(r(paths=["/ø"]), ["/ø"]) == 1 << 61 | 3


def test_paths_of_a_route_are_grouped_and_named() -> None:
    groups = path_groups(["~/b", "/aa", "/c", "~/a", "/bb"])
    assert groups == [["~/b", "~/a"], ["/aa", "/bb"], ["/c"]]
    own = str(uuid.uuid4())
    assert group_uuid(own, 1, 0) == uuid.UUID(own).int
    assert group_uuid(own, 3, 1) == uuid.uuid5(uuid.UUID("7f145bf9-0dce-4f91-98eb-debbce4b9f6b"), f"{own}#2").int


def test_protocols() -> None:
    for flavor in FLAVORS:
        assert chosen(query(https=True), flavor, one=r(paths=["/"], protocols=["http"])) is None
        assert (
            chosen(query(https=True), flavor, one=r(paths=["/"], protocols=["http"]), two=r(protocols=["https"]))
            == "two"
        )
        # for TLS alone: a plain request finds it too, and is told to use TLS
        assert chosen(query(), flavor, one=r(paths=["/"], protocols=["https"])) == "one"
        assert chosen(query(), flavor, one=r(protocols=["tcp"])) is None


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
        ("/a(b|c)", "/a"),
        ("/a[|]b", "/a"),
        ("/a(b|c)|/d", ""),
        ("/plain", "/plain"),
        ("", ""),
    ],
)
def test_literal_starts(pattern: str, start: str) -> None:
    assert literal_start(pattern) == start


@settings(max_examples=150)
@given(st.text("ab/.?*+()|[]\\{}0^$Q", max_size=12), st.text("ab/.0", max_size=12))
def test_every_match_begins_with_the_literal_start(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
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
    memo: Memo[int] = Memo(20)
    memo.put("kept", 1, 4)
    for number in range(1000):
        memo.put(number, None, 1)
        if number % 5 == 0:
            assert memo.get("kept") == 1
        assert len(memo) <= 40
    assert memo.get(1) is UNKNOWN
    assert memo.get(999) is None


def test_forgetting_everything_does_not_stall() -> None:
    """A hundred thousand entries are freed with the answers that follow, not at once."""
    memo: Memo[int] = Memo(200_000)
    for number in range(100_000):
        memo.put((f"host{number}", f"/path/{number}"), number, 1)
    start = time.thread_time()
    memo.clear()
    assert time.thread_time() - start < 0.002
    assert memo.get(("host1", "/path/1")) is UNKNOWN
    for number in range(100_000 // 7):
        memo.put(number, number, 1)
    assert len(memo) < 20_000


@pytest.mark.parametrize(
    "asked",
    [
        lambda turn: query("/" + f"{turn}".rjust(7000, "a")),
        lambda turn: query("/", host=f"{turn}".rjust(7000, "a")),
        lambda turn: query("/", headers=[("x-color", f"{turn}".rjust(7000, "a"))]),
    ],
    ids=["path", "host", "header"],
)
def test_questions_that_come_once_do_not_fill_the_memory(asked: Callable[[int], Query]) -> None:
    index = index_of([route("a", headers={"x-color": ["red"]}), route("b", paths=["/"]), route("c", hosts=["c"])])
    tracemalloc.start()
    try:
        for turn in range(2000):
            assert index.match(asked(turn)) is not None
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 2_000_000
