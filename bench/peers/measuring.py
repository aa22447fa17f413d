"""One measurement of one proxy: wrk on the second core, CPU of the proxy's processes, connections really opened."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.node import OTHER_CORE, on_core
from bench.peers.proxies import Proxy

CONNECTIONS = 32
_BIG_CONNECTIONS = 4
_SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True, slots=True)
class Sample:
    """``cpu_us`` is CPU time of the proxy per request in microseconds, ``user_us`` its own part; latencies are
    milliseconds; ``opens`` counts the connections that anybody on this machine opened meanwhile."""

    per_second: float
    mib_per_second: float
    cpu_us: float
    user_us: float
    p50_ms: float
    p99_ms: float
    failures: int
    opens: int
    busy: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def sample(proxy: Proxy, workload: str, seconds: float) -> Sample:
    """Load ``proxy`` for some seconds."""
    scheme, port, script = ("https", proxy.tls_port, "real") if workload == "tls" else ("http", proxy.port, workload)
    connections = _BIG_CONNECTIONS if workload == "big" else CONNECTIONS
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(_SCRIPT)]
    command += [f"{scheme}://127.0.0.1:{port}/", "--", script]
    user, system = proxy.cpu()
    opened = _opened()
    with on_core(OTHER_CORE):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60)
    user_now, system_now = proxy.cpu()
    opened = _opened() - opened
    result = json.loads(done.stdout.rpartition("RESULT ")[2])
    took, requests = result["microseconds"] / 1e6, max(result["requests"], 1)
    used_user, used = user_now - user, user_now - user + system_now - system
    return Sample(
        per_second=requests / took,
        mib_per_second=result["bytes"] / took / 1024 / 1024,
        cpu_us=used / requests * 1e6,
        user_us=used_user / requests * 1e6,
        p50_ms=result["p50"] / 1000,
        p99_ms=result["p99"] / 1000,
        failures=result["errors"] + result["statuses"],
        opens=opened,
        busy=used / took,
    )


def _opened() -> int:
    names, values = (
        line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")
    )
    return int(values[names.index("ActiveOpens")])
