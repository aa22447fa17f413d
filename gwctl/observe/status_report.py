"""The body of ``/status``, the same on the Admin API and on the Status API (admin-api.md 2.6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_UNITS = {"k": (1 << 10, "KiB"), "m": (1 << 20, "MiB"), "g": (1 << 30, "GiB")}
_MOST_DECIMALS = 15


@dataclass(frozen=True, slots=True)
class MemoryFormat:
    """How amounts of memory are written: ``unit`` is one of b, k, m, g; ``scale`` is the number of decimals."""

    unit: str = "m"
    scale: int = 2

    @classmethod
    def parse(cls, unit: str | None, scale: str | None) -> MemoryFormat:
        """From the query arguments of ``/status``. Raises ValueError with the reference's message."""
        chosen = (unit or "m").lower()
        if chosen != "b" and chosen not in _UNITS:
            raise ValueError(f"invalid unit '{unit}' (expected 'k/K', 'm/M', or 'g/G')")
        try:
            decimals = float(scale) if scale else 2.0
        except ValueError:
            decimals = 2.0
        if math.isnan(decimals) or decimals < 0:
            raise ValueError("scale must be equal or greater than 0")
        return cls(chosen, int(min(decimals, _MOST_DECIMALS)))

    def text(self, amount: int) -> str | int:
        """``amount`` bytes as the reference writes them: ``12.34 MiB``, or the plain number for unit b."""
        if self.unit == "b":
            return amount
        divisor, name = _UNITS[self.unit]
        return f"{amount / divisor:.{self.scale}f} {name}"


def status_body(
    *,
    memory: MemoryFormat,
    workers: Iterable[Mapping[str, int]],
    server: Mapping[str, int],
    database: bool | None = None,
    configuration_hash: str | None = None,
) -> dict[str, Any]:
    """``workers`` are ``{"pid", "memory"}`` (bytes); ``database`` and ``configuration_hash`` are left out when None."""
    vms = [
        {"http_allocated_gc": memory.text(worker["memory"]), "pid": worker["pid"]}
        for worker in sorted(workers, key=lambda worker: worker["pid"])
    ]
    body: dict[str, Any] = {"memory": {"lua_shared_dicts": {}, "workers_lua_vms": vms}, "server": dict(server)}
    if database is not None:
        body["database"] = {"reachable": database}
    if configuration_hash is not None:
        body["configuration_hash"] = configuration_hash
    return body
