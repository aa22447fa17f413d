"""What the engine needs from outside: configuration to read and a place for access-log records."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gwctl.kit.version import Version
from gwctl.observe.access import AccessRecord
from gwctl.schema import RecordDict
from gwctl.settings import Listener


class RecordView(Protocol):
    """A consistent read of every record of one version. It stays readable until it is closed."""

    @property
    def version(self) -> Version: ...

    def get(self, entity: str, key: str) -> RecordDict | None:
        """The record with this primary key."""
        ...

    def find(self, entity: str, field: str | Sequence[str], value: Any) -> RecordDict | None:
        """The record whose unique ``field`` has ``value``; several fields and values for a combined unique key."""
        ...

    def children(self, entity: str, field: str, parent: str) -> Iterator[RecordDict]:
        """The records of ``entity`` whose foreign key ``field`` refers to ``parent``."""
        ...

    def records(self, entity: str) -> Iterator[RecordDict]:
        """Every record of ``entity``."""
        ...

    def close(self) -> None: ...


class AccessSink(Protocol):
    """Where one record per finished request goes. ``write`` never blocks and never fails."""

    def write(self, record: AccessRecord) -> None: ...


@dataclass(frozen=True, slots=True)
class BoundListener:
    """A listening socket with the entry of ``proxy_listen`` that it was opened for."""

    listener: Listener
    socket: socket.socket


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counters since start (accepted, handled, total_requests) and the present state of connections.

    ``reading`` connections have sent part of a head, ``writing`` ones have a request in flight, ``waiting`` are idle.
    """

    accepted: int
    active: int
    handled: int
    reading: int
    writing: int
    waiting: int
    total_requests: int
    version: Version
