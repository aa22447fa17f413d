"""``python -m bench peers``: gwctl and other proxies, each in turns with nginx (A B A B), so that ratios survive noise.

``ratio`` is CPU per request of the proxy divided by nginx's, the median over the pairs; ``nginx-again`` is the control.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.peers import rate
from bench.peers.measuring import Sample, sample
from bench.peers.proxies import GWCTL, KINDS, Proxy, installed, prepare, proxy, upstream

WORKLOADS = ("real", "vary", "post", "big", "tls")
PEERS = ("gwctl", "gwctl-h11", *(name for name in KINDS if name != "nginx"))


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--peers", default=",".join(PEERS), help="those that are compared with nginx")
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--pair-seconds", type=float, default=10.0)


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """Every peer under every workload; prints the table to stderr while it grows."""
    for name in ("nginx", "wrk"):
        if not _found(name):
            return {"skipped": f"{name} is not installed: make bench-packages"}
    result: dict[str, Any] = {"machine": _machine(), "workloads": {}, "rate": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        prepare(folder)
        with upstream(folder) as port, proxy("nginx", folder, port) as nginx:
            for peer in options.peers.split(","):
                if not installed(peer):
                    _tell(f"{peer}: not installed")
                    continue
                with proxy(peer, folder, port) as other:
                    _peer(nginx, other, options, result)
                    if peer in GWCTL:
                        result["rate"][peer] = rate.against_direct(other.port, port, options)
    return result


def _peer(nginx: Proxy, other: Proxy, options: argparse.Namespace, result: dict[str, Any]) -> None:
    sample(other, "real", 1)
    for workload in options.workloads.split(","):
        pairs = []
        for _ in range(options.pairs):
            reference = sample(nginx, workload, options.pair_seconds)
            pairs.append((reference, sample(other, workload, options.pair_seconds)))
        found = _summary(pairs)
        found["resident_mib"] = round(other.resident_mib(), 1)
        result["workloads"].setdefault(workload, {})[other.name] = found
        _tell(_line(workload, other.name, found))


def _summary(pairs: list[tuple[Sample, Sample]]) -> dict[str, Any]:
    mine = [other for _, other in pairs]
    ratios = [other.cpu_us / max(nginx.cpu_us, 0.01) for nginx, other in pairs]
    return {
        "cpu_ratio": round(statistics.median(ratios), 3),
        "cpu_ratios": [round(each, 3) for each in ratios],
        "throughput_ratio": round(statistics.median(o.per_second / n.per_second for n, o in pairs), 3),
        "per_second": round(statistics.median(each.per_second for each in mine)),
        "mib_per_second": round(statistics.median(each.mib_per_second for each in mine), 1),
        "cpu_us": round(statistics.median(each.cpu_us for each in mine), 1),
        "user_us": round(statistics.median(each.user_us for each in mine), 1),
        "nginx_cpu_us": round(statistics.median(nginx.cpu_us for nginx, _ in pairs), 1),
        "p50_ms": statistics.median(each.p50_ms for each in mine),
        "p99_ms": statistics.median(each.p99_ms for each in mine),
        "failures": sum(each.failures for each in mine),
        "opens": max(each.opens for each in mine),
        "samples": [other.as_dict() for other in mine],
    }


def _line(workload: str, name: str, found: dict[str, Any]) -> str:
    return (
        f"{workload:5} {name:12} cpu {found['cpu_us']:7.1f} us (user {found['user_us']:6.1f})  "
        f"{found['cpu_ratio']:6.2f} x nginx {found['nginx_cpu_us']:5.1f} us  {found['per_second']:7} /s  "
        f"{found['mib_per_second']:7.1f} MiB/s  p50 {found['p50_ms']:5.2f} p99 {found['p99_ms']:6.2f} ms  "
        f"failures {found['failures']} opens {found['opens']}"
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _found(program: str) -> bool:
    return shutil.which(program) is not None


def _machine() -> dict[str, str]:
    return {"python": platform.python_version(), "loop": "uvloop", "workers": "1", "machine": platform.machine()}
