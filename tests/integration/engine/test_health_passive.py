"""Passive health checks: what proxied requests tell about targets (17.3/10-balancer/01-healthchecks)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from gwctl.engine.health.availability import AddressId
from gwctl.engine.health.machine import State
from tests.integration.engine.health_world import checked, dead_port, new_health, passive, peer, served, standing
from tests.integration.engine.world import play


async def statuses(gw: Any, count: int, path: str = "/") -> list[int]:
    return [(await gw.get(path)).status for _ in range(count)]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_19_a_target_is_out_after_n_failures_and_the_client_sees_n(limit: int) -> None:
    async def scene() -> None:
        health = new_health()
        async with peer() as good, peer(500) as bad:
            records = checked(good.address, bad.address, checks=passive(http_failures=limit))
            async with served(health, records) as gw:
                seen = await statuses(gw, 10)
                assert sorted(set(seen)) == [200, 500]
                assert seen.count(500) == limit == bad.forget()
                assert good.forget() == 10 - limit
                assert standing(health, bad.port).state is State.UNHEALTHY
                assert standing(health, good.port).state is State.HEALTHY

    play(scene())


def test_a_failure_seen_by_one_worker_counts_for_the_other() -> None:
    async def scene() -> None:
        one = new_health()
        other = new_health(one.memory)
        async with AsyncExitStack() as stack:
            good, bad = await stack.enter_async_context(peer()), await stack.enter_async_context(peer(500))
            records = checked(good.address, bad.address, checks=passive(http_failures=2))
            first = await stack.enter_async_context(served(one, records))
            second = await stack.enter_async_context(served(other, records))
            seen = [*await statuses(first, 2), *await statuses(second, 2)]
            assert seen.count(500) == 2, "each saw one failure"
            assert [*await statuses(first, 4), *await statuses(second, 4)] == [200] * 8
            assert bad.forget() == 2

    play(scene())


@pytest.mark.parametrize(
    ("checks", "status", "known"),
    [
        (passive(http_failures=1), 404, State.HEALTHY),  # in neither list
        (passive(http_failures=1), 503, State.UNHEALTHY),
        (passive(http_failures=2), 503, State.MOSTLY_HEALTHY),
        (passive(tcp_failures=1), 500, State.HEALTHY),
        (passive(tcp_failures=1), 0, State.UNHEALTHY),  # closed without an answer
        (passive(timeouts=1), 504, State.UNHEALTHY),  # whoever says so
        (passive(http_failures=1, http_statuses=[504]), 504, State.UNHEALTHY),
        (passive(timeouts=1), -1, State.UNHEALTHY),
        (passive(tcp_failures=1, http_failures=1), -1, State.HEALTHY),
        ({}, 500, State.HEALTHY),
    ],
)
def test_what_counts_as_what(checks: Any, status: int, known: State) -> None:
    async def scene() -> None:
        health = new_health()
        async with peer(status) as target:
            records = checked(target.address, checks=checks)
            records["services"][0] |= {"read_timeout": 150}
            async with served(health, records) as gw:
                await gw.get("/", method="POST" if status == 0 else "GET")
                assert standing(health, target.port).state is known

    play(scene())


@pytest.mark.parametrize("retries", [0, 1])
def test_a_refused_connection_is_one_on_the_last_try_too(retries: int) -> None:
    """The reference takes a refused last try for an answer with 502, which no list has (proxy.md 16)."""

    async def scene() -> None:
        health, port = new_health(), dead_port()
        records = checked(f"127.0.0.1:{port}", checks=passive(tcp_failures=2), retries=retries)
        async with served(health, records) as gw:
            answers = await statuses(gw, 3)
            assert standing(health, port).state is State.UNHEALTHY
            assert answers[-1] == 503
            assert answers[0] == 502

    play(scene())


@pytest.mark.parametrize(("listen", "host"), [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "localhost"), ("::1", "[::1]")])
def test_9_without_checks_failures_pass_through_and_both_targets_stay(listen: str, host: str) -> None:
    async def scene() -> None:
        health = new_health()
        async with peer(host=listen) as good, peer(500, host=listen) as bad:
            records = checked(f"{host}:{good.port}", f"{host}:{bad.port}", checks={})
            async with served(health, records) as gw:
                assert sorted(await statuses(gw, 10)) == [200] * 5 + [500] * 5
                assert list(health.table.entries()) == []

    play(scene())


def test_18_what_the_gateway_answers_itself_counts_for_nobody() -> None:
    async def scene() -> None:
        health = new_health()
        async with peer() as target:
            records = checked(target.address, checks=passive(http_failures=1, http_statuses=[401, 413, 503]))
            environ = {"GWCTL_NGINX_HTTP_CLIENT_MAX_BODY_SIZE": "1"}
            async with served(health, records, environ=environ) as gw:
                raw = b"POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 3\r\n\r\nabc"
                assert (await gw.ask(raw)).status == 413
                assert list(health.table.entries()) == []
                assert await statuses(gw, 1) == [200]

    play(scene())


def test_31_a_failed_try_counts_once_and_the_client_is_served_by_another() -> None:
    async def scene() -> None:
        health, port = new_health(), dead_port()
        async with peer() as good:
            checks = passive(tcp_failures=1)
            async with served(health, checked(f"127.0.0.1:{port}", good.address, checks=checks, retries=5)) as gw:
                assert await statuses(gw, 6) == [200] * 6
                assert standing(health, port).tcp == 1
                assert standing(health, port).state is State.UNHEALTHY

    play(scene())


def test_32_a_timeout_without_retries_is_told_and_the_next_go_elsewhere() -> None:
    async def scene() -> None:
        health = new_health()
        async with peer(-1) as silent, peer() as good:
            records = checked(silent.address, good.address, checks=passive(timeouts=1))
            records["services"][0] |= {"read_timeout": 150}
            async with served(health, records) as gw:
                seen = await statuses(gw, 6)
                assert sorted(seen) == [200] * 5 + [504]
                assert standing(health, silent.port).timeout == 1

    play(scene())


def test_29_30_people_bring_targets_back_and_take_them_out() -> None:
    async def scene() -> None:
        health = new_health()
        async with (
            peer() as one,
            peer(500) as two,
            served(health, checked(one.address, two.address, checks=passive(http_failures=1))) as gw,
        ):
            await statuses(gw, 4)
            assert standing(health, two.port).down
            two.status = 200
            (checks,) = health.upstreams
            health.mark(checks.upstream_id, AddressId("127.0.0.1", two.port, None), healthy=True)
            assert (two.forget(), one.forget()) == (1, 3)
            assert await statuses(gw, 6) == [200] * 6
            assert (one.forget(), two.forget()) == (3, 3)
            health.mark(checks.upstream_id, AddressId("127.0.0.1", one.port, None), healthy=False)
            await statuses(gw, 6)
            assert (one.forget(), two.forget()) == (0, 6)
            health.mark(checks.upstream_id, AddressId("127.0.0.1", one.port, None), healthy=True)
            await statuses(gw, 6)
            assert (one.forget(), two.forget()) == (3, 3)

    play(scene())


def test_what_a_person_took_out_stays_out_without_checks_too() -> None:
    async def scene() -> None:
        health = new_health()
        async with peer() as one, peer() as two:
            records = checked(one.address, two.address, checks={})
            async with served(health, records) as gw:
                (checks,) = health.upstreams
                health.mark(checks.upstream_id, AddressId("127.0.0.1", one.port, None), healthy=False)
                await statuses(gw, 4)
                assert (one.forget(), two.forget()) == (0, 4)

    play(scene())


def test_who_is_down_is_up_again_when_checks_are_turned_off() -> None:
    async def scene() -> None:
        health = new_health()
        checks = passive(http_failures=1)
        async with peer(500) as bad, served(health, checked(bad.address, checks=checks)) as gw:
            assert await statuses(gw, 2) == [500, 503]
            assert len(bad.heads) == 1
            await gw.install(checked(bad.address, checks={}), number=3)
            assert await statuses(gw, 2) == [500, 500]

    play(scene())


def test_6_an_upstream_that_is_made_again_finds_what_was_known() -> None:
    async def scene() -> None:
        health = new_health()
        async with peer(500) as bad:
            records = checked(bad.address, checks=passive(http_failures=1))
            async with served(health, records) as gw:
                assert await statuses(gw, 2) == [500, 503]
                await gw.install({}, number=3)
                assert list(health.upstreams) == []
                again = checked(bad.address, checks=passive(http_failures=1))
                again["upstreams"][0]["id"] = "99999999-9999-4999-8999-999999999999"
                again["targets"][0]["upstream"] = {"id": again["upstreams"][0]["id"]}
                await gw.install(again, number=4)
                assert await statuses(gw, 1) == [503]
                renamed = checked(bad.address, checks=passive(http_failures=1))
                renamed["upstreams"][0]["name"] = renamed["services"][0]["host"] = "other.test"
                await gw.install(renamed, number=5)
                assert await statuses(gw, 2) == [500, 503], "another name begins anew"

    play(scene())
