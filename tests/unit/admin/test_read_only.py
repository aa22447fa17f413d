"""Reading the cache as the Admin API reads a store; writes end in a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.admin.marks import Marks, decode_position, encode_position
from gwctl.admin.read_only import CachedStore
from gwctl.cache import CacheWriter
from gwctl.declarative import load_values
from gwctl.entities.catalog import Catalog
from gwctl.kit.digest import ZEROS
from gwctl.kit.version import Version
from gwctl.schema import EntityError
from tests.tools.stores import ManualClock, catalog

__all__ = ["catalog"]
DOCUMENT: dict[str, Any] = {
    "_format_version": "3.0",
    "services": [
        {
            "name": f"s{number}",
            "host": "a.test",
            "tags": [f"t{number % 3}", "all"],
            "routes": [{"name": f"r{number}", "paths": ["/a"]}],
        }
        for number in range(25)
    ],
    "consumers": [{"username": "bob", "custom_id": "7"}],
}


@pytest.fixture
def writer(tmp_path: Path, catalog: Catalog) -> Iterator[CacheWriter]:
    opened = CacheWriter.open(tmp_path / "cache", catalog)
    fill(opened, catalog, DOCUMENT)
    yield opened
    opened.close()


def fill(writer: CacheWriter, catalog: Catalog, document: dict[str, Any]) -> None:
    generation = writer.begin_generation()
    for entity, record in load_values(document, catalog=catalog, now=1_800_000_000.0):
        generation.put(entity, record)
    generation.commit(Version("L", writer.position.version.number + 1), label="the-label")


@pytest.fixture
def store(writer: CacheWriter, catalog: Catalog) -> Iterator[CachedStore]:
    opened = CachedStore(writer.reader(), catalog, ManualClock())
    yield opened
    opened.close()


def names(store: CachedStore, **arguments: Any) -> list[str]:
    found: list[str] = []
    offset: str | None = None
    while True:
        with store.read() as reads:
            page = reads.page("services", offset=offset, **arguments)
        found += [record["name"] for record in page.data]
        offset = page.offset
        if offset is None:
            return found


def test_pages_join_to_the_whole_list(store: CachedStore) -> None:
    whole = names(store)

    assert sorted(whole) == sorted(f"s{number}" for number in range(25))
    for size in (1, 7, 24, 25, 26):
        assert names(store, size=size) == whole
    with store.read() as reads:
        assert [record["name"] for record in reads.page("services", size=5, offset=encode_position(20)).data] == whole[
            20:
        ]


def test_filters(store: CachedStore) -> None:
    assert set(names(store, tags="all,t1", size=3)) == {f"s{number}" for number in range(1, 25, 3)}
    assert len(names(store, tags="t1/t2", size=4)) == 16
    assert names(store, tags="t") == []
    with store.read() as reads:
        service = reads.get("services", "s3")
        assert service is not None
        page = reads.page("routes", where={"service": {"id": service["id"]}})
        assert [route["name"] for route in page.data] == ["r3"]
        assert reads.get("routes", "r3", where={"service": {"id": service["id"]}}) is not None
        assert reads.get("routes", "r4", where={"service": {"id": service["id"]}}) is None
        assert reads.find("consumers", "custom_id", "7") is not None
        assert reads.find("services", "host", "a.test") is not None
        assert reads.distinct("services", "host") == ["a.test"]
        assert len(reads.page("tags", size=1000, where={"tag": "t0"}).data) == 9
        with pytest.raises(EntityError) as caught:
            reads.get("certificates", "no-uuid")
    assert caught.value.number == 1


def test_one_read_sees_one_state_and_the_next_the_new_one(
    store: CachedStore, writer: CacheWriter, catalog: Catalog
) -> None:
    with store.read() as reads:
        fill(writer, catalog, {"_format_version": "3.0", "services": [{"name": "new", "host": "b.test"}]})
        assert reads.get("services", "s1") is not None
        assert reads.get("services", "new") is None
    assert names(store) == ["new"]
    assert store.configuration_hash() == "the-label"
    fill(writer, catalog, {"_format_version": "3.0"})
    assert store.configuration_hash() == ZEROS


def test_an_offset_of_another_state_still_counts(store: CachedStore, writer: CacheWriter, catalog: Catalog) -> None:
    with store.read() as reads:
        offset = reads.page("services", size=10).offset
    fill(writer, catalog, {**DOCUMENT, "services": DOCUMENT["services"][:12]})

    with store.read() as reads:
        assert len(reads.page("services", size=10, offset=offset).data) == 2


def test_a_valid_write_is_refused_and_an_invalid_one_explained(store: CachedStore) -> None:
    with store.write() as unit:
        for write, number in (
            (lambda: unit.insert("services", {"host": "a.b"}), 12),
            (lambda: unit.insert("services", {}), 2),
            (lambda: unit.insert("routes", {"paths": ["/x"], "service": {"name": "nope"}}), 13),
            (lambda: unit.insert("routes", {"paths": ["/x"], "service": {"name": "s1"}}), 12),
            (lambda: unit.upsert("services", "s1", {"host": "a.b"}), 12),
            (lambda: unit.upsert("services", "bad name", {"host": "a.b"}), 10),
            (lambda: unit.update("services", "s1", {"port": 1}), 12),
            (lambda: unit.update("services", "s1", {"port": "x"}), 2),
            (lambda: unit.update("services", "nope", {"port": 1}), 6),
            (lambda: unit.delete("services", "s1"), 12),
        ):
            with pytest.raises(EntityError) as caught:
                write()
            assert caught.value.number == number
    assert unit.version is None


@given(st.integers(0, 10**15 - 1))
def test_offsets_are_numbers(number: int) -> None:
    assert decode_position(encode_position(number)) == number
    assert decode_position(encode_position(number).rstrip("=")) == number


@given(st.text(max_size=20))
def test_whatever_else_is_an_invalid_offset(text: str) -> None:
    number = None
    try:
        position = decode_position(text)
    except EntityError as error:
        number = error.number
    assert number == 7 or position >= 0


def test_a_number_beyond_every_list_is_an_invalid_offset() -> None:
    with pytest.raises(EntityError, match="invalid offset"):
        decode_position(encode_position(10**16))


def test_marks_are_forgotten_not_wrong() -> None:
    marks = Marks()
    for position in range(3000):
        marks.keep("list", position, f"key-{position}")

    assert marks.near("list", 2999) == ("key-2999", 2999)
    assert marks.near("list", 1) == (None, 0)
    assert marks.near("other", 2999) == (None, 0)
