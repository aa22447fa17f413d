"""What the long run does to its gateway, and which failures of which node each deed explains."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.tools import processes
from tests.tools.gateway import ControlPlane, DataPlane, Node
from tests.tools.load import Failure
from tests.tools.postgres import RunningPostgres
from tests.tools.waiting import wait_for


@dataclass(frozen=True)
class Excuse:
    """Between ``begin`` and ``end`` (monotonic seconds) at most ``most`` requests to ``node`` may fail."""

    node: str
    what: str
    begin: float
    end: float
    most: int

    def covers(self, failure: Failure) -> bool:
        return failure.began <= self.end and failure.moment >= self.begin


class Incidents:
    """Every deed waits until the gateway is whole again, so that two deeds never mix."""

    def __init__(
        self,
        control_planes: list[ControlPlane],
        data_planes: list[DataPlane],
        database: RunningPostgres,
        connections: int,
        rng: random.Random,
    ) -> None:
        self.excuses: list[Excuse] = []
        self.done: dict[str, int] = {}
        self._control_planes = control_planes
        self._data_planes = data_planes
        self._database = database
        self._connections = connections
        self._rng = rng

    def deeds(self) -> list[Callable[[], None]]:
        return [
            self.kill_a_worker,
            self.kill_an_agent,
            self.kill_a_hub,
            self.kill_an_api,
            self.kill_the_forkserver,
            self.kill_a_control_plane,
            self.kill_a_data_plane,
            self.reload_a_data_plane,
            self.restart_the_database,
            self.renew_the_certificate,
        ]

    def perform(self, deed: Callable[[], None]) -> None:
        began = time.monotonic()
        deed()
        self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1
        print(f"    {deed.__name__.replace('_', ' ')}: whole again after {time.monotonic() - began:.1f} s", flush=True)

    def kill_a_worker(self) -> None:
        node = self._rng.choice(self._data_planes)
        victim = self._rng.choice(node.of_kind("worker"))
        began = time.monotonic()
        os.kill(victim.pid, signal.SIGKILL)
        self._replaced(node, "worker", victim.pid, count=2)
        self._excuse(node, "a killed worker loses its requests in flight", began, began + 0.5, self._connections)

    def kill_an_agent(self) -> None:
        self._kill_one(self._rng.choice(self._data_planes), "agent")

    def kill_a_hub(self) -> None:
        self._kill_one(self._rng.choice(self._control_planes), "hub")

    def kill_an_api(self) -> None:
        self._kill_one(self._rng.choice(self._control_planes), "api")

    def kill_the_forkserver(self) -> None:
        """It comes back when it is needed: the next process of the node that dies needs it."""
        node: Node = self._rng.choice([*self._data_planes, *self._control_planes])
        os.kill(node.of_kind("forks")[0].pid, signal.SIGKILL)
        self._kill_one(node, "agent" if isinstance(node, DataPlane) else "hub")

    def kill_a_control_plane(self) -> None:
        node = self._rng.choice(self._control_planes)
        killed = node.kill()
        wait_for(lambda: not any(map(processes.alive, killed)), "the control plane is gone")
        node.start()

    def kill_a_data_plane(self) -> None:
        node = self._rng.choice(self._data_planes)
        began = time.monotonic()
        killed = node.kill()
        wait_for(lambda: not any(map(processes.alive, killed)), "the data plane is gone")
        node.start()
        node.serves("/steady")
        self._excuse(node, "a killed data plane answers nobody", began, time.monotonic(), 1_000_000)

    def reload_a_data_plane(self) -> None:
        self._rng.choice(self._data_planes).reload()

    def restart_the_database(self) -> None:
        self._database.restart(immediate=self._rng.random() < 0.5)
        for control_plane in self._control_planes:
            self._answers(control_plane)

    def renew_the_certificate(self) -> None:
        """A new pair in the place of the old one on every node: links break and return, traffic does not notice."""
        place = self._control_planes[0].place
        for name in ("cluster.crt", "cluster.key"):
            (place.directory / name).unlink()
        place.gwctl("hybrid", "gen_cert")
        for node in [*self._control_planes, *self._data_planes]:
            node.reload()
        wait_for(self._all_linked, "every data plane is linked with the new certificate", deadline=60)

    def _all_linked(self) -> bool:
        now = time.time()
        rows = self._control_planes[0].nodes()
        return len(rows) >= len(self._data_planes) and all(row["last_seen"] >= now - 15 for row in rows)

    def _kill_one(self, node: Node, kind: str) -> None:
        # Between a dying fork server and the supervisor that adopts its children, the tree misses them for a moment.
        victim = wait_for(lambda: node.of_kind(kind), f"{node.name} has its {kind}")[0]
        os.kill(victim.pid, signal.SIGKILL)
        self._replaced(node, kind, victim.pid)
        if isinstance(node, ControlPlane):
            self._answers(node)

    def _answers(self, node: ControlPlane) -> None:
        wait_for(lambda: node.ask("GET", "/services?size=1").status == 200, f"{node.name} answers", deadline=20)

    def _replaced(self, node: Node, kind: str, pid: int, count: int = 1) -> None:
        def whole() -> bool:
            pids = {process.pid for process in node.of_kind(kind)}
            return len(pids) == count and pid not in pids

        wait_for(whole, f"a new {kind} of {node.name}{node.place.last_lines()}", deadline=10)

    def _excuse(self, node: Node, what: str, begin: float, end: float, most: int) -> None:
        self.excuses.append(Excuse(node.name, what, begin, end, most))


def unexplained(node: str, failures: list[Failure], excuses: list[Excuse]) -> list[Failure]:
    """The failures of a node that no excuse covers, or that go beyond what it allows."""
    left = list(failures)
    for excuse in excuses:
        if excuse.node == node:
            covered = [failure for failure in left if excuse.covers(failure)][: excuse.most]
            left = [failure for failure in left if failure not in covered]
    return left
