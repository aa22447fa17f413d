"""A version made from the one before is the version made from all records."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.balancer.registry import Balancers
from gwctl.engine.chain.plan import Plan
from gwctl.engine.snapshot import Snapshot, SnapshotError, Succession, delta
from gwctl.engine.tls.upstream import UpstreamTls
from gwctl.kit.clock import SystemClock
from tests.integration.engine.records import MemoryView, plugin, route, service, upstream
from tests.tools.routing import query
from tests.unit.engine.snapshot.changes import CHANGES, NotedBalancers, Records, changed, seen

TLS = UpstreamTls()


class Followed:
    """A succession that is told what changed; ``whole`` counts what was built from all records again."""

    def __init__(self, records: Records) -> None:
        self.view = MemoryView(records)
        self.balancers = NotedBalancers()
        self.succession = Succession(
            SystemClock(), TLS, cast(Balancers, self.balancers), refuse=True, flavor="traditional_compatible"
        )
        self.snapshot = asyncio.run(self.succession.next(self.view, None))
        self.whole = 0

    def follow(self, records: Records) -> Snapshot:
        view = MemoryView(records)
        routes = self.snapshot.routes
        self.snapshot = asyncio.run(self.succession.next(view, view.changed_since(self.view)))
        self.view = view
        self.whole += self.snapshot.routes is not routes
        return self.snapshot

    @property
    def seen(self) -> list[object]:
        return seen(self.snapshot, self.balancers)


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=8))
def test_after_any_changes_a_request_meets_what_a_fresh_build_would_give_it(
    versions: list[list[tuple[str, int, int, int]]],
) -> None:
    records: Records = {}
    followed = Followed(records)
    for changes in versions:
        records = changed(records, changes)
        snapshot = followed.follow(records)
        built = Followed(records)
        assert followed.seen == built.seen
        assert snapshot.missing_plugins == built.snapshot.missing_plugins
    assert followed.whole == 0


def many(count: int, **values: object) -> Records:
    made = service("one", "127.0.0.1", 80)
    return {
        "services": [made],
        "routes": [route(f"r{number}", made, paths=[f"/r{number}"], **values) for number in range(count)],
    }


def test_a_change_of_a_service_touches_one_object_whatever_the_number_of_its_routes() -> None:
    records = many(delta.MOST_ROUTES * 3)
    followed = Followed(records)
    plans = {id(plan) for plan in plans_of(followed.snapshot, records)}

    after = {**records, "services": [records["services"][0] | {"path": "/v2"}]}
    followed.follow(after)

    assert followed.whole == 0
    assert {id(plan) for plan in plans_of(followed.snapshot, records)} == plans
    assert {plan.service and plan.service.base for plan in plans_of(followed.snapshot, records)} == {"/v2"}


def plans_of(snapshot: Snapshot, records: Records) -> list[Plan]:
    found = [snapshot.routes.match(query(record["paths"][0])) for record in records["routes"]]
    return [each.target for each in found if each is not None]


def test_what_more_routes_depend_on_than_a_swap_may_hold_is_built_aside() -> None:
    records = many(delta.MOST_ROUTES + 1)
    followed = Followed(records)

    disabled = {**records, "services": [records["services"][0] | {"enabled": False}]}
    followed.follow(disabled)

    assert followed.whole == 1
    assert followed.seen == Followed(disabled).seen


@pytest.mark.parametrize("entity", ["services", "routes", "targets"])
def test_a_refused_change_leaves_what_is_served_and_the_next_one_is_made_from_all_records(entity: str) -> None:
    records = many(3)
    followed = Followed(records)
    before = followed.seen
    broken = {"services": {"retries": None}, "routes": {"service": {"id": "nobody"}}, "targets": {"target": "a b"}}
    record = (records.get(entity) or [{"id": "t", "target": "x", "upstream": {"id": "u"}}])[0]

    with pytest.raises(SnapshotError, match=entity):
        followed.follow({**records, entity: [record | broken[entity] | {"connect_timeout": None}]})

    assert followed.seen == before
    good = {**records, "plugins": [plugin("acl")]}
    followed.follow(good)
    assert followed.seen == Followed(good).seen


def test_a_refused_version_leaves_nothing_behind_in_the_next_one() -> None:
    records = many(3)
    followed = Followed(records)
    routes = followed.snapshot.routes
    broken = records["services"][0] | {"connect_timeout": None}

    with pytest.raises(SnapshotError):
        followed.follow({**records, "plugins": [plugin("acl")], "services": [broken]})
    renamed = {**records, "routes": [records["routes"][0] | {"strip_path": False}, *records["routes"][1:]]}
    followed.follow(renamed)

    assert followed.snapshot.routes is not routes
    assert followed.seen == Followed(renamed).seen
    assert followed.snapshot.missing_plugins == frozenset()


def test_a_service_sees_what_its_host_means_now() -> None:
    made = service("one", "pool.test", 80)
    records: Records = {"services": [made], "routes": [route("r", made, paths=["/"])]}
    followed = Followed(records)
    plan = plans_of(followed.snapshot, records)[0]
    pool = upstream("pool.test", host_header="first.test")

    for after, host in (([pool], "first.test"), ([pool | {"host_header": "second.test"}], "second.test"), ([], None)):
        followed.follow({**records, "upstreams": after})
        assert plan.service is not None
        assert plan.service.host == host
    assert followed.whole == 0


def test_a_full_build_takes_away_the_balancers_of_upstreams_that_are_gone() -> None:
    followed = Followed({"upstreams": [upstream("pool.test")]})
    assert len(followed.balancers.told) == 1

    asyncio.run(followed.succession.next(MemoryView({}), None))

    assert followed.balancers.told == {}
