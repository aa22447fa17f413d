"""Each role has its processes and its listeners, and nothing else (hybrid.md 1)."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from gwctl.node.roles import PLANS, plan_for
from gwctl.settings import ROLES
from tests.unit.node.doubles import settings

_EXPECTED = {
    "control_plane": {"hub": {"cluster_listen"}, "api": {"admin_listen"}},
    "data_plane": {"agent": set(), "worker": {"proxy_listen"}},
    "traditional": {"follower": set(), "api": {"admin_listen"}, "worker": {"proxy_listen"}},
}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_processes_and_listeners_of_a_role(tmp_path: Path, role: str) -> None:
    plan = plan_for(settings(tmp_path, role, workers="3"))
    assert plan.role == role
    shown = {process.kind: {item.setting for item in process.listeners} for process in plan.processes}
    assert shown == _EXPECTED[role]
    assert plan.count("worker") == (0 if role == "control_plane" else 3)


def test_there_is_a_plan_for_every_role() -> None:
    assert set(PLANS) == set(ROLES)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_process_has_a_body(tmp_path: Path, role: str) -> None:
    for module in plan_for(settings(tmp_path, role)).modules:
        assert callable(importlib.import_module(module).body)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_whoever_writes_a_cache_is_alone(tmp_path: Path, role: str) -> None:
    plan = plan_for(settings(tmp_path, role))
    assert {process.kind for process in plan.processes if process.exclusive} == {"hub", "agent", "follower"} & set(
        _EXPECTED[role]
    )


def test_workers_are_one_per_cpu_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.node.data_plane.usable_cpus", lambda: 5)
    assert plan_for(settings(tmp_path)).count("worker") == 5
    assert plan_for(settings(tmp_path, workers="2")).count("worker") == 2
