"""Records, indexes, digest and journal against a model, for any sequence of changes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gwctl.cache import CacheConflict, CacheError, CacheWriter, Change, Delta, DigestMismatch
from gwctl.entities import core_catalog
from gwctl.kit.digest import combine, record_digest
from gwctl.kit.version import Version
from tests.tools.memory_feed import make_record

CATALOG = core_catalog()
ORDER = {schema.name: place for place, schema in enumerate(CATALOG.exported)}
SERVICES = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(4)]
ROUTES = [f"00000000-0000-4000-8000-10000000000{n}" for n in range(6)]
Model = dict[tuple[str, str], dict[str, Any]]


def service(key: str, name: str | None = None, **values: Any) -> dict[str, Any]:
    return make_record(CATALOG, "services", id=key, name=name, **values)


def route(key: str, parent: str | None, name: str | None = None) -> dict[str, Any]:
    return make_record(CATALOG, "routes", id=key, name=name, service={"id": parent} if parent else None)


def digest_of(model: Model) -> int:
    total = 0
    for (entity, key), record in model.items():
        total = combine(total, add=record_digest(entity, key, CATALOG[entity].canonical(record)))
    return total


def net(before: Model, after: Model) -> Model:
    """What a delta must say, None for gone."""
    changed: dict[tuple[str, str], Any] = {key: None for key in before if key not in after}
    changed |= {key: record for key, record in after.items() if before.get(key) != record}
    return changed


def apply_to(model: Model, delta: Delta) -> Model:
    result = dict(model)
    for entity, key, text in delta.changes:
        if text is None:
            result.pop((entity, key), None)
        else:
            result[entity, key] = orjson.loads(text)
    return result


class CacheMachine(RuleBasedStateMachine):
    """Random changesets on a cache with a journal; a dict is the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.writer = CacheWriter.open(
            Path(self.directory.name) / "c", CATALOG, journal=True, durable=False, map_size=1 << 16
        )
        generation = self.writer.begin_generation()
        generation.commit(Version("L", 0))
        self.model: Model = {}
        self.history: list[Model] = [{}]
        self.views: list[tuple[Any, Any, Model]] = []

    def teardown(self) -> None:
        for reader, view, _ in self.views:
            view.close()
            reader.close()
        self.writer.close()
        self.directory.cleanup()

    def commit(self, changes: Iterable[Change], model: Model) -> None:
        number = len(self.history)
        self.writer.apply(Version("L", number), changes, expected=digest_of(model))
        self.model = model
        self.history.append(dict(model))

    @rule(key=st.sampled_from(SERVICES), name=st.sampled_from(["a", "b", None]), port=st.integers(1, 9))
    def put_service(self, key: str, name: str | None, port: int) -> None:
        record = service(key, name, port=port)
        model = self.model | {("services", key): record}
        change = Change("services", key, record)
        holders = [pair for pair, r in self.model.items() if name and pair[0] == "services" and r["name"] == name]
        if any(holder != ("services", key) for holder in holders):
            with pytest.raises(CacheConflict, match="already used"):
                self.writer.apply(Version("L", len(self.history)), [change])
        else:
            self.commit([change], model)

    @rule(key=st.sampled_from(ROUTES), parent=st.sampled_from([*SERVICES, None]))
    def put_route(self, key: str, parent: str | None) -> None:
        record = route(key, parent)
        change = Change("routes", key, record)
        if parent is not None and ("services", parent) not in self.model:
            with pytest.raises(CacheConflict, match="does not exist"):
                self.writer.apply(Version("L", len(self.history)), [change])
        else:
            self.commit([change], self.model | {("routes", key): record})

    @rule(keys=st.sets(st.sampled_from([*SERVICES, *ROUTES]), max_size=4))
    def delete(self, keys: set[str]) -> None:
        gone = {("services" if key in SERVICES else "routes", key) for key in keys}
        model = {pair: record for pair, record in self.model.items() if pair not in gone}
        held = any(record.get("service") and ("services", record["service"]["id"]) in gone for record in model.values())
        changes = [Change(entity, key, None) for entity, key in gone]
        if held:
            with pytest.raises(CacheConflict, match="still refers"):
                self.writer.apply(Version("L", len(self.history)), changes)
        else:
            self.commit(changes, model)

    @rule()
    def swap_names(self) -> None:
        named = [(pair, record) for pair, record in self.model.items() if pair[0] == "services" and record["name"]]
        if len(named) == 2:
            (first, one), (second, two) = named
            model = self.model | {first: one | {"name": two["name"]}, second: two | {"name": one["name"]}}
            self.commit([Change(*first, model[first]), Change(*second, model[second])], model)

    @precondition(lambda self: len(self.views) < 3)
    @rule()
    def keep_a_view(self) -> None:
        reader = self.writer.reader()
        self.views.append((reader, reader.view(), dict(self.model)))

    @rule(back=st.integers(0, 6))
    def delta(self, back: int) -> None:
        number = max(0, len(self.history) - 1 - back)
        delta = self.writer.delta_from(number)
        assert delta is not None
        assert apply_to(self.history[number], delta) == self.model
        assert set(net(self.history[number], self.model)) <= {(c.entity, c.key) for c in delta.changes}
        places = [(c.text is None, ORDER[c.entity]) for c in delta.changes]
        assert places == sorted(places, key=lambda p: (p[0], -p[1] if p[0] else p[1]))

    @invariant()
    def position_fits(self) -> None:
        position = self.writer.position
        assert (position.digest, position.records) == (digest_of(self.model), len(self.model))
        assert position.version == Version("L", len(self.history) - 1)

    @invariant()
    def lookups_fit(self) -> None:
        reader = self.writer.reader()
        with reader.view() as view:
            check_view(view, self.model)
        reader.close()
        for _, view, model in self.views:
            check_view(view, model)


