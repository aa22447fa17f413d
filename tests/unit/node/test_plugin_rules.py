"""Rules of plugins that depend on the role and the database of a node (plugins-auth-traffic.md 3.12, 3.13)."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.node.catalog import catalog_for
from gwctl.settings import Settings

ALL = ("local", "cluster", "redis")
SHARED = ("local", "redis")
ACME = {"account_email": "a@b.test"}
KONG = '"kong" storage can\'t be used with dbless mode'
SHM = '"shm" storage can\'t be used in Hybrid mode'


@pytest.mark.parametrize(
    ("role", "database", "policies", "refused"),
    [
        ("traditional", "postgres", ALL, {}),
        ("traditional", "off", SHARED, {"kong": KONG}),
        ("control_plane", "postgres", SHARED, {"shm": SHM}),
    ],
)
def test_shared_state(role: str, database: str, policies: tuple[str, ...], refused: dict[str, str]) -> None:
    catalog = catalog_for(Settings.load(role=role, environ={"KONG_DATABASE": database}))
    schema = catalog["plugins"]

    def errors(name: str, **config: Any) -> Any:
        return schema.validate(schema.prepare_insert({"name": name, "config": config}, now=1.0))

    for policy in ALL:
        wrong = {} if policy in policies else {"config": {"policy": f"expected one of: {', '.join(policies)}"}}
        assert errors("rate-limiting", minute=1, policy=policy, redis={"host": "r"}) == wrong
        assert errors("response-ratelimiting", limits={"a": {"day": 1}}, policy=policy, redis={"host": "r"}) == wrong
    for storage in ("kong", "shm", "consul"):
        wrong = {"@entity": [refused[storage]]} if storage in refused else {}
        assert errors("acme", **ACME, storage=storage) == wrong
