"""Two data planes of two workers, one with each codec, against raw clients and scripted upstreams (C2, C3, C5, F42)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from tests.integration.engine.reparse import Read, Recorder
from tests.integration.engine.strict_cases import ACCEPTED, REFUSED
from tests.integration.engine.strict_matrix import Way, send
from tests.integration.engine.upstream_faults import FAULTS, Fault, FaultyUpstream, good, suffer
from tests.integration.engine.websocket_cases import CASES
from tests.integration.engine.websocket_peers import echo_server, play_case
from tests.integration.engine.world import Front, Talk, play, upstream_server
from tests.tools.dbless import Dbless
from tests.tools.gateway import GWCTL, DataPlane, Place, place_in
from tests.tools.hybrid import Hybrid
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for


@dataclass
class Wire:
    """The upstream of every path is expected at ``port``; clients of ``announced`` begin with a PROXY header."""

    hybrid: Hybrid
    port: int
    announced: int


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with place_in(tmp_path_factory.mktemp("wire")) as place, Upstream() as upstream:
        hybrid = Hybrid(place, upstream, data_planes=2, workers=2)
        hybrid.data_planes[0].environ["GWCTL_HTTP_CODEC"] = "h11"
        hybrid.data_planes[1].environ["GWCTL_HTTP_CODEC"] = "fast"
        announced = place.ports.take()
        behind = hybrid.data_planes[0]
        behind.environ |= {
            "GWCTL_PROXY_LISTEN": f"127.0.0.1:{behind.port}, 127.0.0.1:{announced} proxy_protocol",
            "GWCTL_REAL_IP_HEADER": "proxy_protocol",
            "GWCTL_TRUSTED_IPS": "127.0.0.1",
        }
        hybrid.start()
        port = place.ports.take()
        plane = hybrid.control_plane
        plane.write(
            "POST",
            "/services",
            data={"name": "wire", "url": f"http://127.0.0.1:{port}", "retries": 0, "read_timeout": 1000},
        )
        for name, path, buffered in (("whole", "/", True), ("streamed", "/fault", False)):
            plane.write(
                "POST",
                "/services/wire/routes",
                data={"name": name, "paths": [path], "strip_path": False, "request_buffering": buffered},
            )
        for data_plane in hybrid.data_planes:
            data_plane.serves("/fault", 502)
        yield Wire(hybrid, port, announced)


def test_c2_the_strictness_table_through_both_data_planes(wire: Wire) -> None:
    """Every row once whole and once twice behind a sound request; three parsers read again what the upstream got."""

    async def run() -> tuple[list[Read], list[Read]]:
        recorder = Recorder()
        wanted: list[Read] = []
        async with upstream_server(recorder.script, port=wire.port):
            for data_plane in wire.hybrid.data_planes:
                front = Front(data_plane.port)
                for name in (*REFUSED, *ACCEPTED):
                    for way in (Way(), Way(twice=True, behind=True)):
                        wanted += await send(name, way, front)
                await front.hang_up()
            return recorder.heard(), wanted

    heard, wanted = play(run())
    assert sorted(heard) == sorted(wanted)


def test_a_balancer_that_speaks_the_proxy_protocol_names_the_client(wire: Wire) -> None:
    async def run() -> tuple[bytes, bytes]:
        front = Front(wire.announced)
        ask = b"GET /echo HTTP/1.1\r\nHost: gw.test\r\n\r\n"
        talk = await front.connect()
        response = await talk.ask(b"PROXY TCP4 192.0.2.9 192.0.2.10 4000 80\r\n" + ask)
        other = await front.connect()
        await other.send(ask)
        try:
            refused = await other.rest()
        except ConnectionError:
            refused = b""
        await front.hang_up()
        return response.body, refused

    body, refused = play(run())
    assert ["X-Real-IP", "192.0.2.9"] in json.loads(body)["headers"]
    assert refused == b""


def test_c3_websockets_are_what_they_are_directly(wire: Wire) -> None:
    async def directly(name: str) -> tuple[object, bytes]:
        received: list[bytes] = []
        async with upstream_server(echo_server(received)) as up:
            reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
            return await play_case(Talk(reader, writer), CASES[name]), bytes(received[0])

    async def through(name: str, data_plane: DataPlane) -> tuple[object, bytes]:
        received: list[bytes] = []
        async with upstream_server(echo_server(received), port=wire.port):
            front = Front(data_plane.port)
            outcome = await play_case(await front.connect(), CASES[name])
            await front.hang_up()
            return outcome, bytes(received[0])

    for index, name in enumerate(CASES):
        wanted = play(directly(name))
        assert play(through(name, wire.hybrid.data_planes[index % 2])) == wanted, name


def _files(data_plane: DataPlane) -> list[int]:
    return sorted(worker.num_fds() for worker in data_plane.of_kind("worker"))


def _megabytes(data_plane: DataPlane) -> float:
    return sum(worker.memory_info().rss for worker in data_plane.of_kind("worker")) / 1e6


@pytest.mark.parametrize("index", [0, 1], ids=["h11", "fast"])
def test_c5_faults_of_upstreams_have_their_status_and_leave_nothing(wire: Wire, index: int) -> None:
    data_plane = wire.hybrid.data_planes[index]
    files = _files(data_plane)

    async def meet(fault: Fault, rounds: int) -> list[int]:
        async with upstream_server(FaultyUpstream(fault).script, port=wire.port):
            front = Front(data_plane.port)
            statuses = []
            for number in range(rounds):
                await good(front, number)
                statuses.append(await suffer(front, fault))
                await good(front, number)
            await front.hang_up()
            return statuses

    for name, fault in FAULTS.items():
        assert play(meet(fault, 1)) == [fault.status], name
    memory = _megabytes(data_plane)
    for name in ("resets before the head", "a short body, then a reset", "bytes after the response"):
        assert play(meet(FAULTS[name], 100)) == [FAULTS[name].status] * 100, name
    wait_for(lambda: max(_files(data_plane)) <= max(files), "every file is closed again", deadline=20)
    assert _megabytes(data_plane) < memory + 8
    assert "Traceback" not in data_plane.log


def test_f42_a_node_out_of_files_serves_whom_it_has_and_recovers(place: Place) -> None:
    with Upstream() as upstream:
        node = Dbless(place, workers=1)
        command = f"ulimit -n 256; exec {GWCTL} start"
        place.run(["sh", "-c", command], env=node.environ)
        node.loaded(f"_format_version: '3.0'\nservices: [{{url: {upstream.url}, routes: [{{paths: [/]}}]}}]")
        assert play(_crowd(node)) == 200
        assert wait_for(lambda: node.get("/") == 200, "new clients are served again")
        assert "are connected, as many as the limit of open files allows" in node.log


async def _crowd(node: Dbless) -> int:
    """What the first client gets while 300 others are connected or try to be."""
    front = Front(node.port)
    first = await front.connect()
    assert (await first.get("/")).status == 200
    for _ in range(300):
        await front.connect()
    workers = node.of_kind("worker")
    before = sum(_seconds(worker) for worker in workers)
    began = time.monotonic()
    await asyncio.sleep(1)
    share = (sum(_seconds(worker) for worker in workers) - before) / (time.monotonic() - began)
    assert share < 0.5, "a worker that is full is busy with nothing"
    status = (await first.get("/")).status
    assert node.status("/status").status == 200
    await front.hang_up()
    return status


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
