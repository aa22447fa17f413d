"""Snapshots under load, draining, stopping, counters (house: how a config change flows; reliability.md P3, P8)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
import time

import pytest

from gwctl.engine import Engine, SnapshotError
from tests.integration.engine.records import MemoryView, route, service
from tests.integration.engine.world import (
    Gateway,
    Response,
    Talk,
    bound,
    client_tls,
    echo,
    gateway,
    new_engine,
    one_route,
    play,
    says,
    until,
    upstream_server,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_requests_under_load_see_whole_versions_only() -> None:
    """Each version sends /a and /b to paths of that version: no request fails and none sees two versions."""

    def records(port: int, number: int) -> dict[str, list[dict[str, object]]]:
        made = [service(name, "127.0.0.1", port, path=f"/v{number}") for name in ("a", "b")]
        return {
            "services": made,
            "routes": [
                route(one["name"], one, paths=[f"/{one['name']}"], headers={"x-any": ["1"]} if number % 2 else None)
                for one in made
            ],
        }

    async def run() -> tuple[int, list[MemoryView]]:
        served = 0
        views = []
        async with upstream_server(echo()) as up, gateway(records(up.port, 0)) as gw:
            swapped = newest = 0
            stop = False

            async def load() -> None:
                nonlocal served
                talk = await gw.connect()
                seen = 0
                while not stop:
                    for name in ("a", "b"):
                        oldest = swapped
                        response = await talk.get(f"/{name}/x", "X-Any: 1")
                        assert response.status == 200
                        version = int(response.body.split(b"/v")[1].split(b"/")[0])
                        assert max(seen, oldest) <= version <= newest
                        seen = version
                        served += 1

            loads = [asyncio.create_task(load()) for _ in range(8)]
            for number in range(1, 60):
                newest = number
                # the number counts from the moment that install may have swapped
                views.append(await gw.install(records(up.port, number), number))
                swapped = number
                assert gw.engine.stats().version.number == number
                await asyncio.sleep(0.005)
            stop = True
            await asyncio.gather(*loads)
            assert [view.closed for view in views[:-1]] == [True] * 58
            assert not views[-1].closed
        return served, views

    served, views = play(run())
    assert served > 100
    assert views[-1].closed


def test_a_request_in_flight_keeps_its_snapshot() -> None:
    async def run() -> tuple[bool, bool, Response]:
        go = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await go.wait()
            await talk.send(OK)

        async with upstream_server(script) as up, gateway({}) as gw:
            first = await gw.install(one_route(up.port))
            asking = asyncio.create_task(gw.get("/"))
            await until(lambda: up.connections == 1, "the upstream is reached")
            await gw.install({}, 3)
            during = first.closed
            go.set()
            response = await asking
            return during, first.closed, response

    during, after, response = play(run())
    assert (during, after, response.status) == (False, True, 200)


def test_a_refused_configuration_leaves_the_old_one_serving() -> None:
    async def run() -> tuple[int, bool]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            broken = MemoryView({"routes": [route("lost", service("nowhere", "x", 1), paths=["/"])]})
            with pytest.raises(SnapshotError, match=r"routes lost refers to the service .* does not exist"):
                await gw.engine.install(broken)
            return (await gw.get("/")).status, broken.closed

    assert play(run()) == (200, True)


def test_a_record_that_cannot_be_read_is_named() -> None:
    async def run() -> None:
        engine = new_engine()
        made = service("odd", "127.0.0.1", 1)
        del made["retries"]
        with pytest.raises(SnapshotError, match="services odd cannot be served"):
            await engine.install(MemoryView({"services": [made]}))
        await engine.stop()

    play(run())


def test_a_route_whose_expression_does_not_compile_is_left_out() -> None:
    async def run() -> tuple[int, int]:
        async with upstream_server(echo()) as up:
            records = one_route(up.port)
            records["routes"].append(route("bad", None, paths=["~/bad(("]))
            async with gateway(records) as gw:
                return (await gw.get("/bad((")).status, (await gw.get("/good")).status

    assert play(run()) == (200, 200)


def test_a_large_snapshot_is_built_without_long_stalls() -> None:
    async def run() -> float:
        records = one_route(1)
        records["routes"] = [
            route(f"r{number}", records["services"][0], paths=[f"/p{number}"], hosts=[f"h{number % 100}.test"])
            for number in range(4000)
        ]
        async with gateway({}) as gw:
            worst = 0.0

            async def watch() -> None:
                nonlocal worst
                while True:
                    before = time.thread_time()
                    await asyncio.sleep(0)
                    worst = max(worst, time.thread_time() - before)

            watching = asyncio.create_task(watch())
            await asyncio.sleep(0)
            await gw.install(records)
            await asyncio.sleep(0)
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            return worst

    # a slice is 2 ms of time on the clock; the longest single step and the watching itself come on top
    assert play(run()) < 0.02


def test_requests_leave_no_garbage_for_the_collector() -> None:
    """Snapshots are exempted from collections for good, so nothing that a request makes may need one."""

    async def run() -> int:
        async with upstream_server(says(*[OK] * 200)) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.get("/")
            gc.collect()
            gc.disable()
            try:
                for _ in range(100):
                    await talk.get("/")
                    await talk.get("/none", method="PUT")
                # what the test's own streams leave is counted too, but does not grow with requests
                return gc.collect()
            finally:
                gc.enable()

    assert play(run()) < 50


def test_a_drain_under_load_drops_nothing() -> None:
    """Clients go on until they are told to close; then they come back to the successor on the same listener."""

    async def run() -> int:
        async with upstream_server(echo()) as up:
            first, second = new_engine(), new_engine()
            listener = bound()
            sockets = (listener, type(listener)(listener.listener, listener.socket.dup()))
            await first.install(MemoryView(one_route(up.port)))
            await second.install(MemoryView(one_route(up.port)))
            await first.serve([sockets[0]])
            gw = Gateway(first, listener.listener.port)
            done, stop = 0, False

            async def load() -> None:
                nonlocal done
                while not stop:
                    talk = await gw.connect()
                    while not stop:
                        response = await talk.get("/x")
                        assert response.status == 200
                        done += 1
                        if response.get("connection") == "close":
                            break
                    talk.close()

            loads = [asyncio.create_task(load()) for _ in range(10)]
            await until(lambda: done > 50, "load runs")
            await second.serve([sockets[1]])
            await first.drain(5)
            assert first.stats().active == 0
            before = done
            await until(lambda: done > before + 50, "the successor serves")
            stop = True
            await asyncio.gather(*loads)
            await first.stop()
            await second.stop()
            await gw.close()
            return done

    assert play(run()) > 100


def test_a_client_in_its_handshake_is_not_cut_off_by_a_drain(server_tls: ssl.SSLContext) -> None:
    async def run() -> tuple[int, int]:
        async with upstream_server(echo()) as up:
            engine = new_engine(tls=lambda _: server_tls)
            await engine.install(MemoryView(one_route(up.port, protocols=["https"])))
            listener = bound(https=True)
            await engine.serve([listener])
            gw = Gateway(engine, listener.listener.port)
            talk = await gw.connect()
            await until(lambda: engine.greeting == 1, "the connection is accepted")
            drained = asyncio.create_task(_end(engine))
            await asyncio.sleep(0.05)
            await talk.writer.start_tls(client_tls(), server_hostname="gw.test")
            response = await talk.get("/x")
            await drained
            await gw.close()
            return response.status, engine.greeting

    assert play(run()) == (200, 0)


def test_a_client_that_never_says_hello_ends_with_the_grace_of_a_drain(server_tls: ssl.SSLContext) -> None:
    async def run() -> tuple[bool, float]:
        async with gateway({}, tls=server_tls) as gw:
            talk = await gw.connect()
            await until(lambda: gw.engine.greeting == 1, "the connection is accepted")
            began = asyncio.get_running_loop().time()
            await gw.engine.drain(0.4)
            return await talk.ended(), asyncio.get_running_loop().time() - began

    ended, seconds = play(run())
    assert ended
    assert seconds < 0.4


async def _end(engine: Engine) -> None:
    await engine.drain(5)
    await engine.stop()


def test_draining_lets_requests_in_flight_finish() -> None:
    async def run() -> tuple[Response, bool]:
        go = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await go.wait()
            await talk.send(OK)

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            asking = asyncio.create_task(talk.get("/"))
            await until(lambda: up.connections == 1, "the upstream is reached")
            draining = asyncio.create_task(gw.engine.drain(5))
            await _refused(gw)
            go.set()
            response = await asking
            ended = await talk.ended()
            await draining
            return response, ended

    response, ended = play(run())
    assert (response.status, response.get("connection"), ended) == (200, "close", True)


async def _refused(gw: Gateway) -> None:
    """Wait until nobody accepts connections any more."""
    while True:
        try:
            (await gw.connect()).close()
        except ConnectionError:
            return
        await asyncio.sleep(0.01)


def test_an_idle_connection_gets_one_more_request_while_draining() -> None:
    async def run() -> tuple[str | None, bool, bool]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            used, idle = await gw.connect(), await gw.connect()
            await used.get("/")
            await idle.get("/")
            draining = asyncio.create_task(gw.engine.drain(1))
            await asyncio.sleep(0)
            response = await used.get("/")
            await draining
            return response.get("connection"), await used.ended(), await idle.ended()

    assert play(run()) == ("close", True, True)


def test_a_drain_ends_at_its_deadline() -> None:
    async def silent(talk: Talk) -> None:
        await talk.head()
        await talk.rest()

    async def run() -> tuple[float, int, bool]:
        async with upstream_server(silent) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: up.connections == 1, "the upstream is reached")
            began = asyncio.get_running_loop().time()
            await gw.engine.drain(0.3)
            seconds = asyncio.get_running_loop().time() - began
            active = gw.engine.stats().active
            await gw.engine.stop()
            return seconds, active, await talk.ended()

    seconds, active, ended = play(run())
    assert 0.25 < seconds < 1
    assert (active, ended) == (1, True)


def test_counters() -> None:
    async def run() -> None:
        go = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await go.wait()
            await talk.send(OK)

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            idle, reading, writing = await gw.connect(), await gw.connect(), await gw.connect()
            await reading.send(b"GET /")
            asking = asyncio.create_task(writing.get("/"))

            def states() -> tuple[int, int, int, int]:
                stats = gw.engine.stats()
                return stats.active, stats.reading, stats.writing, stats.waiting

            await until(lambda: states() == (3, 1, 1, 1), "one connection in every state")
            go.set()
            await asking
            await until(lambda: states() == (3, 1, 0, 2), "one more is idle")
            stats = gw.engine.stats()
            assert (stats.accepted, stats.handled, stats.total_requests) == (3, 3, 1)
            idle.close()
            await until(lambda: gw.engine.stats().active == 2, "one is gone")

    play(run())


def test_nothing_is_served_before_a_configuration() -> None:
    async def run() -> None:
        engine = new_engine()
        listener = bound()
        with pytest.raises(RuntimeError):
            await engine.serve([listener])
        listener.socket.close()
        await engine.stop()

    play(run())
