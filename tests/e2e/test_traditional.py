"""A node without a role: everything in one place, on the embedded database."""

from __future__ import annotations

from tests.tools.client import ask
from tests.tools.gateway import Place
from tests.tools.processes import of_kind, supervisor
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for


class Traditional:
    """A node started by the reference's commands."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.prefix = place.directory.parent / "node"
        self.port, self.admin_port, self.status_port = (place.ports.take() for _ in range(3))
        self.environ = {
            "KONG_PREFIX": str(self.prefix),
            "KONG_PROXY_LISTEN": f"127.0.0.1:{self.port}",
            "KONG_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "KONG_STATUS_LISTEN": f"127.0.0.1:{self.status_port}",
            "KONG_NGINX_WORKER_PROCESSES": "2",
        }

    def gwctl(self, *arguments: str, ok: bool = True):
        return self.place.gwctl(*arguments, env=self.environ, ok=ok)

    def proxied(self, upstream: Upstream) -> None:
        admin = f"http://127.0.0.1:{self.admin_port}"
        assert ask("POST", f"{admin}/services", form={"name": "one", "url": upstream.url}).status == 201
        assert ask("POST", f"{admin}/services/one/routes", form={"paths[]": "/one"}).status == 201
        self.serves()

    def serves(self) -> None:
        wait_for(lambda: ask("GET", f"http://127.0.0.1:{self.port}/one").status == 200, "the route is proxied")


def test_a10_a_node_without_a_role_proxies_and_ends(place: Place, upstream: Upstream) -> None:
    node = Traditional(place)
    assert "Bootstrapping database..." in node.gwctl("migrations", "bootstrap").out

    assert node.gwctl("start").out.splitlines()[-1] == "Kong started"
    node.proxied(upstream)
    healthy = node.gwctl("health")
    assert healthy.out == f"nginx.......running\n\nKong is healthy at {node.prefix}\n"

    stopped = node.gwctl("stop")

    assert stopped.out == "Kong stopped\n"
    assert stopped.err == ""
    assert place.left() == []
    unhealthy = node.gwctl("health", ok=False)
    assert unhealthy.code == 1
    assert f"Error: Kong is not running at {node.prefix}" in unhealthy.err


def test_a10_reload_keeps_the_supervisor_and_restart_does_not(place: Place, upstream: Upstream) -> None:
    node = Traditional(place)
    node.gwctl("migrations", "bootstrap")
    node.gwctl("start")
    node.proxied(upstream)
    pid = supervisor(node.prefix)
    workers = {process.pid for process in of_kind(node.prefix, "worker")}

    assert node.gwctl("reload").out == "Kong reloaded\n"

    assert supervisor(node.prefix) == pid
    assert not workers & {process.pid for process in of_kind(node.prefix, "worker")}
    node.serves()
    assert node.gwctl("restart").out.splitlines()[-1] == "Kong started"
    assert supervisor(node.prefix) != pid
    node.serves()
    assert node.gwctl("quit").out == "Kong stopped (gracefully)\n"


def test_a10_restart_starts_a_node_that_did_not_run(place: Place) -> None:
    node = Traditional(place)
    node.gwctl("migrations", "bootstrap")

    assert node.gwctl("restart").out.splitlines()[-1] == "Kong started"
