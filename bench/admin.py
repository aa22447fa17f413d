"""``python -m bench.admin``: a real control plane while it syncs, imports, lists and takes single requests.

The control plane has one core, clients and PostgreSQL (with fsync) the other. ``cpu`` is user and system time of the
control plane's processes, which a busy machine changes least.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.changesets import document
from bench.clients import Client, Prober, pages, posts
from bench.node import OTHER_CORE, Memory, control_plane, cpu_seconds, data_planes, on_core
from tests.tools.gateway import ControlPlane, DataPlane
from tests.tools.waiting import wait_for

PAGES = 1000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: ``records`` of a document, ``rounds`` of ``seconds`` of single requests."""

    records: int = 100_000
    seconds: float = 5.0
    rounds: int = 3
    data_planes: int = 2


SMOKE = Size(200, 0.3, 1, 1)


def nested(routes: int) -> dict[str, Any]:
    """Services with one route each inside."""
    return {
        "_format_version": "3.0",
        "services": [
            {"name": f"i{number}", "host": "h.test", "routes": [{"name": f"i{number}", "paths": [f"/i{number}"]}]}
            for number in range(routes)
        ],
    }


def _sync(node: ControlPlane, file: Path, *, probed: bool) -> dict[str, Any]:
    memory = Memory(node)
    prober = Prober(node, "before") if probed else None
    memory.start()
    if prober is not None:
        prober.start()
    cpu, began = cpu_seconds(node), time.perf_counter()
    words = ("config", "sync", str(file), "--yes", "--allow-deletes", "1000000", "--admin-url", node.admin)
    done = node.place.gwctl(*words, ok=False, timeout=600)
    seconds = time.perf_counter() - began
    if done.code != 0:
        raise SystemExit(f"the sync failed: {done.err}")
    found = {"seconds": round(seconds, 2), "cpu": round(cpu_seconds(node) - cpu, 2)}
    memory.end()
    return {**found, "peak_mib": memory.peak_mib, **({} if prober is None else {"others": prober.end()})}


def _synced(node: ControlPlane, followers: list[DataPlane], folder: Path, records: int) -> dict[str, Any]:
    texts = {"first": document(records), "one_change": document(records, minute=6)}
    for values in texts.values():
        values["services"].append({"name": "before", "host": "h.test"})
    found: dict[str, Any] = {}
    Client(node).ask("POST", "/services", {"name": "before", "host": "h.test"})
    for case, values in texts.items():
        file = folder / f"{case}.json"
        file.write_text(json.dumps(values))
        found[case] = _sync(node, file, probed=case == "first")
        if case == "first":
            found["served_after_seconds"] = _served(followers, f"/r{len(values['routes']) - 1}")
    return found


def _served(followers: list[DataPlane], path: str) -> float:
    """Seconds until all of them know the route of ``path``."""
    began = time.perf_counter()
    wait_for(lambda: all(each.get(path).status != 404 for each in followers), "they serve it", deadline=120)
    return round(time.perf_counter() - began, 2)


def _imported(node: ControlPlane, folder: Path, routes: int) -> dict[str, Any]:
    """`config db_import` of new records, whole command."""
    import yaml

    found = {}
    for form, text in (("json", json.dumps(nested(routes))), ("yaml", yaml.safe_dump(nested(routes)))):
        file = folder / f"import.{form}"
        file.write_text(text.replace('"i', f'"{form[0]}').replace(": i", f": {form[0]}"))
        began = time.perf_counter()
        node.gwctl("config", "db_import", str(file), timeout=300)
        found[form] = round(time.perf_counter() - began, 2)
    return found


def _posted(node: ControlPlane, seconds: float, number: int) -> dict[str, Any]:
    cpu = cpu_seconds(node)
    found = posts(node, seconds, run=number)
    return {**found, "cpu_ms": round((cpu_seconds(node) - cpu) * 1000 / found["requests"], 2)}


def measured(kind: str, size: Size) -> dict[str, Any]:
    """Everything on one database, one after the other."""
    with tempfile.TemporaryDirectory() as name, control_plane(Path(name), kind) as node:
        folder = Path(name)
        with on_core(OTHER_CORE):
            posted = [_posted(node, size.seconds, number) for number in range(size.rounds)]
        followers = data_planes(node, size.data_planes)
        with on_core(OTHER_CORE):
            sync = _synced(node, followers, folder, size.records)
            listed = pages(node, "/routes", max(1, size.records * 2 // 5 // PAGES), PAGES)
            imported = _imported(node, folder, size.records // 10)
        return {"posts": posted, "sync": sync, "pages": listed, "import_seconds": imported}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.admin", description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--smoke", action="store_true", help="a small document, to see that the harness works")
    options = parser.parse_args()
    print(json.dumps(measured(options.store, SMOKE if options.smoke else Size()), indent=2))


if __name__ == "__main__":
    main()
