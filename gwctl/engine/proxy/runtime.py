"""What the exchanges of one worker share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from email.utils import formatdate

from gwctl.engine.config import EngineConfig
from gwctl.engine.ports import AccessSink
from gwctl.engine.proxy.origin import Hosts
from gwctl.engine.snapshot import Snapshot
from gwctl.engine.upstream.pool import Pool
from gwctl.kit.clock import Clock
from gwctl.observe.metrics import MetricRow


@dataclass(slots=True)
class Counters:
    """Since the start of the worker."""

    accepted: int = 0
    requests: int = 0


class HttpDate:
    """The Date field, made once per second."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = b""

    def at(self, now: float) -> bytes:
        second = int(now)
        if second != self._second:
            self._second = second
            self._text = formatdate(second, usegmt=True).encode()
        return self._text


@dataclass(frozen=True, slots=True)
class Runtime:
    """``snapshot`` gives the current one; ``executor`` runs what would block the loop."""

    config: EngineConfig
    clock: Clock
    pool: Pool
    executor: Executor
    access_log: AccessSink | None
    snapshot: Callable[[], Snapshot]
    counters: Counters
    http_date: HttpDate
    metrics: MetricRow | None = None
    hosts: Hosts = field(default_factory=Hosts)

    def date(self) -> bytes:
        """The Date field of now."""
        return self.http_date.at(self.clock.now())
