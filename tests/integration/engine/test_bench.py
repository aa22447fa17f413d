"""The bench harness works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_short_round_serves_without_failures() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--smoke"], cwd=root, stdout=subprocess.PIPE, timeout=60, check=True
    )
    result = json.loads(done.stdout)
    assert result["failures"] == 0
    assert result["gwctl"][0]["requests"] > 0
    assert 0 < result["ratio"] < 1
