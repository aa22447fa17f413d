"""``gwctl quickstart``: the hybrid walk of the guides with the installed commands, in a place that vanishes afterwards.

Everything runs in the caller's process group, so that one Ctrl-C ends all of it, and ends when the caller is killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from gwctl.client import AdminClient
from gwctl.kit.errors import GwctlError
from gwctl.node import lifecycle
from gwctl.node.echo import EchoServer
from gwctl.node.linux import end_with_parent

READY_SECONDS = 60.0
CHANGE_SECONDS = 10.0
STOP_SECONDS = 15.0
_OURS = ("GWCTL_", "KONG_")

Say = Callable[[str], None]


class QuickstartFailed(GwctlError):
    """A step did not work; what the command said is in the message."""

    code = "quickstart"


@dataclass(frozen=True, slots=True)
class Ports:
    admin: int
    cluster: int
    proxy: int
    status: int

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody uses now."""
        with contextlib.ExitStack() as held:
            numbers = []
            for _ in range(4):
                sock = held.enter_context(socket.socket())
                sock.bind(("127.0.0.1", 0))
                numbers.append(int(sock.getsockname()[1]))
        return cls(*numbers)


class Quickstart:
    """The walk. ``say`` gets a line as soon as there is something to tell."""

    def __init__(self, place: Path, ports: Ports, say: Say) -> None:
        self._place = place
        self._ports = ports
        self._say = say
        self._nodes: list[subprocess.Popen[bytes]] = []
        self._steps = 0
        self.admin_url = f"http://127.0.0.1:{ports.admin}"
        self.proxy_url = f"http://127.0.0.1:{ports.proxy}"

    def walk(self, upstream: str) -> None:
        """All steps in order. Raises QuickstartFailed at the first that does not work."""
        cluster = f"127.0.0.1:{self._ports.cluster}"
        self._step("Certificate and key that the nodes of this cluster share")
        self._run("hybrid", "gen_cert")
        self._step("Database (SQLite)")
        self._run("migrations", "bootstrap", "--quiet")
        self._step("Control plane")
        self._start("cp", "start")
        self._step("Data plane")
        self._start("dp", "start", "--cp", cluster)
        self._step("A service and a route, by the Admin API")
        self._configure(upstream)
        self._step("A request through the data plane")
        self._proxy()
        self._step("The nodes")
        self._run("nodes", "list", "--admin-url", self.admin_url)

    def watch(self) -> None:
        """Return when a node has ended, which it should not. Raises QuickstartFailed."""
        while True:
            for node in self._nodes:
                if node.poll() is not None:
                    raise QuickstartFailed(f"a node ended with exit code {node.returncode}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End the nodes, the data plane first."""
        for node in reversed(self._nodes):
            if node.poll() is None:
                node.send_signal(signal.SIGTERM)
        for node in reversed(self._nodes):
            try:
                node.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                node.kill()
                node.wait()

    def _step(self, text: str) -> None:
        self._steps += 1
        self._say(f"{'' if self._steps == 1 else chr(10)}{self._steps}. {text}")

    def _command(self, words: Sequence[str]) -> list[str]:
        self._say(f"   $ gwctl {' '.join(words)}")
        return [sys.executable, "-P", "-m", "gwctl", *words]

    def _environment(self) -> dict[str, str]:
        ours = {
            "GWCTL_HOME": str(self._place / "home"),
            "GWCTL_ADMIN_LISTEN": f"127.0.0.1:{self._ports.admin}",
            "GWCTL_CLUSTER_LISTEN": f"127.0.0.1:{self._ports.cluster}",
            "GWCTL_PROXY_LISTEN": f"127.0.0.1:{self._ports.proxy}",
        }
        return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | ours

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            self._command(words),
            cwd=self._place,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for line in done.stdout.splitlines():
            self._say(f"   {line}")
        if done.returncode != 0:
            raise QuickstartFailed(f"'gwctl {' '.join(words)}' ended with exit code {done.returncode}")

    def _start(self, kind: str, *words: str) -> None:
        """Start a node in the foreground of this process group and wait until it is ready."""
        role = {"cp": "control_plane", "dp": "data_plane"}[kind]
        status = f"127.0.0.1:{self._ports.status}" if kind == "dp" else "off"
        log = self._place / f"{kind}.log"
        with log.open("wb") as output:
            node = subprocess.Popen(
                self._command((kind, *words)),
                cwd=self._place,
                env=self._environment() | {"GWCTL_STATUS_LISTEN": status},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=end_with_parent,
            )
        self._nodes.append(node)
        prefix = self._place / "home" / role
        until = time.monotonic() + READY_SECONDS
        while not _is_ready(prefix):
            if node.poll() is not None or time.monotonic() > until:
                raise QuickstartFailed(f"the {role.replace('_', ' ')} did not start", hint=_tail(log))
            time.sleep(0.05)
        self._say(f"   ready, pid {node.pid}")

    def _configure(self, upstream: str) -> None:
        admin = AdminClient(self.admin_url)
        self._say(f"   POST {self.admin_url}/services name=echo url={upstream}")
        admin.post("/services", {"name": "echo", "url": upstream})
        self._say(f"   POST {self.admin_url}/services/echo/routes name=echo paths[]=/echo")
        admin.post("/services/echo/routes", {"name": "echo", "paths": ["/echo"]})

    def _proxy(self) -> None:
        url = f"{self.proxy_url}/echo/hello"
        self._say(f"   $ curl -i {url}")
        until = time.monotonic() + CHANGE_SECONDS
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                    head = "".join(f"\n{name}: {value}" for name, value in answer.headers.items())
                    text = f"HTTP/1.1 {answer.status} {answer.reason}{head}\n\n{answer.read().decode()}"
                    break
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > until:
                    raise QuickstartFailed(f"no answer through the data plane: {error}") from error
                time.sleep(0.01)
        for line in text.splitlines():
            self._say(f"   {line}")


def run(*, check: bool, say: Say) -> int:
    """Walk, then stay until Ctrl-C, or end at once with ``check``. Returns the exit code; raises QuickstartFailed."""
    with (
        _terminable(),
        _temporary_place() as place,
        EchoServer(0) as echo,
    ):
        walk = Quickstart(place, Ports.free(), say)
        try:
            walk.walk(echo.url)
            if not check:
                say(f"\nAll of it runs until Ctrl-C: proxy {walk.proxy_url}, Admin API {walk.admin_url}, files {place}")
                walk.watch()
        except KeyboardInterrupt:
            say("\nstopping")
        finally:
            walk.stop()
    return 0


@contextlib.contextmanager
def _temporary_place() -> Iterator[Path]:
    """A directory that is gone afterwards, also when a node that is ending still writes a last line into it."""
    place = Path(tempfile.mkdtemp(prefix="gwctl-quickstart-"))
    try:
        yield place
    finally:
        until = time.monotonic() + STOP_SECONDS
        while place.exists() and time.monotonic() < until:
            shutil.rmtree(place, ignore_errors=True)
            time.sleep(0.01)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that it can clean up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ready(prefix: Path) -> bool:
    try:
        health = lifecycle.health(prefix)
    except GwctlError:
        return False
    return health.running and health.ready and all(health.services.values())


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "; ".join(lines[-3:]) if lines else f"its log {log} is empty"
