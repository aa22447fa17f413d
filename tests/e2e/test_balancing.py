"""Load balancing by the installed command: one control plane, one data plane with one worker (proxy.md 6, 17.3/10)."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools.client import Answer
from tests.tools.dns_server import DnsServer, dns_server
from tests.tools.gateway import place_in
from tests.tools.hybrid import Hybrid
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

_numbers = itertools.count()


@pytest.fixture(scope="module")
def names() -> Iterator[DnsServer]:
    with dns_server() as server:
        yield server


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory, names: DnsServer) -> Iterator[Hybrid]:
    with place_in(tmp_path_factory.mktemp("balancing")) as place, Upstream() as upstream:
        made = Hybrid(place, upstream, data_planes=1, workers=1)
        made.data_plane.environ["GWCTL_DNS_RESOLVER"] = names.address
        made.start()
        yield made


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Upstream]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Upstream(f"s{number}")) for number in range(3)]


class Pool:
    """A route of its own to an upstream of its own."""

    def __init__(self, hybrid: Hybrid, weights: dict[int, int] | None = None, retries: int = 5, **values: Any) -> None:
        self.hybrid = hybrid
        # of one length: a path matches all that begin like it
        self.name = f"pool{next(_numbers):03}"
        self.admin = hybrid.control_plane
        self.path = f"/{self.name}"
        self.admin.write("POST", "/upstreams", data={"name": self.name, **values})
        self.weigh(weights or {})
        service = {"name": self.name, "host": self.name, "retries": retries}
        self.admin.write("POST", "/services", data=service)
        # versions arrive in order: where the route is, everything before it is
        self.admin.write("POST", f"/services/{self.name}/routes", data={"paths": [self.path]})

    def weigh(self, weights: dict[int, int]) -> None:
        """Set weights of targets by port."""
        for port, weight in weights.items():
            target = f"127.0.0.1:{port}"
            known = self.admin.ask("GET", f"/upstreams/{self.name}/targets/{target}").status == 200
            if known:
                self.admin.write("PATCH", f"/upstreams/{self.name}/targets/{target}", data={"weight": weight})
            else:
                data = {"target": target, "weight": weight}
                self.admin.write("POST", f"/upstreams/{self.name}/targets", data=data)

    def get(self, path: str = "/", **options: Any) -> Answer:
        return self.hybrid.data_plane.get(self.path + path, **options)

    def settled(self, status: int = 200) -> None:
        """The route is there, and its targets."""
        wait_for(lambda: self.get().status == status, f"{self.path} is {status}{self.hybrid.place.last_lines()}")

    def served(self, count: int, **options: Any) -> Counter[str]:
        answers = [self.get(**options) for _ in range(count)]
        assert {answer.status for answer in answers} == {200}
        return Counter(answer.json()["name"] for answer in answers)

    def shares(self, expected: dict[str, int]) -> None:
        """Wait until one turn of the wheel has these shares: a change needs a moment to arrive."""
        count = sum(expected.values())
        wait_for(
            lambda: all(self.get().status == 200 for _ in range(2)) and self.served(count) == expected,
            f"shares are {expected}{self.hybrid.place.last_lines()}",
            deadline=20,
        )


def test_round_robin_follows_weights_as_they_change(hybrid: Hybrid, servers: list[Upstream]) -> None:
    one, two, three = servers
    pool = Pool(hybrid)
    pool.settled(503)
    assert pool.get().json()["message"] == "failure to get a peer from the ring-balancer"
    pool.weigh({one.port: 10, two.port: 10})
    pool.shares({"s0": 10, "s1": 10})
    pool.weigh({three.port: 5})
    pool.shares({"s0": 8, "s1": 8, "s2": 4})
    pool.weigh({three.port: 0})
    pool.shares({"s0": 10, "s1": 10})
    pool.weigh({two.port: 15})
    pool.shares({"s0": 8, "s1": 12})
    pool.admin.write("DELETE", f"/upstreams/{pool.name}/targets/127.0.0.1:{two.port}")
    pool.shares({"s0": 10})
    pool.weigh({two.port: 10})
    pool.shares({"s0": 10, "s1": 10})
    pool.weigh({one.port: 0, two.port: 0})
    wait_for(lambda: pool.get().status == 503, "nobody has weight")


@pytest.mark.parametrize(
    ("values", "request_of"),
    [
        ({"hash_on": "header", "hash_on_header": "X-Key"}, lambda key: {"headers": {"X-Key": key}}),
        ({"hash_on": "cookie", "hash_on_cookie": "key"}, lambda key: {"headers": {"Cookie": f"key={key}"}}),
        ({"hash_on": "query_arg", "hash_on_query_arg": "key"}, lambda key: {"path": f"/?key={key}"}),
        ({"hash_on": "path"}, lambda key: {"path": f"/{key}"}),
    ],
)
def test_equal_values_stay_where_they_are(
    hybrid: Hybrid, servers: list[Upstream], values: dict[str, Any], request_of: Any
) -> None:
    pool = Pool(hybrid, {server.port: 100 for server in servers}, algorithm="consistent-hashing", **values)
    pool.settled()
    owners = {}
    for key in range(30):
        answered = {pool.get(**request_of(str(key))).json()["name"] for _ in range(3)}
        assert len(answered) == 1
        owners[key] = answered.pop()
    assert set(owners.values()) == {"s0", "s1", "s2"}


def test_a_cookie_is_issued_and_brings_back(hybrid: Hybrid, servers: list[Upstream]) -> None:
    weights = {server.port: 100 for server in servers}
    pool = Pool(hybrid, weights, algorithm="consistent-hashing", hash_on="cookie", hash_on_cookie="stay")
    pool.settled()
    first = pool.get()
    cookie = first.headers["set-cookie"]
    assert "; Path=/; SameSite=Lax; HttpOnly" in cookie
    again = pool.served(6, headers={"Cookie": cookie.partition(";")[0]})
    assert again == {first.json()["name"]: 6}


def test_the_slower_server_gets_fewer_connections(hybrid: Hybrid, servers: list[Upstream]) -> None:
    pool = Pool(hybrid, {servers[0].port: 20, servers[1].port: 50}, algorithm="least-connections")
    pool.settled()
    before = [server.received for server in servers[:2]]
    answers: list[int] = []
    slow = [threading.Thread(target=lambda: answers.append(pool.get("/slow/2").status)) for _ in range(14)]
    for thread in slow:
        thread.start()
    for thread in slow:
        thread.join()
    assert answers == [200] * 14
    got = [server.received - had for server, had in zip(servers, before, strict=False)]
    # one by one they come to 4 and 10; on a busy machine some come after others are done
    assert 2 <= got[0] <= 6
    assert sum(got) >= 14


def test_the_quicker_server_gets_nearly_all(hybrid: Hybrid, servers: list[Upstream]) -> None:
    with Delayed(0.3) as slow:
        pool = Pool(hybrid, {servers[0].port: 100, slow.port: 100}, algorithm="latency")
        pool.settled()
        served = pool.served(60)
        assert served["s0"] > 10 * served["slow"]
        pool.admin.write("DELETE", f"/upstreams/{pool.name}/targets/127.0.0.1:{servers[0].port}")
        wait_for(lambda: pool.served(1) == {"slow": 1}, "the quick one is gone", deadline=20)


class Delayed(Upstream):
    """Answers late."""

    def __init__(self, seconds: float) -> None:
        super().__init__("slow")
        self._seconds = seconds

    def _report(self, request: Any) -> bytes:
        time.sleep(self._seconds)
        return super()._report(request)


@pytest.mark.parametrize("algorithm", ["round-robin", "consistent-hashing", "least-connections", "latency"])
def test_no_request_is_lost_while_targets_come_and_change(
    hybrid: Hybrid, servers: list[Upstream], algorithm: str
) -> None:
    hashing = {"hash_on": "ip"} if algorithm == "consistent-hashing" else {}
    pool = Pool(hybrid, {servers[0].port: 10}, algorithm=algorithm, **hashing)
    pool.settled()
    done = threading.Event()
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    lock = threading.Lock()

    def load() -> None:
        while not done.is_set():
            status = pool.get().status
            with lock:
                statuses[status] += 1

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for weight in (5, 50, 0, 20):
            pool.weigh({servers[1].port: weight, servers[2].port: 100 - weight})
            seen = statuses.total()
            wait_for(lambda before=seen: statuses.total() > before + 40, "requests go on", deadline=30)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []


@pytest.mark.parametrize("algorithm", ["least-connections", "latency"])
def test_targets_are_added_weighed_and_removed(hybrid: Hybrid, servers: list[Upstream], algorithm: str) -> None:
    one, two = servers[:2]
    pool = Pool(hybrid, {one.port: 100}, algorithm=algorithm)
    pool.settled()
    pool.weigh({two.port: 100})
    wait_for(lambda: "s1" in pool.served(10), "the new target serves", deadline=20)
    pool.weigh({two.port: 0})
    listed = pool.admin.ask("GET", f"/upstreams/{pool.name}/targets/all").json()["data"]
    assert {row["target"]: row["weight"] for row in listed} == {
        f"127.0.0.1:{one.port}": 100,
        f"127.0.0.1:{two.port}": 0,
    }
    pool.shares({"s0": 10})
    pool.admin.write("DELETE", f"/upstreams/{pool.name}/targets/127.0.0.1:{two.port}")
    assert len(pool.admin.ask("GET", f"/upstreams/{pool.name}/targets").json()["data"]) == 1
    assert pool.served(5) == {"s0": 5}


def test_retries_are_connections_and_end_in_502(hybrid: Hybrid) -> None:
    with Resets() as broken:
        pool = Pool(hybrid, {broken.port: 100}, retries=3)
        pool.settled(502)
        before = broken.connections
        assert pool.get().status == 502
        assert broken.connections == before + 4


class Resets(Upstream):
    """Hangs up on every request."""

    connections = 0

    async def _serve(self, reader: Any, writer: Any) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()


def test_targets_are_found_by_name_and_followed(hybrid: Hybrid, servers: list[Upstream], names: DnsServer) -> None:
    pool = Pool(hybrid)
    pool.admin.write("POST", f"/upstreams/{pool.name}/targets", data={"target": "app.test:80"})
    pool.settled(503)
    names.say("found.test", "SRV", f"1 1 {servers[0].port} here.test.", ttl=1)
    names.say("here.test", "A", "127.0.0.1", ttl=1)
    pool.admin.write("POST", f"/upstreams/{pool.name}/targets", data={"target": "found.test:80"})
    pool.shares({"s0": 4})
    names.say("found.test", "SRV", f"1 1 {servers[1].port} 127.0.0.1.", ttl=1)
    pool.shares({"s1": 4})


def test_a_service_whose_name_does_not_exist_is_503(hybrid: Hybrid) -> None:
    hybrid.control_plane.route("nowhere", "http://nowhere.test")
    answer = hybrid.data_plane.serves("/nowhere", 503)
    assert answer.json()["message"] == "name resolution failed"
