"""The control plane's end of the link without a control plane: versions are made in memory and fed to data planes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gwctl.cache import CacheWriter
from gwctl.certs import ClusterTrust, load_pair
from gwctl.cluster import Hub, HubIdentity, Replica
from gwctl.entities import core_catalog
from gwctl.kit.changes import Change
from gwctl.kit.clock import SystemClock
from gwctl.kit.digest import to_hex
from tests.tools.loop import LoopThread
from tests.tools.memory_feed import MemoryFeed, make_record

_KEPT_VERSIONS = 500
_CATALOG = core_catalog()


class _Ledger:
    """``served`` is the newest version that a data plane acknowledged."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def report(self, row: dict[str, Any]) -> None:
        self.rows[row["id"]] = row


class FedPlanes:
    """Listens as a control plane would at ``port``; ``put`` and ``drop`` note changes, ``publish`` makes a version."""

    def __init__(self, path: Path, certificates: Path) -> None:
        pair = load_pair((certificates / "cluster.crt").read_text(), (certificates / "cluster.key").read_text())
        self._feed = MemoryFeed(_CATALOG)
        self._writer = CacheWriter.open(path, _CATALOG, journal=True, durable=False)
        self._replica = Replica(self._feed, self._writer, _CATALOG)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop = LoopThread("hub")
        self._ledger = _Ledger()
        identity = HubIdentity("3.8.1", "0.1.0", 30.0)
        self._hub = Hub(self._replica, self._ledger, ClusterTrust.shared(pair), identity, clock=SystemClock())
        self._changes: list[Change] = []
        self._replica.catch_up()
        self._serving = self._loop.spawn(self._hub.serve([self._socket]))

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    def put(self, entity: str, **values: Any) -> dict[str, Any]:
        """Insert or replace a record in the version to come."""
        record = make_record(_CATALOG, entity, **values)
        self._changes.append(Change(entity, record["id"], record))
        return record

    def drop(self, entity: str, key: str) -> None:
        self._changes.append(Change(entity, key, None))

    def publish(self) -> int:
        """Make the changes since the last time a version and announce it; returns its number."""
        changes, self._changes = self._changes, []
        number = self._feed.write(*changes)
        self._feed.log = [entry for entry in self._feed.log if entry[0] > number - _KEPT_VERSIONS]
        self._feed.oldest = max(0, number - _KEPT_VERSIONS)
        self._replica.catch_up()
        self._loop.call(self._announce())
        return number

    async def _announce(self) -> None:
        self._hub.announce()

    @property
    def digest(self) -> str:
        """The config hash of the newest version."""
        return to_hex(self._replica.position.digest)

    @property
    def hashes(self) -> set[str]:
        """The config hashes that data planes acknowledged last."""
        return {row["config_hash"] for row in self._ledger.rows.values()}

    def close(self) -> None:
        self._loop.call(self._hub.close())
        with contextlib.suppress(asyncio.CancelledError):
            self._serving.result(10)
        self._loop.close()
        self._socket.close()
        self._writer.close()


@contextlib.contextmanager
def fed_planes(path: Path, certificates: Path) -> Iterator[FedPlanes]:
    """``certificates`` is a directory with ``cluster.crt`` and ``cluster.key``."""
    feeding = FedPlanes(path, certificates)
    try:
        yield feeding
    finally:
        feeding.close()
