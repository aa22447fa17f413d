from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.kit.path_table import PathTable


def table(*paths: str) -> PathTable[str]:
    made: PathTable[str] = PathTable()
    for path in paths:
        made.add(path, path)
    return made


ROUTES = table("/", "/a", "/a/{x}", "/a/{x}/b", "/a/all", "/a/{x}/b/{y}", "/s/{n}", "/s/plugins/{n}", "/ab")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/", ("/", {})),
        (b"/a", ("/a", {})),
        (b"/a/", ("/a", {})),
        (b"/a/1", ("/a/{x}", {"x": "1"})),
        (b"/a/all", ("/a/all", {})),
        (b"/a/all/b", ("/a/{x}/b", {"x": "all"})),
        (b"/a/1/b/2/", ("/a/{x}/b/{y}", {"x": "1", "y": "2"})),
        (b"/s/plugins", ("/s/{n}", {"n": "plugins"})),
        (b"/s/plugins/p", ("/s/plugins/{n}", {"n": "p"})),
        (b"/a/x%2Fy", ("/a/{x}", {"x": "x/y"})),
        (b"/%61", ("/a", {})),
        (b"/a/\xc3\xbc", ("/a/{x}", {"x": "ü"})),
        (b"/a/%FF", ("/a/{x}", {"x": "\udcff"})),
        (b"", None),
        (b"a", None),
        (b"//a", None),
        (b"//", None),
        (b"/a//", None),
        (b"/a//b", None),
        (b"/A", None),
        (b"/a/1/c", None),
        (b"/a/1/b/2/3", None),
    ],
)
def test_find(path: bytes, expected: tuple[str, dict[str, str]] | None) -> None:
    assert ROUTES.find(path) == expected


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.text(min_size=1, alphabet="ab/%{} "))
def test_any_text_comes_back_from_its_quoted_form(one: str, other: str) -> None:
    path = f"/a/{quote(one, safe='')}/b/{quote(other, safe='')}".encode()
    assert ROUTES.find(path) == ("/a/{x}/b/{y}", {"x": one, "y": other})


@given(st.binary(max_size=40))
def test_no_bytes_raise(path: bytes) -> None:
    ROUTES.find(path)


def test_paths_are_listed_by_segment() -> None:
    assert [path for path, _ in table("/ab", "/a/z", "/a", "/")] == ["/", "/a", "/a/z", "/ab"]


def test_a_path_is_taken_once() -> None:
    with pytest.raises(ValueError, match="in the table already"):
        table("/a/{x}", "/a/{y}")
