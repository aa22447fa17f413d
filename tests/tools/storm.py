"""A storm of configuration changes beside a constant rate of requests that must not feel it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import NAMESPACE_DNS, uuid5

from tests.tools.constant_rate import ConstantRate, Result, constant_rate
from tests.tools.feeding import FedPlanes, fed_planes
from tests.tools.gateway import DataPlane, Place
from tests.tools.waiting import wait_for

STAYING = tuple(f"/stay/{number}" for number in range(8))
_COMING_AND_GOING = 50


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


class Storm:
    """Every version changes routes, services, an upstream or its targets; every path of ``STAYING`` stays served."""

    def __init__(self, feeding: FedPlanes, upstream: int, seed: int = 4) -> None:
        self._feeding = feeding
        self._upstream = upstream
        self._rng = random.Random(seed)
        self.versions = 0
        self._put_pool(100)
        for number, path in enumerate(STAYING):
            self._put_service(number)
            self._put_route(number, path)
        feeding.publish()

    def _put_pool(self, weight: int) -> None:
        self._feeding.put("upstreams", id=_id("pool"), name="pool.test", slots=self._rng.randint(10, 100))
        target = f"127.0.0.1:{self._upstream}"
        self._feeding.put("targets", id=_id("t"), target=target, weight=weight, upstream={"id": _id("pool")})

    def _put_service(self, number: int) -> None:
        host, port = ("pool.test", 80) if number % 2 else ("127.0.0.1", self._upstream)
        retries = self._rng.randint(1, 9)
        self._feeding.put("services", id=_id(f"s{number}"), name=f"s{number}", host=host, port=port, retries=retries)

    def _put_route(self, number: int, *paths: str) -> None:
        service = {"id": _id(f"s{number}")}
        self._feeding.put(
            "routes", id=_id(f"r{number}"), name=f"r{number}", paths=[*paths], service=service, strip_path=False
        )

    def change(self) -> None:
        """One version."""
        number, self.versions = self._rng.randrange(len(STAYING)), self.versions + 1
        kind = self._rng.randrange(5)
        if kind == 0:
            self._put_service(number)
        elif kind == 1:
            self._put_route(number, STAYING[number], f"/more/{self.versions}")
        elif kind == 2:
            self._put_pool(self._rng.randint(1, 1000))
        self._come_and_go(self.versions)
        self._feeding.publish()

    def _come_and_go(self, version: int) -> None:
        self._feeding.put(
            "routes", id=_id(f"c{version}"), paths=[f"/come/{version}"], service={"id": _id("s0")}, strip_path=False
        )
        if version > _COMING_AND_GOING:
            self._feeding.drop("routes", _id(f"c{version - _COMING_AND_GOING}"))

    @property
    def newest(self) -> str:
        """A path that the newest version brought."""
        return f"/come/{self.versions}"

    @contextmanager
    def blowing(self, per_second: float) -> Iterator[None]:
        """So many versions a second, made in a thread, until the end of the block."""
        over = threading.Event()

        def blow() -> None:
            due = time.monotonic()
            while not over.wait(max(0.0, due - time.monotonic())):
                self.change()
                due += 1 / per_second

        thread = threading.Thread(target=blow, name="storm")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)


@dataclass
class Scene:
    """A data plane of two workers that is fed changes, under load."""

    place: Place
    feeding: FedPlanes
    load: ConstantRate
    data_plane: DataPlane
    storm: Storm

    def quiet(self, rate: float, seconds: float) -> Result:
        self.load.start(self.data_plane.port, rate, seconds, STAYING)
        return self._good(self.load.result())

    def stormy(self, rate: float, seconds: float, changes: float) -> Result:
        with self.storm.blowing(changes):
            result = self.quiet(rate, seconds)
        self.data_plane.serves(self.storm.newest)
        wait_for(lambda: self.feeding.hashes == {self.feeding.digest}, "the last version is acknowledged")
        return result

    def _good(self, result: Result) -> Result:
        assert result.failures == 0, f"{result}{self.place.last_lines()}"
        return result


@contextmanager
def scene(place: Place) -> Iterator[Scene]:
    place.set_up("hybrid", "gen_cert")
    with fed_planes(place.directory.parent / "hub", place.directory) as feeding, constant_rate() as load:
        storm = Storm(feeding, load.upstream)
        data_plane = DataPlane(place, [feeding], workers=2)
        data_plane.start()
        data_plane.serves(STAYING[-1])
        yield Scene(place, feeding, load, data_plane, storm)
