"""Plans carried out on real databases: one version, all or nothing, other writers respected."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.changes import Carrying, Plan, PlanOptions, import_
from gwctl.changes.carry import ATTEMPTS, tell
from gwctl.declarative import load_values
from gwctl.store import Overtaken, Store

NOW = 1_800_000_100.0

DOCUMENT: dict[str, Any] = {
    "_format_version": "3.0",
    "services": [
        {
            "name": "one",
            "host": "one.test",
            "tags": ["a", "b"],
            "routes": [{"name": "path", "paths": ["/"], "plugins": [{"name": "key-auth"}]}],
        }
    ],
    "consumers": [{"username": "c", "basicauth_credentials": [{"username": "u", "password": "p"}]}],
    "upstreams": [{"name": "up", "targets": [{"target": "10.0.0.1:80"}, {"target": "10.0.0.2:80", "weight": 3}]}],
}


def carrying(store: Store, document: dict[str, Any], now: float = NOW, **more: Any) -> Carrying:
    options = {name: more.pop(name) for name in ("delete", "select_tags") if name in more}

    def wanted() -> Any:
        return dict(load_values(document, catalog=store.catalog, now=now).records)

    options["transform"] = load_values(document, catalog=store.catalog, now=now).transform
    return Carrying(store, wanted, PlanOptions(now=now, **options), **more)


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    with store.read() as reads:
        return {
            entity: list(reads.page(entity, size=1000).data)
            for entity in (
                "services",
                "routes",
                "plugins",
                "consumers",
                "basicauth_credentials",
                "upstreams",
                "targets",
            )
        }


def test_a_document_becomes_one_version(store: Store) -> None:
    before = store.version().number

    plan, version = carrying(store, DOCUMENT).carry_out("tester")

    assert plan.counts() == {"created": 8, "updated": 0, "deleted": 0}
    assert (version, version.number) == (store.version(), before + 1)
    batch = store.changes_after(before)
    assert batch is not None
    logged = {(change.entity, change.key): change.record for change in batch.changes}
    stored = {(entity, record["id"]): record for entity, records in everything(store).items() for record in records}
    assert logged == {name: record for name, record in logged.items() if name in stored or name[0] == "workspaces"}
    assert {name: logged[name] for name in stored} == stored
    with store.read() as reads:
        assert [tag["tag"] for tag in reads.page("tags").data] == ["a", "b"]


def test_the_same_document_again_is_no_version(store: Store) -> None:
    carrying(store, DOCUMENT).carry_out()
    before = store.version()

    plan, version = carrying(store, DOCUMENT, now=NOW + 100).carry_out()

    assert (plan.changes, version, store.version()) == ([], before, before)


def test_the_records_are_the_same_as_those_of_single_requests(store: Store) -> None:
    carrying(store, DOCUMENT).carry_out()
    made = everything(store)
    with store.write() as unit:
        for entity, records in made.items():
            for record in records:
                given = {name: value for name, value in record.items() if name != "password"}
                extra = {"password": "p"} if "password" in record else {}
                unit.upsert(entity, record["id"], {**given, **extra})

    again = everything(store)

    for entity, records in made.items():
        for one, other in zip(records, again[entity], strict=True):
            assert {**one, "updated_at": 0} == {**other, "updated_at": 0}


def test_changes_of_every_kind_at_once(store: Store) -> None:
    carrying(store, DOCUMENT).carry_out()
    with store.read() as reads:
        service = reads.get("services", "one")
    wanted = {
        "_format_version": "3.0",
        "services": [
            {"name": "one", "host": "other.test", "tags": ["b", "c"]},
            {"name": "two", "host": "two.test"},
        ],
    }

    plan, _ = carrying(store, wanted, now=NOW + 1).carry_out()

    assert plan.counts() == {"created": 1, "updated": 1, "deleted": 7}
    found = everything(store)
    assert [len(found[entity]) for entity in ("routes", "plugins", "consumers", "upstreams", "targets")] == [0] * 5
    changed = next(each for each in found["services"] if each["name"] == "one")
    assert service is not None
    assert changed == {**service, "host": "other.test", "tags": ["b", "c"], "updated_at": int(NOW + 1)}
    with store.read() as reads:
        assert sorted(tag["tag"] for tag in reads.page("tags").data) == ["b", "c"]


def test_names_may_be_swapped_and_passed_on(store: Store) -> None:
    names = [("a", 1), ("b", 2), ("c", 3)]
    ids = {number: f"0000000{number}-0000-4000-8000-000000000000" for _, number in names}

    def document(*pairs: tuple[str, int]) -> dict[str, Any]:
        upstreams = [{"id": ids[number], "name": name} for name, number in pairs]
        return {"_format_version": "3.0", "upstreams": upstreams}

    carrying(store, document(*names)).carry_out()

    carrying(store, document(("b", 1), ("a", 2))).carry_out()
    carrying(store, document(("a", 1), ("c", 2))).carry_out()

    assert [(each["name"], each["id"]) for each in everything(store)["upstreams"]] == [("a", ids[1]), ("c", ids[2])]


def test_a_writer_in_between_is_kept_when_it_touched_something_else(store: Store) -> None:
    def meanwhile(plan: Plan) -> None:
        with store.write() as unit:
            unit.insert("services", {"name": f"other-{store.version().number}", "host": "h"})

    carrying(store, DOCUMENT, planned=meanwhile).carry_out()

    assert len(everything(store)["services"]) == 2


def test_a_writer_in_between_that_touched_the_same_makes_it_plan_again(store: Store) -> None:
    plans: list[Plan] = []

    def meanwhile(plan: Plan) -> None:
        plans.append(plan)
        if len(plans) == 1:
            with store.write() as unit:
                unit.insert("services", {"name": "one", "host": "faster.test"})

    carrying(store, DOCUMENT, planned=meanwhile).carry_out()

    (service,) = everything(store)["services"]
    assert service["host"] == "one.test"
    assert [plan.counts() for plan in plans] == [
        {"created": 8, "updated": 0, "deleted": 0},
        {"created": 7, "updated": 1, "deleted": 0},
    ]


def test_an_update_of_a_record_that_changed_meanwhile_is_planned_again(store: Store) -> None:
    carrying(store, DOCUMENT).carry_out()
    wanted = {**DOCUMENT, "services": [{"name": "one", "host": "new.test"}]}
    plans: list[Plan] = []

    def meanwhile(plan: Plan) -> None:
        plans.append(plan)
        if len(plans) == 1:
            with store.write() as unit:
                unit.update("services", "one", {"port": 8000})

    carrying(store, wanted, planned=meanwhile).carry_out()

    (service,) = everything(store)["services"]
    assert (service["host"], service["port"], len(plans)) == ("new.test", 80, 2)


def test_it_gives_up_when_others_are_always_faster_and_changes_nothing(store: Store) -> None:
    carrying(store, DOCUMENT).carry_out()
    wanted = {**DOCUMENT, "services": [{"name": "one", "host": "new.test"}]}
    ports = iter(range(8000, 9000))

    def meanwhile(plan: Plan) -> None:
        with store.write() as unit:
            unit.update("services", "one", {"port": next(ports)})

    with pytest.raises(Overtaken):
        carrying(store, wanted, planned=meanwhile).carry_out()

    assert next(ports) == 8000 + ATTEMPTS
    assert everything(store)["services"][0]["host"] == "one.test"
    assert len(everything(store)["routes"]) == 1


def test_with_a_condition_nothing_is_planned_twice(store: Store) -> None:
    carrying(store, DOCUMENT).carry_out()

    def meanwhile(plan: Plan) -> None:
        with store.write() as unit:
            unit.update("services", "one", {"port": 8000})

    wanted = {"_format_version": "3.0"}
    with pytest.raises(Overtaken):
        carrying(store, wanted, planned=meanwhile).carry_out(if_match=tell(store.version()))

    assert len(everything(store)["services"]) == 1


def test_a_failure_in_the_middle_leaves_everything_as_it_was(store: Store) -> None:
    before = (store.version(), everything(store))

    def progress(done: int) -> None:
        if done >= 4:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        carrying(store, DOCUMENT, progress=progress).carry_out()

    assert (store.version(), everything(store)) == before


def test_an_import_deletes_nothing_and_may_be_repeated(store: Store) -> None:
    with store.write() as unit:
        unit.insert("services", {"name": "mine", "host": "h"})
    declared = load_values(DOCUMENT, catalog=store.catalog, now=NOW)

    first, version = import_(store, declared, now=NOW)
    second, same = import_(store, declared, now=NOW)

    assert first.counts() == {"created": 8, "updated": 0, "deleted": 0}
    assert (second.counts(), same) == ({"created": 0, "updated": 0, "deleted": 0}, version)
    assert [each["name"] for each in sorted(everything(store)["services"], key=lambda each: each["name"])] == [
        "mine",
        "one",
    ]


def test_a_very_large_version_asks_its_readers_to_copy_everything(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.version().number
    carrying(store, DOCUMENT).carry_out()
    assert store.changes_after(before) is not None

    monkeypatch.setattr("gwctl.store.change_log.LARGEST", 5)

    assert store.changes_after(before) is None
    assert store.changes_after(store.version().number) is not None
