"""Hub and agent over real sockets and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gwctl.cache import CacheStorage
from gwctl.cluster import messages as m
from gwctl.cluster.protocol import PATH, SUBPROTOCOL, CloseCode
from gwctl.kit.ids import new_uuid
from tests.integration.cluster.world import World, run, trust


def test_an_idle_data_plane_has_a_change_within_100_ms(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        times = []
        for _ in range(9):
            started = asyncio.get_running_loop().time()
            world.feed.put("services", name=f"s{world.feed.number}")
            await world.publish()
            await world.until(plane.in_step, "the change", every=0.001)
            times.append(asyncio.get_running_loop().time() - started)
        assert sorted(times)[4] < 0.1, times
        row = world.ledger.rows[plane.node_id]
        await world.until(lambda: world.ledger.rows[plane.node_id]["applied_version"] == world.feed.number, "the ack")
        assert len(row["config_hash"]) == 32
        assert row["sync_status"] == "normal"
        assert row["labels"] == {"deployment": "local"}
        assert row["cert_details"]["expiry_timestamp"] == int(trust().pair.not_after)
        assert row["ip"] == "127.0.0.1"
        assert row["last_seen"] > 0

    run(tmp_path, scenario)


def test_a_big_configuration_comes_in_chunks(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        for number in range(1500):
            world.feed.put("services", name=f"s{number}", path="/" + "x" * 500)
        world.replica.catch_up()
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the whole configuration", deadline=30)
        assert plane.writer.position.records == 1501
        assert plane.incidents == []

    run(tmp_path, scenario)


def test_a_restarted_control_plane_is_found_again_without_a_reload(tmp_path: Path, caplog: Any) -> None:
    caplog.set_level(logging.INFO, "gwctl.cluster")

    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        applied = len(plane.published)
        for _ in range(2):
            await world.stop_hub()
            await world.start_hub()
            await world.until(lambda: world.hub is not None and world.hub.connected == 1, "the link", deadline=5)
        assert len(plane.published) == applied
        world.feed.put("services", name="after")
        await world.publish()
        await world.until(plane.in_step, "the change")

    run(tmp_path, scenario)
    assert "connection to control plane closed" in caplog.text
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR and "broken" in r.message]


def test_another_control_plane_takes_over(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        dead = world.port
        await world.stop_hub()
        world.port = 0
        await world.start_hub()
        plane = await world.start_plane(ports=[dead, world.port])
        await world.until(plane.in_step, "the configuration of the second control plane", deadline=5)

    run(tmp_path, scenario)
    expected = "failed to connect: connection refused (retrying after 1 seconds) [127.0.0.1:"
    assert expected in caplog.text


def test_another_certificate_is_refused_and_both_say_why(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane(trust_of="other")
        await world.until(
            lambda: "data plane refused" in caplog.text or "data plane presented incorrect" in caplog.text,
            "the control plane's line",
        )
        await world.until(lambda: "presented another certificate" in caplog.text, "the data plane's line")
        assert plane.writer.position.records == 0
        assert world.ledger.rows == {}

    run(tmp_path, scenario)
    assert "connection to control plane wss://127.0.0.1:" in caplog.text


def test_a_client_that_trusts_blindly_is_still_refused_by_its_certificate(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        context = trust("other").client_context()
        context.check_hostname = False
        context.verify_mode = 0  # type: ignore[assignment]
        with pytest.raises(Exception) as caught:
            async with dial(world, context) as socket:
                await socket.recv()
        assert not isinstance(caught.value, AssertionError)
        await world.until(lambda: "data plane presented incorrect client certificate" in caplog.text, "the line")
        assert "[ip: 127.0.0.1]" in caplog.text

    run(tmp_path, scenario)


def test_a_client_without_a_certificate_gets_403_and_the_reason(tmp_path: Path, caplog: Any) -> None:
    import ssl

    async def scenario(world: World) -> None:
        await world.start_hub()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with pytest.raises(InvalidStatus) as caught:
            await dial(world, context)
        assert caught.value.response.status_code == 403
        body = bytes(caught.value.response.body or b"").decode()
        assert body == "data plane failed to present client certificate during handshake\n"

    run(tmp_path, scenario)
    assert "[clustering] data plane failed to present client certificate during handshake [ip: " in caplog.text


def dial(world: World, context: Any = None, path: str = PATH) -> connect:
    return connect(
        f"wss://127.0.0.1:{world.port}{path}",
        ssl=context or trust().client_context(),
        server_hostname="kong_clustering",
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        proxy=None,
        compression=None,
    )


def hello(node_id: str | None = None, **changes: Any) -> bytes:
    document = orjson.loads(
        m.encode(
            m.Hello((1,), node_id or new_uuid(), "raw", "3.8.1", "0.1.0", {}, (), m.NO_MARK, m.NO_MARK, None, 1 << 20)
        )
    )
    return orjson.dumps(document | changes)


async def end_of(socket: ClientConnection) -> tuple[int, str]:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    return socket.close_code or 0, socket.close_reason or ""


def test_a_newer_data_plane_is_refused_and_both_say_why(tmp_path: Path, caplog: Any) -> None:
    reason = "data plane version 3.9.0 is incompatible with older control plane version 3.8.1"

    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane(version="3.9.0")
        await world.until(lambda: f"broken: {reason} (retrying after" in caplog.text, "the data plane's line")
        row = world.ledger.rows[plane.node_id]
        assert (row["sync_status"], row["last_error"]) == ("kong_version_incompatible", {"message": reason})
        assert plane.writer.position.records == 0

    run(tmp_path, scenario)
    assert f"closing the link to the data plane: {reason} [id: " in caplog.text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("nonsense", CloseCode.BAD_MESSAGE),
        ('{"type":"hello"}', CloseCode.BAD_MESSAGE),
        ("x" * 70_000, CloseCode.TOO_BIG),
        (b"binary", CloseCode.WRONG_KIND),
    ],
)
def test_a_bad_peer_is_told_why_and_others_do_not_notice(tmp_path: Path, data: str | bytes, code: int) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        async with dial(world) as socket:
            await socket.send(data)
            ended, reason = await end_of(socket)
            assert (ended, "a message of" in reason) == (code, False)
        world.feed.put("services", name="still-there")
        await world.publish()
        await world.until(plane.in_step, "the change")

    run(tmp_path, scenario)


def test_another_path_is_not_found(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        with pytest.raises(InvalidStatus) as caught:
            await dial(world, path="/v1/other")
        assert caught.value.response.status_code == 404

    run(tmp_path, scenario)


def test_a_second_node_with_the_same_id_is_refused_while_the_first_lives(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        first = await world.start_plane()
        await world.until(first.in_step, "the first configuration")
        second = await world.start_plane(node_id=first.node_id, cache="second")
        await world.until(
            lambda: "a data plane with this node id is already linked from 127.0.0.1" in caplog.text, "why"
        )
        assert second.writer.position.records == 0
        world.feed.put("services", name="after")
        await world.publish()
        await world.until(first.in_step, "the change at the first")
        assert world.hub is not None
        assert world.hub.connected == 1

    run(tmp_path, scenario)


def test_a_dead_link_gives_its_node_id_to_the_next(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        node_id = new_uuid()
        async with dial(world) as dead:
            await dead.send(hello(node_id).decode())
            assert orjson.loads(await dead.recv())["type"] == "welcome"
            plane = await world.start_plane(node_id=node_id)
            await world.until(plane.in_step, "the successor's configuration", deadline=5)
            assert (await end_of(dead))[0] == CloseCode.REPLACED

    run(tmp_path, scenario)


def test_a_restored_database_means_everything_again_and_an_incident(tmp_path: Path, caplog: Any) -> None:
    caplog.set_level(logging.INFO, "gwctl.cluster")

    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        world.feed.restart_lineage()
        world.feed.put("services", name="another-life")
        await world.publish()
        await world.until(plane.in_step, "the new lineage")
        assert len(plane.incidents) == 1
        assert "of another change log" in plane.incidents[0]

    run(tmp_path, scenario)
    assert len([r for r in caplog.records if "full synchronisation" in r.message and r.levelno == logging.WARNING]) == 2


def test_a_bad_record_is_refused_and_the_control_plane_knows_which(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        before = plane.writer.position
        good = world.feed.put("services", name="soon-bad")
        world.feed.records["services", good["id"]] = good
        world.feed.log[-1][1].record["port"] = 700_000  # type: ignore[index]
        await world.publish()
        await world.until(lambda: world.ledger.rows[plane.node_id]["last_error"], "the refusal")
        error = world.ledger.rows[plane.node_id]["last_error"]
        assert (error["entity"], error["key"], error["version"]) == ("services", good["id"], world.feed.number)
        assert "port" in error["message"]
        assert plane.writer.position == before
        assert plane.agent.state().last_error == error["message"]
        world.feed.put("services", id=good["id"], name="good-again")
        await world.publish()
        await world.until(plane.in_step, "the repaired configuration")
        await world.until(lambda: world.ledger.rows[plane.node_id]["last_error"] is None, "the error gone")

    run(tmp_path, scenario)
    assert "unable to update running config: bad config received from control plane services" in caplog.text


def test_what_workers_cannot_serve_is_known_to_the_control_plane(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        plane.agent.unserved("services bad cannot be served: no host")
        await world.until(lambda: world.ledger.rows[plane.node_id]["last_error"], "the reason")
        told = {"message": "services bad cannot be served: no host", "version": world.feed.number}
        assert world.ledger.rows[plane.node_id]["last_error"] == told
        assert plane.agent.state().last_error == told["message"]
        world.feed.put("services", name="another")
        await world.publish()
        await world.until(lambda: world.ledger.rows[plane.node_id]["last_error"] is None, "the error gone")

    run(tmp_path, scenario)


def test_a_fault_of_the_control_plane_does_not_leave_a_pull_unanswered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    async def scenario(world: World) -> None:
        open_snapshot, faults = world.replica.open_snapshot, [RuntimeError("a mistake")]

        def fail_once() -> Any:
            if faults:
                raise faults.pop()
            return open_snapshot()

        monkeypatch.setattr(world.replica, "open_snapshot", fail_once)
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration, by another link")

    run(tmp_path, scenario)
    assert "work for a link failed" in caplog.text
    assert "the configuration cannot be read: RuntimeError" in caplog.text


def test_a_full_disk_is_reported_and_heals(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        apply, failures = plane.writer.apply, []

        def fail_once(*arguments: Any, **options: Any) -> Any:
            if not failures:
                failures.append(1)
                raise CacheStorage("no space left on device")
            return apply(*arguments, **options)

        plane.writer.apply = fail_once  # type: ignore[method-assign]
        world.feed.put("services", name="more")
        await world.publish()
        await world.until(lambda: world.ledger.rows[plane.node_id]["last_error"], "the report", deadline=2)
        assert "no space" in world.ledger.rows[plane.node_id]["last_error"]["message"]
        await world.until(plane.in_step, "the second attempt")

    run(tmp_path, scenario)


def test_a_node_serves_from_its_cache_and_a_copy_of_it_without_a_control_plane(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane(cache="one")
        await world.until(plane.in_step, "the first configuration")
        position = plane.writer.position
        await world.stop_hub()
        await plane.stop()
        shutil.copytree(world.path / "one", world.path / "two")
        for cache in ("one", "two"):
            again = await world.start_plane(cache=cache)
            assert again.writer.position == position

    run(tmp_path, scenario)


def test_a_silent_control_plane_is_given_up_and_dialled_again(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        hub = await world.start_hub(heartbeat=0.5)
        plane = await world.start_plane()
        await world.until(plane.in_step, "the first configuration")
        hub._perform = lambda link, effects: None  # type: ignore[method-assign]
        await world.until(lambda: "did not receive a message from control plane within" in caplog.text, "silence")
        del hub._perform
        await world.until(lambda: hub.connected == 1 and plane.agent.state().control_plane, "the next link")

    run(tmp_path, scenario)


def test_a_silent_data_plane_is_given_up(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        hub = await world.start_hub(heartbeat=0.1)
        async with dial(world) as socket:
            await socket.send(hello().decode())
            assert (await end_of(socket))[0] == CloseCode.SILENT
        await world.until(lambda: hub.connected == 0, "the link gone")

    run(tmp_path, scenario)
    assert "did not receive a message from data plane within 0.15 seconds [id: " in caplog.text


def test_a_data_plane_that_does_not_read_costs_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        hub = await world.start_hub()
        async with dial(world) as socket:
            await socket.send(hello().decode())
            await world.until(lambda: hub.connected == 1, "the link")
            socket.transport.pause_reading()
            for number in range(60):
                world.feed.put("services", name=f"s{number}", path="/" + "y" * 30_000)
            world.replica.catch_up()
            [link] = hub._links
            for number in range(20):
                world.feed.put("services", name=f"t{number}")
                pulls = link.session._pulls
                await socket.send(m.encode(m.Pull(m.NO_MARK, True)).decode())
                await socket.send(m.encode(m.DataPlaneHeartbeat(m.NO_MARK)).decode())
                await world.publish()
                await world.until(lambda: link.session._pulls > pulls and len(hub._busy) == 1, "the answer")  # noqa: B023
            assert 0 < len(link.outbox) <= 8
            plane = await world.start_plane()
            await world.until(plane.in_step, "another data plane in step")
            socket.transport.abort()

    run(tmp_path, scenario)


def test_an_address_that_does_not_speak_tls_is_explained(tmp_path: Path, caplog: Any) -> None:
    async def scenario(world: World) -> None:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with server:
            await world.start_plane(ports=[server.sockets[0].getsockname()[1]])
            await world.until(lambda: "does not speak TLS: is it the cluster_listen port" in caplog.text, "why")

    run(tmp_path, scenario)


def test_twenty_data_planes_get_the_same_bytes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        planes = [await world.start_plane() for _ in range(8)]
        await world.until(lambda: all(plane.in_step() for plane in planes), "all in step", deadline=30)
        for number in range(20):
            world.feed.put("services", name=f"burst{number}")
            await world.publish()
        await world.until(lambda: all(plane.in_step() for plane in planes), "all in step again")
        assert {plane.writer.position for plane in planes} == {planes[0].writer.position}

    run(tmp_path, scenario)
