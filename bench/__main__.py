"""``python -m bench``: every bench, or those that are named: ``python -m bench engine changesets``.

``engine``: one worker beside its upstream alone, in alternating rounds. The ratio survives a busy machine better than
the absolute figures; ``cpu_us`` is CPU time of the proxy per request. ``changesets`` and ``admin`` are
those of `bench.changesets` and `bench.admin`, on both databases; ``router`` is that of `bench.router`; ``path`` is a
request without sockets (`bench.in_process`). ``idle`` and ``tls`` measure connections (`bench.idle`,
`bench.tls_handshakes`). ``peers`` sets gwctl beside other proxies
(`bench.peers.comparing`), ``commits`` this tree beside an older one (`bench.commits`): the only bench that fails.
``--smoke`` takes a few seconds for each and leaves out ``admin`` and ``peers`` unless they are named.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import admin, changesets, commits, idle, in_process, router, tls_handshakes
from bench.peers import comparing

_TICKS = os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(module: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise SystemExit(f"{module} did not start")
            yield process
        finally:
            process.terminate()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _load(port: int, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.load", str(port), str(options.connections), str(options.seconds)]
    answer: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return answer


def _rounds(options: argparse.Namespace, log: Path) -> dict[str, Any]:
    upstream_port, gateway_port = _free_port(), _free_port()
    direct, proxied, cpu = [], [], []
    with (
        _running("bench.upstream", upstream_port),
        _running("bench.serve", gateway_port, upstream_port, log) as gateway,
    ):
        for _ in range(options.rounds):
            direct.append(_load(upstream_port, options))
            before = _cpu_seconds(gateway.pid)
            proxied.append(_load(gateway_port, options))
            cpu.append((_cpu_seconds(gateway.pid) - before) / proxied[-1]["requests"] * 1e6)
    ratios = [one["per_second"] / other["per_second"] for one, other in zip(proxied, direct, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "cpu_us": round(statistics.median(cpu), 1),
        "failures": sum(one["failures"] for one in proxied),
        "gwctl": proxied,
        "direct": direct,
    }


def _engine(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return _rounds(options, Path(folder) / "access.log")


@contextlib.contextmanager
def _both_ways() -> Iterator[tuple[int, int, int]]:
    """A worker with a plain and a TLS listener: its pid and the ports."""
    upstream_port, port, tls_port = (_free_port() for _ in range(3))
    with (
        tempfile.TemporaryDirectory() as folder,
        _running("bench.upstream", upstream_port),
        _running("bench.serve", port, upstream_port, Path(folder) / "access.log", tls_port) as gateway,
    ):
        yield gateway.pid, port, tls_port


def _idle(options: argparse.Namespace) -> dict[str, Any]:
    with _both_ways() as (pid, port, tls_port):
        return idle.measured(pid, port, tls_port, options)


def _tls(options: argparse.Namespace) -> dict[str, Any]:
    with _both_ways() as (pid, _, tls_port):
        return tls_handshakes.measured(lambda: _cpu_seconds(pid), tls_port, options)


def _changesets(options: argparse.Namespace) -> dict[str, Any]:
    if options.smoke:
        return {"sqlite": changesets.grown("sqlite", changesets.SMOKE_RECORDS)}
    return {kind: changesets.grown(kind, changesets.RECORDS) for kind in _KINDS}


def _admin(options: argparse.Namespace) -> dict[str, Any]:
    size = admin.SMOKE if options.smoke else admin.Size()
    return {kind: admin.measured(kind, size) for kind in (_KINDS[:1] if options.smoke else _KINDS)}


def _router(options: argparse.Namespace) -> dict[str, Any]:
    return router.measured(smoke=options.smoke)


def _path(options: argparse.Namespace) -> dict[str, Any]:
    return in_process.measured(smoke=options.smoke)


_KINDS = ("sqlite", "postgres")
_BENCHES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "engine": _engine,
    "idle": _idle,
    "tls": _tls,
    "commits": commits.compared,
    "changesets": _changesets,
    "admin": _admin,
    "router": _router,
    "path": _path,
    "peers": comparing.compared,
}
_LONG = ("admin", "peers")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"of {', '.join(_BENCHES)}; all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--idle", type=int, default=2000, help="connections that stay, for the bench idle")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, to see that the harness works")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    comparing.add_options(parser)
    commits.add_options(parser)
    options = parser.parse_args()
    if unknown := set(options.benches) - _BENCHES.keys():
        parser.error(f"there is no bench named {', '.join(sorted(unknown))}")
    if options.smoke:
        options.rounds, options.seconds = 1, 0.5
        options.pairs, options.pair_seconds = 1, 0.5
    chosen = options.benches or [name for name in _BENCHES if not (options.smoke and name in _LONG)]
    figures = {name: _BENCHES[name](options) for name in chosen}
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json is not None:
        options.json.write_text(f"{text}\n")
    if figures.get("commits", {}).get("slower"):
        sys.exit(f"slower than {figures['commits']['base']}: {figures['commits']['ratio']} times its CPU per request")


if __name__ == "__main__":
    main()
