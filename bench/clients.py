"""Clients of an Admin API: keep-alive connections that ask one request after the other and keep their times."""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import threading
import time
from typing import Any

from tests.tools.gateway import ControlPlane


class Client:
    """One keep-alive connection."""

    def __init__(self, node: ControlPlane) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", node.admin_port, timeout=120)

    def ask(self, method: str, path: str, values: Any = None) -> tuple[float, int, Any]:
        """(seconds, status, body)"""
        data = None if values is None else json.dumps(values)
        began = time.perf_counter()
        self._connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        answer = self._connection.getresponse()
        body = answer.read()
        return time.perf_counter() - began, answer.status, json.loads(body) if body else None

    def close(self) -> None:
        self._connection.close()


class Prober(threading.Thread):
    """Asks a pair of requests every 50 ms until its end: a read of a service and a POST of a consumer."""

    def __init__(self, node: ControlPlane, service: str) -> None:
        super().__init__(daemon=True)
        self.reads: list[float] = []
        self.writes: list[float] = []
        self.failures = 0
        self.made: list[str] = []
        self._client = Client(node)
        self._service = service
        self._ended = threading.Event()

    def run(self) -> None:
        for number in itertools.count():
            seconds, status, _ = self._client.ask("GET", f"/services/{self._service}")
            self.reads.append(seconds)
            self.failures += status != 200
            name = f"probe-{number}"
            seconds, status, _ = self._client.ask("POST", "/consumers", {"username": name})
            self.writes.append(seconds)
            self.failures += status != 201
            self.made.append(name)
            if self._ended.wait(0.05):
                return

    def end(self) -> dict[str, Any]:
        """Take the made consumers away; answers the times in milliseconds."""
        self._ended.set()
        self.join()
        for name in self.made:
            self._client.ask("DELETE", f"/consumers/{name}")
        self._client.close()
        return {
            "requests": len(self.reads) + len(self.writes),
            "failures": self.failures,
            "read_p99_ms": p99_ms(self.reads),
            "write_p99_ms": p99_ms(self.writes),
            "write_worst_ms": round(max(self.writes) * 1000, 1),
        }


def p99_ms(seconds: list[float]) -> float:
    return round(sorted(seconds)[max(0, -(-len(seconds) * 99 // 100) - 1)] * 1000, 1)


def posts(node: ControlPlane, seconds: float, clients: int = 8, run: int = 0) -> dict[str, Any]:
    """How many consumers a second ``clients`` connections make."""
    until = time.perf_counter() + seconds
    times: list[list[float]] = [[] for _ in range(clients)]
    refused = [0] * clients

    def work(each: int) -> None:
        client = Client(node)
        while time.perf_counter() < until:
            values = {"username": f"post-{run}-{each}-{len(times[each])}"}
            spent, status, _ = client.ask("POST", "/consumers", values)
            times[each].append(spent)
            refused[each] += status != 201
        client.close()

    threads = [threading.Thread(target=work, args=(each,)) for each in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    every = list(itertools.chain(*times))
    return {
        "requests": len(every),
        "per_second": round(len(every) / spent),
        "p99_ms": p99_ms(every),
        "failures": sum(refused),
    }


def pages(node: ControlPlane, path: str, size: int, most: int) -> dict[str, Any]:
    """The times of list pages, one after the other to page ``most``; ``ratio`` of the last tenth to the first."""
    client = Client(node)
    following: str | None = f"{path}?size={size}"
    times: list[float] = []
    while following is not None and len(times) < most:
        seconds, _, page = client.ask("GET", following)
        times.append(seconds)
        following = page["next"]
        if following is not None and "size=" not in following:
            following += f"&size={size}"
    client.close()
    tenth = max(1, len(times) // 10)
    first, last = statistics.median(times[:tenth]), statistics.median(times[-tenth:])
    return {"pages": len(times), "first_ms": round(first * 1000, 2), "ratio": round(last / first, 2)}
