"""C4: a hundred configuration changes a second for a minute beside a thousand requests a second."""

from __future__ import annotations

import os

import pytest

from tests.tools.gateway import Place
from tests.tools.storm import Scene, scene

RATE = 1000
CHANGES = 100
SECONDS = float(os.environ.get("GWCTL_STORM_SECONDS", "60"))
ATTEMPTS = 3
_MIB = 1 << 20


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_c4_six_thousand_changes_fail_no_request_and_cost_neither_time_nor_room(place: Place) -> None:
    with scene(place) as played:
        played.stormy(RATE, SECONDS / 6, CHANGES)
        memory, room = worker_memory(played), cache_pages(played)
        ratios = []
        for _ in range(ATTEMPTS):
            quiet = played.quiet(RATE, SECONDS)
            stormy = played.stormy(RATE, SECONDS, CHANGES)
            print(f"quiet {quiet}, stormy {stormy}, {played.storm.versions} versions")
            ratios.append(stormy.p99 / quiet.p99)
            if ratios[-1] <= 2:
                break
        print(f"memory {memory} and {worker_memory(played)}, cache {room} and {cache_pages(played)}")
        assert played.storm.versions >= CHANGES * SECONDS
        assert min(ratios) <= 2, ratios
        assert worker_memory(played) <= memory + 8 * _MIB, "memory stays flat"
        # deletions are remembered, 10,000 of them
        assert cache_pages(played) <= room + 8 * _MIB, "no view is held longer than its requests"


def worker_memory(played: Scene) -> int:
    return max(process.memory_info().rss for process in played.data_plane.of_kind("worker"))


def cache_pages(played: Scene) -> int:
    """Bytes on the disk: the map itself is sparse."""
    place = played.data_plane.prefix / "dbless.lmdb"
    return sum(file.stat().st_blocks * 512 for file in place.rglob("data.mdb"))