def check_view(view: Any, model: Model) -> None:
    for entity in ("services", "routes"):
        records = {r["id"]: r for r in view.records(entity)}
        assert records == {key: record for (kind, key), record in model.items() if kind == entity}
    for name in ("a", "b"):
        named = [r for (kind, _), r in model.items() if kind == "services" and r["name"] == name]
        assert view.find("services", "name", name) == (named[0] if named else None)
    for parent in SERVICES:
        children = [
            key for (kind, key), r in model.items() if kind == "routes" and (r["service"] or {}).get("id") == parent
        ]
        assert sorted(r["id"] for r in view.children("routes", "service", parent)) == sorted(children)


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


def test_a_wrong_digest_applies_nothing(tmp_path: Path) -> None:
    writer = CacheWriter.open(tmp_path, CATALOG)
    writer.begin_generation().commit(Version("L", 1))
    with pytest.raises(DigestMismatch):
        writer.apply(Version("L", 2), [Change("services", SERVICES[0], service(SERVICES[0]))], expected=7)
    assert writer.position.version == Version("L", 1)
    reader = writer.reader()
    with reader.view() as view:
        assert view.get("services", SERVICES[0]) is None
    reader.close()
    writer.close()


def test_a_generation_with_another_digest_than_announced_does_not_become_current(tmp_path: Path) -> None:
    writer = CacheWriter.open(tmp_path, CATALOG)
    generation = writer.begin_generation()
    generation.put("services", service(SERVICES[0]))
    with pytest.raises(DigestMismatch):
        generation.commit(Version("L", 1), expected=1)
    generation.abort()
    assert (writer.position.records, writer.generation) == (0, 1)
    writer.close()


@pytest.mark.parametrize("version", [Version("other", 9), Version("L", 4)])
def test_a_version_that_does_not_continue_is_refused(tmp_path: Path, version: Version) -> None:
    writer = CacheWriter.open(tmp_path, CATALOG)
    writer.begin_generation().commit(Version("L", 5))
    with pytest.raises(CacheError, match="does not continue"):
        writer.apply(version, [])
    writer.close()


def test_a_kind_of_entity_that_is_not_exported_is_refused(tmp_path: Path) -> None:
    writer = CacheWriter.open(tmp_path, CATALOG)
    writer.begin_generation().commit(Version("L", 1))
    with pytest.raises(CacheConflict, match="unknown"):
        writer.apply(Version("L", 2), [Change("clustering_data_planes", "x", {"id": "x"})])
    writer.close()


def test_the_journal_forgets_the_oldest_deletions_and_then_knows_no_difference(tmp_path: Path) -> None:
    writer = CacheWriter.open(tmp_path, CATALOG, journal=True, tombstones=3, durable=False)
    generation = writer.begin_generation()
    keys = [f"00000000-0000-4000-8000-{n:012d}" for n in range(6)]
    for key in keys:
        generation.put("services", service(key))
    generation.commit(Version("L", 10))
    for number, key in enumerate(keys, 11):
        writer.apply(Version("L", number), [Change("services", key, None)])
    assert writer.delta_from(10) is None
    assert writer.delta_from(12) is None
    delta = writer.delta_from(13)
    assert delta is not None
    assert [change.key for change in delta.changes] == sorted(keys[3:])
    writer.close()


def test_without_a_journal_there_are_no_deltas(tmp_path: Path) -> None:
    writer = CacheWriter.open(tmp_path, CATALOG)
    writer.begin_generation().commit(Version("L", 1))
    assert writer.delta_from(1) is None
    writer.close()


def test_long_and_odd_keys_are_kept_apart(tmp_path: Path) -> None:
    writer = CacheWriter.open(tmp_path, CATALOG, durable=False)
    writer.begin_generation().commit(Version("L", 1))
    names = ["n" * 600, "n" * 601, "a|b", "a", "#", "ü" * 300]
    records = [service(f"00000000-0000-4000-8000-{n:012d}", host="h") | {"name": name} for n, name in enumerate(names)]
    writer.apply(Version("L", 2), [Change("services", record["id"], record) for record in records])
    reader = writer.reader()
    with reader.view() as view:
        for record in records:
            assert view.find("services", "name", record["name"]) == record
    reader.close()
    writer.close()
