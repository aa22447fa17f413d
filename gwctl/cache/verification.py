"""Verification of a generation in a child process: a damaged file may kill the process that opens it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gwctl.cache.errors import CacheDamaged

_LEAST_SECONDS = 30.0
_BYTES_PER_SECOND = 4 << 20


def verify_in_child(generation: Path) -> None:
    """Read everything in ``generation`` in a child. Raises CacheDamaged when it is unsound, cannot be read or takes
    longer than its size explains."""
    command = [sys.executable, "-m", "gwctl.cache.verify", str(generation)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        child = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_patience(generation),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CacheDamaged(f"{generation.name} could not be verified within {error.timeout:.0f} seconds") from error
    if child.returncode == 0:
        return
    lines = child.stderr.decode(errors="replace").strip().splitlines()
    reason = lines[-1][:300] if lines else f"the verification ended with status {child.returncode}"
    raise CacheDamaged(f"{generation.name} is damaged: {reason}")


def _patience(generation: Path) -> float:
    try:
        size = (generation / "data.mdb").stat().st_size
    except OSError:
        size = 0
    return _LEAST_SECONDS + size / _BYTES_PER_SECOND
