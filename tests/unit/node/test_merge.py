"""Only what differs is written, all of it or nothing, and reading a document twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gwctl.cache import CacheConflict, CacheFull, CacheWriter
from gwctl.declarative import load_values
from gwctl.entities.catalog import Catalog
from gwctl.node import merge
from gwctl.node.merge import Merger, lines, write_records
from tests.tools.stores import catalog

__all__ = ["catalog"]
NOW = 1_800_000_000.5


@pytest.fixture
def writer(tmp_path: Path, catalog: Catalog) -> Iterator[CacheWriter]:
    opened = CacheWriter.open(tmp_path / "cache", catalog, map_size=1 << 20, largest=1 << 20)
    yield opened
    opened.close()


class Put:
    """Puts documents, each read at its own time."""

    def __init__(self, writer: CacheWriter, catalog: Catalog, place: Path) -> None:
        self.writer = writer
        self.catalog = catalog
        self.place = place
        self.merger = Merger(writer, catalog)

    def __call__(self, document: dict[str, Any], *, now: float = NOW, label: str = "label") -> bool:
        declared = load_values({"_format_version": "3.0", **document}, catalog=self.catalog, now=now)
        path = self.place / "records"
        path.write_bytes(b"".join(orjson.dumps([entity, record]) + b"\n" for entity, record in declared))
        return self.merger.put(path, label, now=now, answer=self.place / "answer")

    @property
    def answer(self) -> dict[str, Any]:
        body: dict[str, Any] = orjson.loads((self.place / "answer").read_bytes())
        return body

    def records(self, entity: str) -> list[dict[str, Any]]:
        reader = self.writer.reader()
        with reader.view() as view:
            found = list(view.records(entity))
        reader.close()
        return found


@pytest.fixture
def put(writer: CacheWriter, catalog: Catalog, tmp_path: Path) -> Put:
    return Put(writer, catalog, tmp_path)


def services(*names: str, **fields: Any) -> dict[str, Any]:
    return {"services": [{"name": name, "host": f"{name}.test", **fields} for name in names]}


def test_the_same_document_read_later_changes_nothing(put: Put) -> None:
    assert put(services("a", "b"))
    position = put.writer.position

    assert not put(services("a", "b"), now=NOW + 1000)

    assert put.writer.position == position
    assert {service["created_at"] for service in put.answer["services"].values()} == {int(NOW)}


def test_a_small_change_is_a_small_delta_in_the_same_generation(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put(services("a", "b", "c"))
    generation, number = put.writer.generation, put.writer.position.version.number
    written: list[Any] = []
    apply = put.writer.apply
    monkeypatch.setattr(put.writer, "apply", lambda *a, **k: (written.extend(a[1]), apply(*a, **k))[1])

    assert put({"services": [*services("a", "c")["services"], {"name": "b", "host": "other.test"}]}, now=NOW + 1000)

    assert put.writer.generation == generation
    assert put.writer.position.version.number == number + 1
    (change,) = written
    assert (change.entity, change.record["host"]) == ("services", "other.test")
    assert change.record["created_at"] == int(NOW)
    assert change.record["updated_at"] == int(NOW + 1000)


def test_what_is_not_declared_any_more_goes(put: Put) -> None:
    put({"services": [{"name": "a", "host": "a.test", "routes": [{"name": "r", "paths": ["/r"]}]}]})

    put(services("b"))

    assert [service["name"] for service in put.records("services")] == ["b"]
    assert put.records("routes") == []


def test_times_that_a_document_names_are_kept(put: Put) -> None:
    put({"services": [{"name": "a", "host": "a.test", "created_at": 7, "updated_at": 8}]})

    (service,) = put.records("services")
    assert (service["created_at"], service["updated_at"]) == (7, 8)
    put({"services": [{"name": "a", "host": "a.test", "created_at": 9, "updated_at": 10}]}, now=NOW + 1000)
    (service,) = put.records("services")
    assert (service["created_at"], service["updated_at"]) == (9, 10)


def test_much_at_once_is_a_generation_of_its_own(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MOST_CHANGES", 5)
    put(services("a"))
    generation = put.writer.generation

    put(services(*(f"s{number}" for number in range(9))), now=NOW + 1000)

    assert put.writer.generation == generation + 1
    assert len(put.records("services")) == len(put.answer["services"]) == 9


def test_what_does_not_fit_leaves_everything_as_it_was(put: Put, writer: CacheWriter) -> None:
    put(services("a"))
    position = writer.position
    huge = services(*(f"s{number}" for number in range(3000)))

    with pytest.raises(CacheFull):
        put(huge, now=NOW + 1000)

    assert writer.position == position
    assert [service["name"] for service in put.records("services")] == ["a"]
    assert put(services("b"), now=NOW + 2000)


def test_the_label_belongs_to_the_records(put: Put, writer: CacheWriter, catalog: Catalog, tmp_path: Path) -> None:
    put(services("a"), label="first")
    assert writer.label == "first"
    assert put(services("a"), label="second", now=NOW + 1000)
    assert writer.label == "second"
    writer.close()

    again = CacheWriter.open(tmp_path / "cache", catalog)
    assert again.label == "second"
    again.close()


def test_records_can_be_taken_back(put: Put, writer: CacheWriter, catalog: Catalog, tmp_path: Path) -> None:
    put(services("a"), label="first")
    reader = writer.reader()
    before = put.records("services")
    with reader.view() as view:
        put(services("b"), label="second", now=NOW + 1000)
        write_records(tmp_path / "kept", view, catalog)
    reader.close()

    put.merger.put(tmp_path / "kept", "first", now=float("-inf"))

    assert put.records("services") == before
    assert [entity for entity, _ in lines(tmp_path / "kept")] == ["services"]


def test_records_that_contradict_each_other_are_refused(put: Put, writer: CacheWriter, tmp_path: Path) -> None:
    put(services("a"))
    position = writer.position
    (service,) = put.records("services")
    bad = {**service, "id": "4e13f54a-bbf1-47a8-8777-255fed7116f2"}
    (tmp_path / "bad").write_bytes(b"".join(orjson.dumps(["services", each]) + b"\n" for each in (service, bad)))

    with pytest.raises(CacheConflict):
        put.merger.put(tmp_path / "bad", "bad", now=NOW)

    assert writer.position == position


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3), max_size=6), min_size=1, max_size=4))
def test_after_any_documents_the_cache_holds_the_last(put: Put, documents: list[dict[str, int]]) -> None:
    for turn, document in enumerate(documents):
        put(
            {"services": [{"name": name, "host": "h.test", "port": port} for name, port in document.items()]},
            now=NOW + turn * 10,
        )

    assert {service["name"]: service["port"] for service in put.records("services")} == documents[-1]
