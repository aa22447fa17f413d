"""A control plane's Admin API on a real socket, over each kind of database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gwctl.admin import AdminContext, NodeFacts, admin_app
from gwctl.admin.ports import KnownHost, KnownUpstream, Mark
from gwctl.entities import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.kit.hosts import parse_host
from gwctl.kit.version import Version
from gwctl.settings import Settings
from gwctl.store import DatabaseConfig, Store
from tests.integration.admin.serving import Answer, Served, serving
from tests.tools.postgres import database, postgres
from tests.tools.stores import bootstrapped, catalog, database_kind, postgres_template, sqlite_template

__all__ = [
    "bootstrapped",
    "catalog",
    "database",
    "database_kind",
    "postgres",
    "postgres_template",
    "sqlite_template",
]

NODE_ID = "6b7d3a52-9cbf-4bd4-8a3a-1d2c5f1f8a11"


@dataclass
class StubNode:
    """The node around the API: what its workers would serve is given by the test."""

    level: str = "notice"
    seconds: float = 0.0
    known: dict[str, list[str]] | None = None
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    checked: bool = False
    down: set[str] = field(default_factory=set)
    idle: set[str] = field(default_factory=set)
    marks: list[Mark] = field(default_factory=list)
    refuses: str = ""

    def log_level(self) -> str:
        return self.level

    async def set_log_level(self, level: str, seconds: float) -> None:
        self.level, self.seconds = level, seconds

    async def health(self, upstream_id: str, targets: Sequence[str]) -> KnownUpstream | None:
        """As if all targets had the weight 100, but for those in ``idle``."""
        if self.known is None:
            return None
        hosts = [self._host(target) for target in targets]
        weight = {name: sum(host["weight"][name] for host in hosts) for name in ("total", "available", "unavailable")}
        return {"checked": self.checked, "healthy": weight["available"] > 0, "weight": weight, "hosts": hosts}

    def _host(self, target: str) -> KnownHost:
        parsed = parse_host(target)
        weight = 0 if target in self.idle else 100
        addresses = [
            {"ip": ip, "port": parsed.port, "weight": weight, "healthy": ip not in self.down}
            for ip in (self.known or {}).get(parsed.host, ())
        ]
        total, available = len(addresses) * weight, sum(weight for each in addresses if each["healthy"])
        return {
            "host": parsed.host, "port": parsed.port or 0,
            "dns": "A" if addresses else "dns server error: 3 name error",
            "nodeWeight": weight, "addresses": addresses,
            "weight": {"total": total, "available": available, "unavailable": total - available},
        }  # fmt: skip

    async def mark(self, mark: Mark) -> str:
        self.marks.append(mark)
        return self.refuses

    async def served(self, entity: str, where: Mapping[str, Any]) -> dict[str, Any] | None:
        for name, record in self.records:
            if name == entity and all(record.get(key) == value for key, value in where.items()):
                return record
        return None


@dataclass
class Admin:
    """The served API, its store, and the versions it announced."""

    served: Served
    store: Store
    commits: list[Version] = field(default_factory=list)
    node: StubNode = field(default_factory=StubNode)

    def ask(self, method: str, path: str, values: Any = None, **options: Any) -> Answer:
        return self.served.ask(method, path, values, **options)

    def made(self, path: str, values: Any) -> Any:
        """The record that a POST makes."""
        answer = self.ask("POST", path, values)
        assert answer.status == 201, answer.data
        return answer.json


@pytest.fixture
def store(bootstrapped: DatabaseConfig, catalog: Catalog) -> Iterator[Store]:
    opened = Store.open(bootstrapped, catalog, SystemClock())
    try:
        yield opened
    finally:
        opened.close()


Serve = Callable[..., Any]


@pytest.fixture
def serve(tmp_path: Path, catalog: Catalog, store: Store) -> Serve:
    """``with serve(role=…, store=…, environ=…, **context) as admin``."""

    @contextmanager
    def start(
        *, role: str = "control_plane", store: Any = store, environ: dict[str, str] | None = None, **changes: Any
    ) -> Iterator[Admin]:
        settings = Settings.load(role=role, environ={"GWCTL_PREFIX": str(tmp_path), **(environ or {})})
        commits: list[Version] = []
        stub = StubNode()
        node = NodeFacts(
            node_id=NODE_ID,
            hostname="here",
            pids=lambda: {"master": 1, "workers": [2, 3]},
            plugins={
                name: {"version": each.version, "priority": each.priority}
                for name, each in changes.get("catalog", catalog).plugins.items()
            },
            workers=lambda: [{"pid": 2, "memory": 1 << 20}],
            server_stats=lambda: {"total_requests": 7},
            control=stub,
        )
        with ThreadPoolExecutor(4) as executor:
            given: dict[str, Any] = {
                "catalog": catalog,
                "store": store,
                "settings": settings,
                "node": node,
                "executor": executor,
                "on_commit": commits.append,
                "clock": SystemClock(),
                **changes,
            }
            with serving(admin_app(AdminContext(**given))) as served:
                yield Admin(served, store, commits, stub)

    return start


@pytest.fixture
def admin(serve: Serve) -> Iterator[Admin]:
    with serve() as started:
        yield started


@pytest.fixture(autouse=True)
def _logs_reach_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("gwctl"), "propagate", True)
