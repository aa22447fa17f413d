"""What a data plane does without its control plane."""

from __future__ import annotations

import shutil
import statistics
import time

import pytest

from tests.tools import processes
from tests.tools.gateway import DataPlane
from tests.tools.hybrid import Hybrid
from tests.tools.load import Load
from tests.tools.waiting import wait_for


@pytest.mark.serial
def test_a5_killing_the_control_plane_under_load_fails_no_request(hybrid_of_two: Hybrid) -> None:
    hybrid = hybrid_of_two
    control_plane = hybrid.control_plane
    with Load(hybrid.data_planes[0].port, "/echo") as first, Load(hybrid.data_planes[1].port, "/echo") as second:
        wait_for(lambda: first.report.requests > 200 and second.report.requests > 200, "load runs")
        killed = control_plane.kill()
        wait_for(lambda: not any(map(processes.alive, killed)), "every process of the control plane is gone")
        seen = first.report.requests, second.report.requests
        wait_for(
            lambda: first.report.requests > seen[0] + 200 and second.report.requests > seen[1] + 200, "load goes on"
        )
        control_plane.start()
        control_plane.write("POST", "/services/echo/routes", form={"name": "after", "paths[]": "/after"})
        for data_plane in hybrid.data_planes:
            data_plane.serves("/after", deadline=30)
        hybrid.settled()
        for report in (first.stop(), second.stop()):
            assert report.failures == [], report


@pytest.mark.serial
def test_a5_a_data_plane_restarted_without_control_plane_serves_within_two_seconds(hybrid: Hybrid) -> None:
    data_plane = hybrid.data_plane
    hybrid.settled()
    hybrid.control_plane.stop()
    taken = []
    for _ in range(5):
        data_plane.stop()
        began = time.monotonic()
        starting = hybrid.place.spawn("dp", "start", "--cp", hybrid.control_plane.address, env=data_plane.environ)
        data_plane.serves("/echo", deadline=20)
        taken.append(time.monotonic() - began)

    assert statistics.median(taken) <= 2.0, taken
    wait_for(lambda: "is ready" in starting.text, "the node says so")
    assert data_plane.status("/status/ready").status == 200


def test_a5_a_new_data_plane_given_a_copy_of_the_cache_serves_the_same(hybrid: Hybrid) -> None:
    hybrid.settled()
    hybrid.control_plane.stop()
    hybrid.data_plane.stop()
    copy = DataPlane(hybrid.place, [hybrid.control_plane], "copy")
    copy.prefix.mkdir()
    shutil.copytree(hybrid.data_plane.prefix / "dbless.lmdb", copy.prefix / "dbless.lmdb")

    copy.start()

    copy.serves("/echo", deadline=5.0)
    own_id = (copy.prefix / "kong.id").read_text()
    assert own_id != (hybrid.data_plane.prefix / "kong.id").read_text(), "the node id is not part of the cache"


def test_a5_a_data_plane_without_cache_and_control_plane_is_not_ready(hybrid: Hybrid) -> None:
    hybrid.control_plane.stop()
    fresh = DataPlane(hybrid.place, [hybrid.control_plane], "fresh", workers=1)

    fresh.start()

    assert fresh.status("/status/ready").status == 503
    assert fresh.get("/echo").status == 404
    hybrid.control_plane.start()
    fresh.serves("/echo", deadline=30)
    assert fresh.status("/status/ready").status == 200
