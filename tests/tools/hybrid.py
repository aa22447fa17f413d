"""A hybrid gateway for one test: one control plane, some data planes, an upstream and a route to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from tests.tools.gateway import ControlPlane, DataPlane, Place
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

ZEROS = "0" * 32


class Hybrid:
    """``control_plane``, ``data_planes`` and ``upstream``; everything runs and ``/echo`` is proxied when it is made."""

    def __init__(self, place: Place, upstream: Upstream, data_planes: int, workers: int) -> None:
        self.place = place
        self.upstream = upstream
        self.control_plane = ControlPlane(place)
        self.data_planes = [
            DataPlane(place, [self.control_plane], f"dp{index}", workers=workers) for index in range(data_planes)
        ]

    def start(self, environ: Mapping[str, str] | None = None) -> None:
        self.place.set_up("hybrid", "gen_cert")
        self.control_plane.prepare()
        self.control_plane.start(env=environ)
        self.control_plane.route("echo", self.upstream.url)
        for data_plane in self.data_planes:
            data_plane.start()
        for data_plane in self.data_planes:
            data_plane.serves("/echo")

    @property
    def data_plane(self) -> DataPlane:
        return self.data_planes[0]

    def settled(self, deadline: float = 10.0) -> str:
        """Wait until every data plane reports one and the same config hash; returns it."""

        def same() -> str | None:
            nodes = self.control_plane.nodes()
            hashes = {node["config_hash"] for node in nodes}
            return hashes.pop() if len(nodes) == len(self.data_planes) and len(hashes) == 1 else None

        found = wait_for(same, f"all data planes report one config hash{self.place.last_lines()}", deadline=deadline)
        assert found != ZEROS
        return found


@contextlib.contextmanager
def hybrid_in(place: Place, *, data_planes: int = 1, workers: int = 2) -> Iterator[Hybrid]:
    with Upstream() as upstream:
        made = Hybrid(place, upstream, data_planes, workers)
        made.start()
        yield made
