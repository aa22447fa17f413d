"""Whatever is written in whatever order: log, tables, tags and lists tell one story."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from gwctl.entities.catalog import core_catalog
from gwctl.kit.ids import new_uuid
from gwctl.schema import EntityError
from gwctl.store import DatabaseConfig, Store
from tests.tools.postgres import quick_place
from tests.tools.stores import ManualClock, bootstrap

NAMES = st.sampled_from(["a", "b", "c"])
TAGS = st.none() | st.lists(st.sampled_from(["x", "y", "z"]), max_size=3)
CATALOG = core_catalog()


class Writes(RuleBasedStateMachine):
    """A model that only knows the change log, against everything else that the store says."""

    services: Bundle[str] = Bundle("services")
    routes: Bundle[str] = Bundle("routes")
    upstreams: Bundle[str] = Bundle("upstreams")

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(dir=quick_place()))
        config = DatabaseConfig(path=self.directory / "gwctl.db")
        bootstrap(config)
        self.clock = ManualClock()
        self.store = Store.open(config, CATALOG, self.clock)
        self.number = 0
        self.folded: dict[tuple[str, str], dict[str, Any]] = {}

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.directory)

    def write(self, verb: str, *arguments: Any) -> Any:
        """One unit of work; a refusal is an answer, too."""
        self.clock.time += 1
        with contextlib.suppress(EntityError), self.store.write() as unit:
            return getattr(unit, verb)(*arguments)
        return None

    @rule(target=services, name=NAMES, tags=TAGS)
    def insert_service(self, name: str, tags: list[str] | None) -> Any:
        made = self.write("insert", "services", {"name": name, "host": "h", "tags": tags})
        return made["id"] if made else multiple()

    @rule(target=services, key=st.uuids(version=4), name=NAMES)
    def put_service(self, key: Any, name: str) -> Any:
        made = self.write("upsert", "services", str(key), {"name": name, "host": "h"})
        return made["id"] if made else multiple()

    @rule(name=NAMES, tags=TAGS)
    def put_service_by_name(self, name: str, tags: list[str] | None) -> None:
        self.write("upsert", "services", name, {"host": "put", "tags": tags})

    @rule(key=services | NAMES, name=NAMES, tags=TAGS)
    def patch_service(self, key: str, name: str, tags: list[str] | None) -> None:
        self.write("update", "services", key, {"name": name, "tags": tags})

    @rule(target=routes, service=st.none() | services, tags=TAGS)
    def insert_route(self, service: str | None, tags: list[str] | None) -> Any:
        reference = {"id": service} if service else None
        made = self.write("insert", "routes", {"paths": ["/"], "service": reference, "tags": tags})
        return made["id"] if made else multiple()

    @rule(route=routes, service=st.none() | services)
    def move_route(self, route: str, service: str | None) -> None:
        self.write("update", "routes", route, {"service": {"id": service} if service else None})

    @rule(service=st.none() | services, route=st.none() | routes, name=NAMES)
    def insert_plugin(self, service: str | None, route: str | None, name: str) -> None:
        scope = {"service": {"id": service} if service else None, "route": {"id": route} if route else None}
        self.write("insert", "plugins", {"name": name, "tags": [name], **scope})

    @rule(target=upstreams, name=NAMES)
    def insert_upstream(self, name: str) -> Any:
        made = self.write("insert", "upstreams", {"name": f"{name}.test"})
        return made["id"] if made else multiple()

    @rule(upstream=upstreams, port=st.integers(1, 3), tags=TAGS)
    def insert_target(self, upstream: str, port: int, tags: list[str] | None) -> None:
        self.write("insert", "targets", {"target": f"h:{port}", "upstream": {"id": upstream}, "tags": tags})

    @rule(entity=st.just("services"), key=services | NAMES)
    def delete_service(self, entity: str, key: str) -> None:
        self.write("delete", entity, key)

    @rule(key=routes)
    def delete_route(self, key: str) -> None:
        self.write("delete", "routes", key)

    @rule(key=upstreams)
    def delete_upstream(self, key: str) -> None:
        self.write("delete", "upstreams", key)

    @rule()
    def write_several_and_fail(self) -> None:
        with contextlib.suppress(LookupError), self.store.write() as unit:
            unit.insert("services", {"host": "never", "tags": ["never"]})
            raise LookupError

    @rule(keep=st.integers(1, 5))
    def prune(self, keep: int) -> None:
        self.store.prune(keep)

    @invariant()
    def everything_tells_one_story(self) -> None:
        self.the_log_has_no_gap_and_folds_to_the_tables()
        self.references_lead_to_records()
        self.tags_and_lists_agree_with_the_records()

    def the_log_has_no_gap_and_folds_to_the_tables(self) -> None:
        batch = self.store.changes_after(self.number)
        assert batch is not None
        assert sorted({change.version for change in batch.changes}) == list(range(self.number + 1, batch.to + 1))
        for change in batch.changes:
            if change.record is None:
                del self.folded[change.entity, change.key]
            else:
                self.folded[change.entity, change.key] = change.record
        self.number = batch.to
        with self.store.snapshot() as snapshot:
            assert snapshot.version.number == self.number
            stored = {(entity, CATALOG[entity].key_of(record)): record for entity, record in snapshot.records()}
        assert stored == self.folded

    def references_lead_to_records(self) -> None:
        for (entity, _), record in self.folded.items():
            for field, foreign in CATALOG[entity].foreign.items():
                assert record[field] is None or (foreign.reference, record[field]["id"]) in self.folded

    def tags_and_lists_agree_with_the_records(self) -> None:
        expected = sorted(
            (entity, key, tag) for (entity, key), record in self.folded.items() for tag in record.get("tags") or ()
        )
        with self.store.read() as reads:
            rows = reads.page("tags", size=1000).data
            assert sorted((row["entity_name"], row["entity_id"], row["tag"]) for row in rows) == expected
            for tag in ("x", "y"):
                listed = {record["id"] for record in reads.page("services", size=1000, tags=tag).data}
                assert listed == {key for entity, key, each in expected if (entity, each) == ("services", tag)}
            assert reads.get("services", new_uuid()) is None


Writes.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestWrites = Writes.TestCase
