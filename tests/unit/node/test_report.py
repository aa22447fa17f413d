"""What a node tells about itself is the sum of what its members say, and never goes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gwctl.kit.digest import ZEROS
from gwctl.node.crew import Member
from gwctl.node.messages import Swapped
from gwctl.node.plan import AGENT, API, WORKER
from gwctl.node.report import Report, config_hash, describe
from tests.tools.links import memory_pair
from tests.unit.node.doubles import assignment

SERVED = Swapped("L", 7, "a" * 32, 3)
EMPTY = Swapped("", 0, ZEROS, 0)


def member(tmp_path: Path, kind: str = WORKER, pid: int = 1, *, ready: bool = True, **stats: Any) -> Member:
    process = cast(Any, SimpleNamespace(pid=pid))
    return Member(replace(assignment(tmp_path), kind=kind), process, memory_pair()[0], ready=ready, stats=stats)


def worker(tmp_path: Path, pid: int, requests: int, waiting: int = 0) -> Member:
    server = {"accepted": requests, "handled": requests, "requests": requests, "waiting": waiting}
    return member(tmp_path, pid=pid, server=server, memory=100 * pid)


def test_figures_are_summed_and_those_of_the_dead_are_kept(tmp_path: Path) -> None:
    report = Report("data_plane", 2)
    one, two = worker(tmp_path, 1, 10, waiting=2), worker(tmp_path, 2, 20, waiting=1)
    assert report.server([one, two]).requests == 30
    report.left(one)
    served = report.server([two])
    assert (served.requests, served.accepted, served.waiting) == (30, 30, 1)


def test_memory_is_that_of_the_processes_that_serve(tmp_path: Path) -> None:
    members = [worker(tmp_path, 1, 0), member(tmp_path, API, 2, memory=5), member(tmp_path, AGENT, 3, memory=9)]
    assert Report.memory(members) == [{"pid": 1, "memory": 100}, {"pid": 2, "memory": 5}]


def test_the_api_shows_the_whole_node(tmp_path: Path) -> None:
    node = Report("traditional", 1).node([worker(tmp_path, 1, 5), member(tmp_path, API, 2, memory=1)])
    assert node["pids"]["workers"] == [1, 2]
    assert node["server"]["requests"] == 5


@pytest.mark.parametrize(("served", "expected"), [(None, None), (EMPTY, ZEROS), (SERVED, "a" * 32)])
def test_a_configuration_without_records_has_the_hash_of_nothing(served: Swapped | None, expected: str | None) -> None:
    assert config_hash(served) == expected


class TestReadiness:
    def test_a_data_plane_is_ready_when_every_worker_serves_a_configuration(self, tmp_path: Path) -> None:
        report = Report("data_plane", 2)
        workers = [worker(tmp_path, 1, 0), worker(tmp_path, 2, 0)]
        assert report.readiness(workers, SERVED) == (True, "ready")
        assert report.readiness(workers[:1], SERVED)[0] is False
        assert "router ready in 1 of 2 workers" in report.readiness(workers[:1], SERVED)[1]

    def test_without_configuration_it_is_not(self, tmp_path: Path) -> None:
        report = Report("data_plane", 1)
        assert report.readiness([worker(tmp_path, 1, 0)], EMPTY) == (
            False,
            "no configuration available (empty configuration present)",
        )

    def test_a_worker_that_is_starting_does_not_count(self, tmp_path: Path) -> None:
        report = Report("traditional", 1)
        assert report.readiness([member(tmp_path, ready=False)], SERVED)[0] is False

    def test_a_control_plane_needs_no_worker(self) -> None:
        assert Report("control_plane", 0).readiness([], None) == (True, "ready")


def test_a_process_describes_itself(tmp_path: Path) -> None:
    assert describe(member(tmp_path, pid=9, n=1)) == {
        "name": "worker 0",
        "kind": "worker",
        "slot": 0,
        "pid": 9,
        "ready": True,
        "stats": {"n": 1},
    }
