"""A real data plane whose control plane does not answer: it serves what its cache holds, here nothing."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil

from gwctl.certs import write_shared_pair
from gwctl.node import lifecycle
from tests.integration.node.conftest import free_port, until

GWCTL = [sys.executable, "-P", "-m", "gwctl"]


class DataPlane:
    def __init__(self, place: Path, workers: int = 2) -> None:
        self.place = place
        self.prefix = place / "home" / "data_plane"
        self.port, self.status_port, cluster = free_port(), free_port(), free_port()
        if not (place / "cluster.crt").exists():
            write_shared_pair(None, None, now=1_700_000_000, days=3650, cwd=place)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("GWCTL_", "KONG_"))}
        self.environment = clean | {
            "GWCTL_HOME": str(place / "home"),
            "GWCTL_PROXY_LISTEN": f"127.0.0.1:{self.port}",
            "GWCTL_STATUS_LISTEN": f"127.0.0.1:{self.status_port}",
            "GWCTL_CLUSTER_CONTROL_PLANE": f"127.0.0.1:{cluster}",
            "GWCTL_WORKERS": str(workers),
            "GWCTL_LOG_LEVEL": "info",
        }

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*GWCTL, *words],
            cwd=self.place,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self) -> None:
        done = self.run("dp", "start", "--daemon")
        assert (done.returncode, done.stdout) == (0, "Kong started\n"), done.stdout + done.stderr + self.log

    @property
    def log(self) -> str:
        path = self.prefix / "logs" / "error.log"
        return path.read_text() if path.exists() else ""

    @property
    def pid(self) -> int:
        return int((self.prefix / "pids" / "nginx.pid").read_text())

    def status(self) -> int:
        """The status of a request that no route matches, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/", headers={"Connection": "close"})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def workers(self) -> set[int]:
        return set(self._pids("worker"))

    def _pids(self, kind: str) -> list[int]:
        found = []
        for process in psutil.Process(self.pid).children(recursive=True):
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                if Path(f"/proc/{process.pid}/comm").read_text().startswith(f"gwctl {kind}"):
                    found.append(process.pid)
        return found

    def ready(self) -> bool:
        health = lifecycle.health(self.prefix)
        return health.running and all(health.services.values()) and "agent" in health.services

    def end(self) -> None:
        """Kill whatever of it is left."""
        for name in ("nginx.pid", "nginx.pid.oldbin"):
            with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
                root = psutil.Process(int((self.prefix / "pids" / name).read_text()))
                family = [root, *root.children(recursive=True)]
                root.send_signal(signal.SIGKILL)
                for process in family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()


class Requests:
    """Requests one after the other in a few threads."""

    def __init__(self, node: DataPlane, threads: int = 3) -> None:
        self.failures: list[str] = []
        self.count = 0
        self._node = node
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Requests:
        for thread in self._threads:
            thread.start()
        until("requests flow", lambda: self.count > 10)
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._done.is_set():
            try:
                status = self._node.status()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            else:
                if status != 404:
                    self.failures.append(f"status {status}")
            self.count += 1
