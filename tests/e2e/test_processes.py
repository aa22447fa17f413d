"""Processes of a data plane die, are replaced, drained and reloaded while traffic flows."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.tools import processes
from tests.tools.hybrid import Hybrid
from tests.tools.load import Load
from tests.tools.waiting import wait_for

CONNECTIONS = 8


@pytest.mark.serial
def test_a7_a_killed_worker_costs_its_requests_in_flight_and_is_replaced_within_a_second(hybrid: Hybrid) -> None:
    data_plane = hybrid.data_plane
    before = {process.pid for process in data_plane.of_kind("worker")}
    with Load(data_plane.port, "/echo", connections=CONNECTIONS) as load:
        wait_for(lambda: load.report.requests > 300, "load runs")
        victim = data_plane.of_kind("worker")[0]
        os.kill(victim.pid, signal.SIGKILL)
        killed = time.monotonic()

        def replaced() -> bool:
            workers = {process.pid for process in data_plane.of_kind("worker")}
            return len(workers) == 2 and victim.pid not in workers

        wait_for(replaced, "a new worker", deadline=1.0)
        hybrid.control_plane.write("POST", "/services/echo/routes", form={"name": "after", "paths[]": "/after"})
        data_plane.serves("/after")
        seen = load.report.requests
        wait_for(lambda: load.report.requests > seen + 300, "load goes on")
        report = load.stop()

    assert len(report.failures) <= CONNECTIONS, report
    assert all(failure.began <= killed <= failure.moment + 0.2 for failure in report.failures), (
        f"only requests in flight at the kill may fail: {report}"
    )
    survivor = before - {victim.pid}
    assert survivor <= {process.pid for process in data_plane.of_kind("worker")}, "the other worker was left alone"
    for _ in range(20):  # both workers answer, each at the current version
        assert data_plane.get("/after", headers={"Connection": "close"}).status == 200


@pytest.mark.serial
def test_a7_a_killed_agent_costs_no_request_and_config_flows_again_within_five_seconds(hybrid: Hybrid) -> None:
    data_plane = hybrid.data_plane
    with Load(data_plane.port, "/echo") as load:
        wait_for(lambda: load.report.requests > 300, "load runs")
        (agent,) = data_plane.of_kind("agent")
        os.kill(agent.pid, signal.SIGKILL)
        hybrid.control_plane.write("POST", "/services/echo/routes", form={"name": "after", "paths[]": "/after"})
        data_plane.serves("/after", deadline=5.0)
        report = load.stop()

    assert report.failures == [], report
    assert report.stale == 0, report


@pytest.mark.serial
@pytest.mark.parametrize("how", ["SIGQUIT", "stop"])
def test_a7_a_graceful_end_drops_no_request(hybrid: Hybrid, how: str) -> None:
    data_plane = hybrid.data_plane
    pids = [process.pid for process in processes.tree(data_plane.prefix)]
    with Load(data_plane.port, "/echo/slow/0.05", connections=CONNECTIONS, pause=0.0) as load:
        wait_for(lambda: load.report.requests > 50, "load runs")
        if how == "SIGQUIT":
            os.kill(data_plane.pid, signal.SIGQUIT)
        else:
            data_plane.stop()
        wait_for(lambda: not any(map(processes.alive, pids)), "the node is gone", deadline=15)
        report = load.stop()

    dropped = [failure for failure in report.failures if not failure.reason.startswith("ConnectionRefusedError")]
    assert dropped == [], report
    assert report.requests > 50


@pytest.mark.serial
def test_a7_twenty_reloads_drop_no_request(hybrid: Hybrid) -> None:
    data_plane = hybrid.data_plane
    supervisor = data_plane.pid
    with Load(data_plane.port, "/echo") as load:
        wait_for(lambda: load.report.requests > 100, "load runs")
        for _ in range(20):
            before = {process.pid for process in data_plane.of_kind("worker")}
            data_plane.reload()
            after = {process.pid for process in data_plane.of_kind("worker")}
            assert len(after - before) == 2, "the new ones serve"
            wait_for(
                lambda before=before: not before & {each.pid for each in data_plane.of_kind("worker")},
                "the old ones are gone",
            )
        report = load.stop()

    assert report.failures == [], report
    assert data_plane.pid == supervisor


@pytest.mark.serial
def test_usr2_under_load_drops_no_request(hybrid: Hybrid) -> None:
    data_plane = hybrid.data_plane
    old = data_plane.pid
    with Load(data_plane.port, "/echo", connections=CONNECTIONS) as load:
        wait_for(lambda: load.report.requests > 200, "load runs")
        os.kill(old, signal.SIGUSR2)
        wait_for(lambda: data_plane.pid != old and len(data_plane.of_kind("worker")) == 2, "a successor", deadline=30)
        os.kill(old, signal.SIGQUIT)
        wait_for(lambda: not processes.alive(old), "the old supervisor is gone", deadline=30)
        seen = load.report.requests
        wait_for(lambda: load.report.requests > seen + 300, "load goes on")
        report = load.stop()

    assert report.failures == [], report
    hybrid.control_plane.write("POST", "/services/echo/routes", form={"name": "after", "paths[]": "/after"})
    data_plane.serves("/after")
