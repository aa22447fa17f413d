"""A node of stub processes as a program: ``python stub_node.py PREFIX PORT WORKERS STALL_SECONDS``.

On a reload it reads PORT and WORKERS from the files ``port`` and ``workers`` in the prefix; a file ``broken`` makes
settings unusable.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gwctl.kit.errors import GwctlError
from gwctl.node.generation import NodeIdentity
from gwctl.node.plan import AGENT, WORKER, NodePlan, ProcessPlan, planned
from gwctl.node.prefix import PrefixDirectory
from gwctl.node.sockets import ListenSockets
from gwctl.node.supervisor import Limits, Place, Supervisor
from gwctl.observe import logs
from gwctl.settings import Settings


def plan_for(settings: Settings) -> NodePlan:
    return NodePlan(
        "data_plane",
        (
            ProcessPlan(AGENT, "stub_bodies", exclusive=True),
            ProcessPlan(WORKER, "stub_bodies", settings.integer("workers") or 1, planned(settings, "proxy_listen")),
        ),
    )


def load(prefix: Path, port: str, workers: str) -> Settings:
    if (prefix / "broken").exists():
        raise GwctlError("these settings are broken")
    port = (prefix / "port").read_text() if (prefix / "port").exists() else port
    workers = (prefix / "workers").read_text() if (prefix / "workers").exists() else workers
    flags = {
        "prefix": str(prefix),
        "proxy_listen": f"127.0.0.1:{port}",
        "status_listen": "off",
        "workers": workers,
        "log_level": "debug",
        "cluster_cert": "/dev/null",
        "cluster_cert_key": "/dev/null",
    }
    return Settings.load(role="data_plane", environ={}, flags=flags)


async def live(prefix: Path, port: str, workers: str, stall: int) -> int:
    directory = PrefixDirectory(prefix)
    directory.create(lambda _: None)
    lock = directory.lock()
    directory.remove_dangling_sockets(lambda text: print(text, file=sys.stderr))
    place = Place(
        prefix=directory,
        lock=lock,
        identity=NodeIdentity("00000000-0000-4000-8000-000000000000", "here"),
        error_log=directory.error_log,
        load=lambda: load(prefix, port, workers),
        plan_for=plan_for,
    )
    limits = Limits(stall=stall, ready=10.0, first_sync=5.0)
    supervisor = Supervisor(load(prefix, port, workers), place, sockets=ListenSockets(), limits=limits)
    return await supervisor.run(lambda error: print("ready" if error is None else f"failed: {error}", flush=True))


if __name__ == "__main__":
    home = Path(sys.argv[1])
    home.joinpath("logs").mkdir(parents=True, exist_ok=True)
    logs.configure("debug", home / "logs" / "error.log", "supervisor")
    sys.exit(asyncio.run(live(home, sys.argv[2], sys.argv[3], int(sys.argv[4]))))
