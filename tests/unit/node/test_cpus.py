from __future__ import annotations

import os
from pathlib import Path

import pytest

from gwctl.node.cpus import usable_cpus


@pytest.fixture
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def group(tmp_path: Path, limits: dict[str, str], own: str) -> tuple[Path, Path]:
    root = tmp_path / "cgroup"
    for path, text in limits.items():
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path / "cpu.max").write_text(text)
    me = tmp_path / "self"
    me.write_text(own)
    return root, me


@pytest.mark.usefixtures("eight_cpus")
@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 8),
        ({"": "max 100000\n"}, 8),
        ({"": "200000 100000\n"}, 2),
        ({"": "150000 100000\n"}, 2),
        ({"": "1000 100000\n"}, 1),
        ({"": "max 100000\n", "a": "300000 100000\n", "a/b": "max 100000\n"}, 3),
        ({"": "max 100000\n", "a": "300000 100000\n", "a/b": "100000 100000\n"}, 1),
        ({"": "nonsense\n"}, 8),
        ({"": "9900000 100000\n"}, 8),
    ],
)
def test_the_tightest_limit_counts(tmp_path: Path, limits: dict[str, str], expected: int) -> None:
    root, me = group(tmp_path, limits, "0::/a/b\n")
    assert usable_cpus(root, me) == expected


@pytest.mark.usefixtures("eight_cpus")
def test_without_control_groups_it_is_the_affinity_mask(tmp_path: Path) -> None:
    assert usable_cpus(tmp_path / "none", tmp_path / "nothing") == 8
