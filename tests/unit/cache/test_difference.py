"""What the cache says has changed between two views of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.cache import CacheView, CacheWriter, difference
from gwctl.entities import core_catalog
from gwctl.kit.version import Version
from tests.tools.memory_feed import RecordDict, make_record

CATALOG = core_catalog()


def consumer(name: str, **values: object) -> RecordDict:
    return make_record(CATALOG, "consumers", username=name, **values)


ONE, TWO, THREE = (consumer(name) for name in ("one", "two", "three"))


class Cache:
    def __init__(self, path: Path) -> None:
        self.writer = CacheWriter.open(path, CATALOG, journal=True, durable=False)
        self.number = 1
        generation = self.writer.begin_generation()
        generation.put("consumers", ONE)
        generation.commit(Version("L", 1))
        self.views: list[CacheView] = []

    def apply(self, *changes: tuple[str, RecordDict | None], number: int | None = None) -> None:
        self.number = number or self.number + 1
        self.writer.apply(Version("L", self.number), [("consumers", key, record) for key, record in changes])

    def view(self) -> CacheView:
        reader = self.writer.reader()
        self.views.append(reader.view())
        reader.close()
        return self.views[-1]

    def close(self) -> None:
        for view in self.views:
            view.close()
        self.writer.close()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = Cache(tmp_path / "cache")
    yield made
    made.close()


def keys(*records: RecordDict) -> list[tuple[str, str]]:
    return sorted(("consumers", record["id"]) for record in records)


def test_it_names_what_was_added_changed_and_deleted_since(cache: Cache) -> None:
    cache.apply((TWO["id"], TWO))
    before = cache.view()
    cache.apply((THREE["id"], THREE))
    cache.apply((ONE["id"], ONE | {"tags": ["x"]}), (TWO["id"], None))

    assert sorted(cache.view().changed_since(before) or []) == keys(ONE, TWO, THREE)


def test_what_is_as_it_was_is_not_named(cache: Cache) -> None:
    before = cache.view()
    cache.apply((TWO["id"], TWO), (ONE["id"], ONE | {"tags": ["x"]}))
    cache.apply((TWO["id"], None), (ONE["id"], ONE))

    assert cache.view().changed_since(before) == []


def test_of_another_generation_nothing_is_known(cache: Cache) -> None:
    before = cache.view()
    generation = cache.writer.begin_generation()
    generation.put("consumers", TWO)
    generation.commit(Version("L", 5))

    assert cache.view().changed_since(before) is None


def test_of_another_lineage_nothing_is_known(cache: Cache) -> None:
    before = cache.view()
    generation = cache.writer.begin_generation()
    generation.commit(Version("M", 1))

    assert cache.view().changed_since(before) is None


def test_what_was_written_without_a_journal_is_noticed(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    before = cache.view()
    cache.writer._tombstones = None
    cache.apply((TWO["id"], TWO))
    cache.writer._tombstones = 10
    cache.apply((THREE["id"], THREE))

    assert cache.view().changed_since(before) is None
    cache.close()


def test_two_states_under_one_number_are_noticed(cache: Cache) -> None:
    cache.apply((TWO["id"], TWO), number=2)
    before = cache.view()
    cache.apply((THREE["id"], THREE), number=2)
    cache.apply((ONE["id"], None), number=3)

    assert cache.view().changed_since(before) is None


def test_too_much_is_not_told(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.view()
    cache.apply((TWO["id"], TWO), (THREE["id"], THREE))
    monkeypatch.setattr(difference, "MOST_DIFFERENCES", 1)

    assert cache.view().changed_since(before) is None
