"""Starting the proxies that are compared, each on the first core; the upstream shares the second with the load."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.node import NODE_CORE, OTHER_CORE, on_core
from bench.peers import configs
from bench.ports import free_ports, listening
from tests.tools import pem
from tests.tools.dbless import Dbless
from tests.tools.gateway import Place

BIG_BYTES = 10 * 1024 * 1024
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Proxy:
    """One running proxy: ``pid`` is the top of its processes."""

    name: str
    pid: int
    port: int
    tls_port: int

    def processes(self) -> list[psutil.Process]:
        top = psutil.Process(self.pid)
        return [top, *top.children(recursive=True)]

    def cpu(self) -> tuple[float, float]:
        """User and system seconds of all its processes."""
        user = system = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.Error, OSError):
                fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
                user, system = user + int(fields[11]) / _TICK, system + int(fields[12]) / _TICK
        return user, system

    def resident_mib(self) -> float:
        """Resident memory of all its processes."""
        total = 0
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total / 1024 / 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """How a peer is started: ``file`` is written to the folder and named in ``command``."""

    program: str
    template: str
    file: str
    command: tuple[str, ...]


_NGINX = Kind("nginx", configs.NGINX, "{name}.conf", ("nginx", "-p", "{folder}", "-c", "{path}"))
KINDS: Mapping[str, Kind] = {
    "nginx": _NGINX,
    "nginx-again": _NGINX,
    "haproxy": Kind("haproxy", configs.HAPROXY, "haproxy.cfg", ("haproxy", "-db", "-f", "{path}")),
    "caddy": Kind(
        "caddy", configs.CADDY, "Caddyfile", ("caddy", "run", "--config", "{path}", "--adapter", "caddyfile")
    ),
    "envoy": Kind("envoy", configs.ENVOY, "envoy.yaml", ("envoy", "-c", "{path}", "--concurrency", "1", "-l", "error")),
}
GWCTL = {"gwctl": "fast", "gwctl-h11": "h11"}
"""Ourselves, by the codec."""


def installed(name: str) -> bool:
    """Whether this machine can run the peer."""
    return name in GWCTL or shutil.which(KINDS[name].program) is not None


def prepare(folder: Path) -> None:
    """The certificate that all TLS listeners use, and the large answer of the upstream."""
    (folder / "server.pem").write_text("".join(pem.certificate_and_key("shop.example.com")))
    (folder / "www").mkdir()
    (folder / "www" / "big").write_bytes(os.urandom(BIG_BYTES))


@contextlib.contextmanager
def upstream(folder: Path) -> Iterator[int]:
    """An nginx that answers at once; gives its port."""
    (port,) = free_ports(1)
    path = folder / "upstream.conf"
    path.write_text(configs.UPSTREAM.format(folder=folder, port=port, body=configs.BODY))
    with _running(["nginx", "-p", str(folder), "-c", str(path)], OTHER_CORE, (port,), folder / "upstream.log"):
        yield port


@contextlib.contextmanager
def proxy(name: str, folder: Path, upstream_port: int) -> Iterator[Proxy]:
    """A running proxy of this name."""
    if name in GWCTL:
        with _gwctl(name, folder, upstream_port) as running:
            yield running
        return
    kind = KINDS[name]
    port, tls_port = free_ports(2)
    path = folder / kind.file.format(name=name)
    path.write_text(
        kind.template.format(name=name, folder=folder, port=port, tls_port=tls_port, upstream=upstream_port)
    )
    command = [word.format(folder=folder, path=path) for word in kind.command]
    with _running(command, NODE_CORE, (port, tls_port), folder / f"{name}.log") as pid:
        yield Proxy(name, pid, port, tls_port)


@contextlib.contextmanager
def _running(command: list[str], core: int, ports: tuple[int, ...], log: Path) -> Iterator[int]:
    environ = dict(os.environ, GOMAXPROCS="1")
    with log.open("w") as output, on_core(core):
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=subprocess.STDOUT)
    try:
        if not listening(ports, until=time.monotonic() + 20, alive=lambda: process.poll() is None):
            raise SystemExit(f"{command[0]} did not start: {log.read_text()[-1500:]}")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _gwctl(name: str, folder: Path, upstream_port: int) -> Iterator[Proxy]:
    """The installed command: a node without a database, one worker, access log on."""
    place = Place(folder / name)
    (tls_port,) = free_ports(1)
    node = Dbless(place, workers=1)
    node.environ |= {
        "KONG_PROXY_LISTEN": f"127.0.0.1:{node.port} backlog=2048, 127.0.0.1:{tls_port} ssl backlog=2048",
        "KONG_SSL_CERT": str(folder / "server.pem"),
        "KONG_SSL_CERT_KEY": str(folder / "server.pem"),
        "KONG_DECLARATIVE_CONFIG": str(node.file(configs.GWCTL.format(upstream=upstream_port))),
        "KONG_NGINX_HTTP_KEEPALIVE_REQUESTS": "1000000000",
        "KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS": "1000000000",
        "KONG_LOG_LEVEL": "notice",
        "GWCTL_HTTP_CODEC": GWCTL[name],
    }
    try:
        with on_core(NODE_CORE):
            node.start()
        pid = int((node.prefix / "pids" / "nginx.pid").read_text())
        yield Proxy(name, pid, node.port, tls_port)
    finally:
        place.close()
