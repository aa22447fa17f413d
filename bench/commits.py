"""``python -m bench commits``: the engine of this tree against that of another commit, on this machine, in turns.

Slower is what is beyond 15 % in the median of the pairs and beyond the spread of the old one against itself.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.node import NODE_CORE, OTHER_CORE, on_core
from bench.ports import free_ports

ALLOWED = 0.15
_TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parents[1]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", default="", help="the old commit; by default HEAD, or its parent in a clean tree")


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """CPU per request of both and the verdict: ``slower`` is True when the new one is too slow."""
    base = options.base or _default_base()
    if not base:
        return {"skipped": "there is no older commit to compare with"}
    pairs, seconds = (options.pairs, options.pair_seconds) if not options.smoke else (5, 1.0)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        old = stack.enter_context(_tree(base, folder / "old"))
        upstream = stack.enter_context(_served(ROOT, "bench.upstream", OTHER_CORE))
        names = {"old": old, "new": ROOT, "control": old}
        nodes = {
            name: stack.enter_context(_served(tree, "bench.serve", NODE_CORE, upstream[0], folder / f"{name}.log"))
            for name, tree in names.items()
        }
        for node in nodes.values():
            _cpu_us(node, 0.5)
        rounds = [{name: _cpu_us(node, seconds) for name, node in nodes.items()} for _ in range(pairs)]
    return verdict(base, rounds)


def verdict(base: str, rounds: list[dict[str, float]]) -> dict[str, Any]:
    """From CPU per request in each round: the median of new against old, and what old against old shows by chance."""
    ratios = [each["new"] / each["old"] for each in rounds]
    controls = [each["control"] / each["old"] for each in rounds]
    ratio, spread = statistics.median(ratios), max(abs(each - 1) for each in controls)
    return {
        "base": base,
        "ratio": round(ratio, 3),
        "ratios": [round(each, 3) for each in ratios],
        "control": [round(each, 3) for each in controls],
        "cpu_us": {name: round(statistics.median(each[name] for each in rounds), 1) for name in rounds[0]},
        "slower": ratio > 1 + max(ALLOWED, spread),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _default_base() -> str:
    try:
        if _git("status", "--porcelain", "--untracked-files=no", "--", "gwctl"):
            return _git("rev-parse", "HEAD")
        return _git("rev-parse", "HEAD~1")
    except (OSError, subprocess.CalledProcessError):
        return ""


@contextlib.contextmanager
def _tree(commit: str, place: Path) -> Iterator[Path]:
    place.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(place)], input=archive, check=True)
    yield place


@contextlib.contextmanager
def _served(tree: Path, module: str, core: int, *arguments: object) -> Iterator[tuple[int, int]]:
    """A process of that tree; gives its port and pid."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", module, str(port), *map(str, arguments)]
    environ = dict(os.environ, PYTHONPATH=str(tree))
    with on_core(core):
        process = subprocess.Popen(command, cwd=tree, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{module} of {tree} did not start")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _cpu_us(node: tuple[int, int], seconds: float) -> float:
    port, pid = node
    before = _cpu_seconds(pid)
    with on_core(OTHER_CORE):
        command = [sys.executable, "-m", "bench.load", str(port), "16", str(seconds)]
        done = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    if done["failures"]:
        raise SystemExit(f"{done['failures']} requests failed")
    return (_cpu_seconds(pid) - before) / done["requests"] * 1e6


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
