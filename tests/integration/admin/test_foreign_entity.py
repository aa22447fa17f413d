"""Endpoints of entities that a plugin declares (acceptance list 17-foreign-entity)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gwctl.entities.all import ENTITIES
from gwctl.entities.catalog import Catalog
from gwctl.entities.common import Identified
from gwctl.kit.clock import SystemClock
from gwctl.kit.ids import new_uuid
from gwctl.schema import Reference, fields
from gwctl.store import DatabaseConfig, Store
from gwctl.store.engine import open_engine
from gwctl.store.tables import build_tables
from tests.integration.admin.conftest import Admin, Serve

NOT_FOUND = {"message": "Not found"}


class ForeignEntity(Identified, name="foreign_entities", path="foreign-entities", endpoint_key="name"):
    """What others refer to."""

    name: str | None = fields.string(unique=True)
    same: str | None = fields.string(uuid=True)


class ForeignReference(Identified, name="foreign_references", path="foreign-references", endpoint_key="name"):
    """What refers to it."""

    name: str | None = fields.string(unique=True)
    same: Reference | None = fields.foreign("foreign_entities", on_delete="cascade")


@pytest.fixture
def admin(serve: Serve, bootstrapped: DatabaseConfig) -> Iterator[Admin]:
    catalog = Catalog([*ENTITIES, ForeignEntity, ForeignReference])
    engine = open_engine(bootstrapped)
    tables = build_tables(catalog)
    tables.metadata.create_all(engine)
    engine.dispose()
    store = Store.open(bootstrapped, catalog, SystemClock())
    with serve(catalog=catalog, store=store) as started:
        yield started
    store.close()


def test_the_parent_of_a_record(admin: Admin) -> None:
    parent = admin.made("/foreign-entities", {"name": "e"})
    child = admin.made("/foreign-references", {"name": "r", "same": {"id": parent["id"]}})
    free = admin.made("/foreign-references", {"name": "free"})
    for key in (child["id"], "r"):
        path = f"/foreign-references/{key}/same"
        assert admin.ask("GET", path).json == parent
        other = new_uuid()
        parent = admin.ask("PATCH", path, {"same": other}).json
        assert parent["same"] == other
        bad = admin.ask("PATCH", path, {"same": "no uuid"})
        assert (bad.status, bad.json["message"]) == (400, "schema violation (same: expected a valid UUID)")
        assert admin.ask("DELETE", path).status == 405
    for key in (new_uuid(), "nobody", free["id"]):
        assert admin.ask("GET", f"/foreign-references/{key}/same").json == NOT_FOUND
        assert admin.ask("DELETE", f"/foreign-references/{key}/same").status == 404
    assert admin.ask("DELETE", f"/foreign-entities/{new_uuid()}/foreign-references/{child['id']}").json == NOT_FOUND
    versions = len(admin.commits)
    assert admin.ask("DELETE", f"/foreign-entities/e/foreign-references/{child['id']}").status == 204
    assert len(admin.commits) == versions + 1
    assert admin.ask("GET", "/foreign-references/r").json == NOT_FOUND
