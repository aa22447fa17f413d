"""How many CPUs this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP2 = Path("/sys/fs/cgroup")


def usable_cpus(cgroup: Path = _CGROUP2, own: Path = Path("/proc/self/cgroup")) -> int:
    """The CPUs of the affinity mask, fewer when a control group limits CPU time; at least 1."""
    cpus = len(os.sched_getaffinity(0))
    limit = _quota(cgroup, own)
    return max(1, min(cpus, math.ceil(limit))) if limit is not None else cpus


def _quota(root: Path, own: Path) -> float | None:
    """The tightest ``cpu.max`` on the way from this process's group to the root, in CPUs."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    path = next((line[3:].lstrip("/") for line in lines if line.startswith("0::")), "")
    group = root / path
    quotas = []
    while group.is_relative_to(root):
        quotas.append(_read_quota(group / "cpu.max"))
        if group == root:
            break
        group = group.parent
    known = [quota for quota in quotas if quota is not None]
    return min(known) if known else None


def _read_quota(path: Path) -> float | None:
    try:
        quota, period = path.read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return None
