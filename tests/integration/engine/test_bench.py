"""The bench harness works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.commits import verdict


def test_a_short_round_works() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "engine", "changesets", "--smoke"],
        cwd=root,
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    result = json.loads(done.stdout)
    assert set(result) == {"engine", "changesets"}
    assert result["engine"]["failures"] == 0
    assert result["engine"]["gwctl"][0]["requests"] > 0
    assert 0 < result["engine"]["ratio"] < 1
    assert {"first", "same", "one_change"} == set(result["changesets"]["sqlite"]["large"])
    assert all(each["cpu"] > 0 for each in result["changesets"]["sqlite"]["large"].values())


@pytest.mark.parametrize(
    ("new", "control", "slower"),
    [
        pytest.param(114, 100, False, id="within what is allowed"),
        pytest.param(120, 100, True, id="beyond it"),
        pytest.param(120, 125, False, id="the old one differs from itself by more"),
        pytest.param(80, 100, False, id="faster"),
    ],
)
def test_slower_is_beyond_chance(new: float, control: float, slower: bool) -> None:
    rounds = [{"old": 100.0, "new": new + wobble, "control": control} for wobble in (-1.0, 0.0, 1.0, 0.5, 40.0)]
    assert verdict("base", rounds)["slower"] is slower
