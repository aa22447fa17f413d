"""Lists: order, pages, tags; on every database."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gwctl.schema import EntityError
from gwctl.store import Store


def fill(store: Store, entity: str, *records: dict[str, Any]) -> list[str]:
    """Insert records; returns their keys in order."""
    with store.write() as unit:
        return [unit.insert(entity, record)["id"] for record in records]


def walk(store: Store, entity: str, **options: Any) -> list[list[dict[str, Any]]]:
    """All pages from the first to the last."""
    pages: list[list[dict[str, Any]]] = []
    offset: str | None = None
    while True:
        with store.read() as reads:
            page = reads.page(entity, offset=offset, **options)
        pages.append(page.data)
        offset = page.offset
        if offset is None:
            return pages


def refusal(store: Store, **options: Any) -> dict[str, Any]:
    with pytest.raises(EntityError) as caught, store.read() as reads:
        reads.page("consumers", **options)
    return caught.value.body()


def test_pages_come_in_the_order_of_keys(store: Store) -> None:
    keys = sorted(fill(store, "consumers", *({"username": f"u{number}"} for number in range(7))))
    pages = walk(store, "consumers", size=3)
    assert [[row["id"] for row in page] for page in pages] == [keys[:3], keys[3:6], keys[6:]]


def test_a_full_last_page_has_no_next(store: Store) -> None:
    fill(store, "consumers", *({"username": f"u{number}"} for number in range(4)))
    assert [len(page) for page in walk(store, "consumers", size=2)] == [2, 2]


def test_an_empty_list_is_one_empty_page(store: Store) -> None:
    assert walk(store, "consumers") == [[]]


def test_paging_past_the_end_is_empty(store: Store) -> None:
    fill(store, "consumers", {"username": "u"})
    token = base64.b64encode(b'["ffffffff-ffff-ffff-ffff-ffffffffffff"]').decode()
    with store.read() as reads:
        assert reads.page("consumers", offset=token).data == []


def test_the_offset_is_the_last_key_in_unpadded_base64(store: Store) -> None:
    keys = sorted(fill(store, "consumers", {"username": "a"}, {"username": "b"}))
    with store.read() as reads:
        offset = reads.page("consumers", size=1).offset
    assert offset is not None
    assert "=" not in offset
    assert base64.b64decode(offset + "==") == f'["{keys[0]}"]'.encode()


@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        ("zzz", "bad json encoding"),
        ("%%%", "bad base64 encoding"),
        ("x", "bad base64 encoding"),
        ("WzFd", "invalid offset"),
        ("Wzex", "bad json encoding"),
        ("W10", "invalid offset"),
    ],
)
def test_a_bad_offset_is_refused(store: Store, offset: str, reason: str) -> None:
    assert refusal(store, offset=offset) == {
        "code": 7,
        "name": "invalid offset",
        "message": f"'{offset}' is not a valid offset: {reason}",
    }


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_a_bad_size_is_refused(store: Store, size: int) -> None:
    body = refusal(store, size=size)
    assert (body["code"], body["message"]) == (9, "size must be an integer between 1 and 1000")


def test_tags_filter_with_and_and_or(store: Store) -> None:
    a, b, ab, _ = fill(
        store,
        "consumers",
        {"username": "a", "tags": ["a"]},
        {"username": "b", "tags": ["b"]},
        {"username": "ab", "tags": ["b", "a"]},
        {"username": "none"},
    )
    fill(store, "services", {"host": "h", "id": b, "tags": ["a"]})
    found = {text: {row["id"] for page in walk(store, "consumers", tags=text) for row in page} for text in _FILTERS}
    assert found == {"a": {a, ab}, "a,b": {ab}, "a/b": {a, b, ab}, "a,a": {a, ab}, "c": set(), "a,c": set()}


_FILTERS = ("a", "a,b", "a/b", "a,a", "c", "a,c")


def test_tags_filter_pages(store: Store) -> None:
    keys = fill(store, "consumers", *({"username": f"u{number}", "tags": ["t"]} for number in range(5)))
    pages = walk(store, "consumers", size=2, tags="t")
    assert [row["id"] for page in pages for row in page] == sorted(keys)
    assert len(pages) == 3


def test_tags_follow_updates(store: Store) -> None:
    fill(store, "consumers", {"username": "u", "tags": ["a", "b"]})
    with store.write() as unit:
        unit.update("consumers", "u", {"tags": ["b", "c"]})
    assert [[len(page) for page in walk(store, "consumers", tags=tag)] for tag in "abc"] == [[0], [1], [1]]
    with store.write() as unit:
        unit.upsert("consumers", "u", {})
    with store.read() as reads:
        assert reads.page("tags").data == []


def test_the_list_of_tags_has_a_row_for_each_record_and_tag(store: Store) -> None:
    one, two = sorted(fill(store, "consumers", {"username": "a", "tags": ["x", "y"]}, {"username": "b", "tags": ["x"]}))
    fill(store, "services", {"host": "h", "id": one, "tags": ["z"]})
    with store.read() as reads:
        names = {key: reads.get("consumers", key)["tags"] for key in (one, two)}  # type: ignore[index]
    expected = [("services", one, "z"), *(("consumers", key, tag) for key in (one, two) for tag in names[key])]
    for size in (1, 2, 100):
        rows = [row for page in walk(store, "tags", size=size) for row in page]
        listed = [(row["entity_name"], row["entity_id"], row["tag"]) for row in rows]
        assert sorted(listed) == sorted(expected)
    with store.read() as reads:
        assert {row["entity_id"] for row in reads.page("tags", where={"tag": "x"}).data} == {one, two}


def test_where_narrows_a_list_to_a_parent(store: Store) -> None:
    one, two = fill(store, "services", {"name": "one", "host": "h"}, {"name": "two", "host": "h"})
    fill(store, "routes", {"paths": ["/1"], "service": {"id": one}}, {"paths": ["/0"]})
    key = fill(store, "routes", {"name": "r", "paths": ["/2"], "service": {"id": two}})[0]
    with store.read() as reads:
        assert [row["id"] for row in reads.page("routes", where={"service": {"id": two}}).data] == [key]
        assert [row["paths"] for row in reads.page("routes", where={"service": None}).data] == [["/0"]]
        assert reads.get("routes", "r", where={"service": {"id": one}}) is None
        assert reads.get("routes", key, where={"service": {"id": two.upper()}}) is not None
