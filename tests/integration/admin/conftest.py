"""A control plane's Admin API on a real socket, over each kind of database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gwctl.admin import AdminContext, NodeFacts, admin_app
from gwctl.entities import Catalog
from gwctl.kit.clock import SystemClock
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
class Admin:
    """The served API, its store, and the versions it announced."""

    served: Served
    store: Store
    commits: list[Version] = field(default_factory=list)

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
        node = NodeFacts(
            node_id=NODE_ID,
            hostname="here",
            pids=lambda: {"master": 1, "workers": [2, 3]},
            plugins={},
            workers=lambda: [{"pid": 2, "memory": 1 << 20}],
            server_stats=lambda: {"total_requests": 7},
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
                yield Admin(served, store, commits)

    return start


@pytest.fixture
def admin(serve: Serve) -> Iterator[Admin]:
    with serve() as started:
        yield started


@pytest.fixture(autouse=True)
def _logs_reach_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("gwctl"), "propagate", True)
