"""A node without a role: everything in one place, on the embedded database."""

from __future__ import annotations

from tests.tools.gateway import Place
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream


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
    place.becomes_empty()
    unhealthy = node.gwctl("health", ok=False)
    assert unhealthy.code == 1
    assert f"Error: Kong is not running at {node.prefix}" in unhealthy.err


def test_a10_reload_keeps_the_supervisor_and_restart_does_not(place: Place, upstream: Upstream) -> None:
    node = Traditional(place)
    node.gwctl("migrations", "bootstrap")
    node.gwctl("start")
    node.proxied(upstream)
    pid = node.pid
    workers = {process.pid for process in node.workers()}

    assert node.gwctl("reload").out == "Kong reloaded\n"

    assert node.pid == pid
    assert not workers & {process.pid for process in node.workers()}
    node.serves()
    assert node.gwctl("restart").out.splitlines()[-1] == "Kong started"
    assert node.pid != pid
    node.serves()
    assert node.gwctl("quit").out == "Kong stopped (gracefully)\n"


def test_a10_restart_starts_a_node_that_did_not_run(place: Place) -> None:
    node = Traditional(place)
    node.gwctl("migrations", "bootstrap")

    assert node.gwctl("restart").out.splitlines()[-1] == "Kong started"


def test_the_cache_may_be_elsewhere_and_stays_there(place: Place, upstream: Upstream) -> None:
    node = Traditional(place)
    cache = place.directory / "cache"
    node.environ["KONG_LMDB_ENVIRONMENT_PATH"] = str(cache)
    node.started()
    node.proxied(upstream)
    assert (cache / "CURRENT").exists()
    assert not (node.prefix / "dbless.lmdb").exists()

    refused = node.gwctl("reload", env={"KONG_LMDB_ENVIRONMENT_PATH": str(place.directory / "other")}, ok=False)

    assert "lmdb_environment_path cannot change while the node runs" in refused.err
    node.serves()
    assert node.gwctl("reload").out == "Kong reloaded\n"
    node.serves()
