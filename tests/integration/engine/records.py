"""Records in stored form, with what a test does not care about filled in, and a view over them in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from gwctl.kit.version import Version

Record = dict[str, Any]


def identity(name: str) -> str:
    """The same UUID for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def service(name: str, host: str, port: int, **values: Any) -> Record:
    record: Record = {
        "id": identity(f"service {name}"),
        "name": name,
        "protocol": "http",
        "host": host,
        "port": port,
        "path": None,
        "retries": 5,
        "connect_timeout": 5000,
        "write_timeout": 5000,
        "read_timeout": 5000,
        "enabled": True,
        "tls_verify": None,
    }
    return record | values


def route(name: str, to: Record | None, **values: Any) -> Record:
    record: Record = {
        "id": identity(f"route {name}"),
        "name": name,
        "service": {"id": to["id"]} if to else None,
        "protocols": ["http", "https"],
        "methods": None,
        "hosts": None,
        "paths": None,
        "headers": None,
        "snis": None,
        "sources": None,
        "destinations": None,
        "strip_path": True,
        "preserve_host": False,
        "regex_priority": 0,
        "path_handling": "v0",
        "https_redirect_status_code": 426,
        "request_buffering": True,
        "response_buffering": True,
    }
    return record | values


def upstream(name: str, **values: Any) -> Record:
    return {"id": identity(f"upstream {name}"), "name": name, "algorithm": "round-robin", "host_header": None} | values


def target(of: Record, address: str, weight: int = 100) -> Record:
    return {
        "id": identity(f"target {of['name']} {address}"),
        "target": address,
        "weight": weight,
        "upstream": {"id": of["id"]},
    }


def plugin(name: str, **values: Any) -> Record:
    record: Record = {
        "id": identity(f"plugin {name} {values}"),
        "name": name,
        "enabled": True,
        "route": None,
        "service": None,
        "consumer": None,
        "protocols": ["grpc", "grpcs", "http", "https"],
        "config": {},
    }
    return record | values


class MemoryView:
    """A RecordView over lists; ``closed`` tells whether its owner let go of it."""

    def __init__(self, records: dict[str, list[Record]], number: int = 1) -> None:
        self._records = records
        self.version = Version("00000000-0000-4000-8000-000000000000", number)
        self.closed = False

    def records(self, entity: str) -> Iterator[Record]:
        return iter(self._records.get(entity, ()))

    def get(self, entity: str, key: str) -> Record | None:
        return next((record for record in self.records(entity) if record["id"] == key), None)

    def find(self, entity: str, field: str | Sequence[str], value: Any) -> Record | None:
        return next((record for record in self.records(entity) if record.get(str(field)) == value), None)

    def children(self, entity: str, field: str, parent: str) -> Iterator[Record]:
        return (record for record in self.records(entity) if record.get(field) == {"id": parent})

    def changed_since(self, earlier: MemoryView) -> list[tuple[str, str]]:
        """(entity, id) of the records that differ."""
        before, after = earlier._by_key(), self._by_key()
        return [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]

    def _by_key(self) -> dict[tuple[str, str], Record]:
        return {(entity, record["id"]): record for entity, found in self._records.items() for record in found}

    def close(self) -> None:
        assert not self.closed
        self.closed = True
