"""The bench harness works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_short_round_works() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--smoke"], cwd=root, stdout=subprocess.PIPE, timeout=120, check=True
    )
    result = json.loads(done.stdout)
    assert set(result) == {"engine", "changesets"}
    assert result["engine"]["failures"] == 0
    assert result["engine"]["gwctl"][0]["requests"] > 0
    assert 0 < result["engine"]["ratio"] < 1
    assert {"first", "same", "one_change"} == set(result["changesets"]["sqlite"]["large"])
    assert all(each["cpu"] > 0 for each in result["changesets"]["sqlite"]["large"].values())
