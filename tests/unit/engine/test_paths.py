"""Path handling v0: every reference case of proxy.md 1.8, and the normal form of 1.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.router.paths import encoded, header_text, normal, upstream_path
from gwctl.kit.patterns import compile_pattern

# service path, route path (None: hosts only), strip (None: either), request -> upstream
CASES: list[tuple[str, str | None, bool | None, str]] = [
    ("/", "/", None, "/→/ /route→/route /route/→/route/ /routereq→/routereq /route/req→/route/req"),
    ("/", "/route", False, "/route→/route /route/→/route/ /routereq→/routereq"),
    ("/", "/route", True, "/route→/ /route/→/ /routereq→/req"),
    ("/", "/route/", False, "/route/→/route/ /route/req→/route/req"),
    ("/", "/route/", True, "/route/→/ /route/req→/req"),
    ("/srv", "/rou", False, "/roureq→/srv/roureq"),
    ("/srv", "/rou", True, "/roureq→/srv/req"),
    ("/srv/", "/rou", False, "/rou→/srv/rou"),
    ("/srv/", "/rou", True, "/rou→/srv"),
    (
        "/service",
        "/",
        None,
        "/→/service /route→/service/route /route/→/service/route/ /routereq→/service/routereq "
        "/route/req→/service/route/req",
    ),
    ("/service", "/route", False, "/route→/service/route /route/→/service/route/ /routereq→/service/routereq"),
    ("/service", "/route", True, "/route→/service /route/→/service/ /routereq→/service/req"),
    ("/service", "/route/", False, "/route/→/service/route/ /route/req→/service/route/req"),
    ("/service", "/route/", True, "/route/→/service/ /route/req→/service/req"),
    (
        "/service/",
        "/",
        None,
        "/→/service/ /route→/service/route /route/→/service/route/ /routereq→/service/routereq "
        "/route/req→/service/route/req",
    ),
    ("/service/", "/route", False, "/route→/service/route /route/→/service/route/ /routereq→/service/routereq"),
    ("/service/", "/route", True, "/route→/service /route/→/service/ /routereq→/service/req"),
    ("/service/", "/route/", False, "/route/→/service/route/ /route/req→/service/route/req"),
    ("/service/", "/route/", True, "/route/→/service/ /route/req→/service/req"),
    ("/", None, None, "/→/ /route→/route /route/→/route/"),
    ("/service", None, None, "/→/service /route→/service/route /route/→/service/route/"),
    ("/service/", None, None, "/→/service/ /route→/service/route /route/→/service/route/"),
    *(
        (base, "/route", True, f"/route{dots}/req→/service/req")
        for base in ("/service", "/service/")
        for dots in (".", "%2E", "%2e", "..", "%2E%2E", "%2e%2E")
    ),
    *(
        (base, "/route", False, f"/route{dots}/req→/service/route{shown}/req")
        for base in ("/service", "/service/")
        for dots, shown in ((".", "."), ("%2E", "."), ("%2e", "."), ("..", ".."), ("%2E%2E", ".."), ("%2e%2E", ".."))
    ),
]
ROWS = [
    (base, path, strip, *pair.split("→"))
    for base, path, strips, pairs in CASES
    for strip in ((True, False) if strips is None else (strips,))
    for pair in pairs.split()
]


@pytest.mark.parametrize(("base", "path", "strip", "request_path", "wanted"), ROWS)
def test_reference_case(base: str, path: str | None, strip: bool, request_path: str, wanted: str) -> None:
    found = normal(request_path.encode())
    assert found is not None
    # a route without paths strips nothing, but its base and the path meet as after a strip
    assert upstream_path(base, found, path, strip=strip or path is None) == wanted


# path handling v1, where it differs from v0
OLD_CASES: list[tuple[str, str | None, bool | None, str]] = [
    ("/srv", "/rou", False, "/roureq→/srvroureq"),
    ("/srv", "/rou", True, "/roureq→/srvreq"),
    ("/srv/", "/rou", False, "/rou→/srv/rou"),
    ("/srv/", "/rou", True, "/rou→/srv/"),
    (
        "/service",
        "/",
        None,
        "/→/service /route→/serviceroute /route/→/serviceroute/ /routereq→/serviceroutereq "
        "/route/req→/serviceroute/req",
    ),
    ("/service", "/route", False, "/route→/serviceroute /route/→/serviceroute/ /routereq→/serviceroutereq"),
    ("/service", "/route", True, "/route→/service /route/→/service/ /routereq→/servicereq"),
    ("/service", "/route/", False, "/route/→/serviceroute/ /route/req→/serviceroute/req"),
    ("/service", "/route/", True, "/route/→/service /route/req→/servicereq"),
    ("/service/", "/route", True, "/route→/service/ /route/→/service/ /routereq→/service/req"),
    ("/service", None, None, "/→/service /route→/serviceroute /route/→/serviceroute/"),
    *(("/service", "/route", True, f"/route{dots}/req→/servicereq") for dots in (".", "%2E", "..", "%2e%2E")),
    ("/service", "/route", False, "/route%2e/req→/serviceroute./req /route%2E%2e/req→/serviceroute../req"),
]
_CHANGED = {(base, path) for base, path, _, _ in OLD_CASES}
OLD_ROWS = [
    (base, path, strip, *pair.split("→"))
    for base, path, strips, pairs in [*OLD_CASES, *(case for case in CASES if case[:2] not in _CHANGED)]
    for strip in ((True, False) if strips is None else (strips,))
    for pair in pairs.split()
]


@pytest.mark.parametrize(("base", "path", "strip", "request_path", "wanted"), OLD_ROWS)
def test_reference_case_of_old_path_handling(
    base: str, path: str | None, strip: bool, request_path: str, wanted: str
) -> None:
    found = normal(request_path.encode())
    assert found is not None
    assert upstream_path(base, found, path, strip=strip or path is None, old=True) == wanted


@pytest.mark.parametrize(
    ("base", "path", "strip", "request_path", "wanted", "old"),
    [(*row, old) for old, rows in ((False, ROWS), (True, OLD_ROWS)) for row in rows if row[1] is not None],
)
def test_reference_case_of_an_expression(
    base: str, path: str, strip: bool, request_path: str, wanted: str, old: bool
) -> None:
    found = normal(request_path.encode())
    assert found is not None
    match = compile_pattern(f"/[0]?{path[1:]}").match(found)
    assert match is not None
    assert upstream_path(base, found, match.group(), strip=strip, old=old) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"/foo/a/../bar", "/foo/bar"),
        (b"//foo///bar", "/foo/bar"),
        (b"/foo/./bar", "/foo/bar"),
        (b"/h%65llo", "/hello"),
        (b"/a%20b", "/a b"),
        (b"/foo%2fBar", "/foo%2FBar"),
        (b"/%c3%b8", "/ø"),
        (b"/a/%2e%2e/b", "/b"),
        (b"/a/..", "/"),
        (b"/%21%2a%3b", "/%21%2A%3B"),
        (b"/%ff", None),
        (b"/%ed%a0%80", None),
    ],
)
def test_normal_form(raw: bytes, wanted: str | None) -> None:
    assert normal(raw) == wanted


@pytest.mark.parametrize(
    ("path", "wire"),
    [
        ("/a b", b"/a%20b"),
        ("/foo%2FBar", b"/foo%2FBar"),
        ("/ø", b"/%C3%B8"),
        ('/"<>^`{|}\\', b"/%22%3C%3E%5E%60%7B%7C%7D%5C"),
    ],
)
def test_encoding_for_the_wire(path: str, wire: bytes) -> None:
    assert encoded(path) == wire


SEGMENTS = st.lists(st.sampled_from(["a", "b.", "..c", "%2e", ".", "..", "", "%20", "route", "%41"]), max_size=6)


@given(SEGMENTS, st.sampled_from(["/", "/service", "/service/"]), st.integers(0, 12), st.booleans())
def test_the_result_never_leaves_the_base(segments: list[str], base: str, cut: int, strip: bool) -> None:
    """Whatever part of the path a route matches, no dot segment reaches the upstream."""
    path = normal(("/" + "/".join(segments)).encode())
    assert path is not None
    result = upstream_path(base, path, path[:cut] or "/", strip=strip)
    assert result.startswith(base.rstrip("/"))
    assert not {".", ".."} & set(result.split("/"))


@given(st.text(max_size=20))
def test_header_text_has_no_line_ends(text: str) -> None:
    try:
        shown = header_text(text)
    except UnicodeEncodeError:
        return
    assert not set(shown) & set(b"\r\n\0")
