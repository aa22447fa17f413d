"""Configured plugins that a node cannot run, and the setting that says which plugins exist (issue 3, deliver 1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools.gateway import DataPlane, Place, place_in
from tests.tools.hybrid import Hybrid
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

REASON = {"message": "key-auth plugin is not available on this node"}


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hybrid]:
    """One control plane and two data planes of two workers; the second opts out of refusing."""
    with place_in(tmp_path_factory.mktemp("missing")) as place, Upstream() as upstream:
        made = Hybrid(place, upstream, data_planes=2, workers=2)
        made.data_planes[1].environ["GWCTL_MISSING_PLUGIN"] = "warn"
        made.start()
        for name in ("plain", "guarded"):
            made.control_plane.route(name, upstream.url)
        made.settled()
        yield made


def statuses(node: DataPlane, path: str) -> set[int]:
    """The answers of several connections: each may reach another worker."""
    return {node.get(path).status for _ in range(12)}


def settles(hybrid: Hybrid, path: str, refused: int) -> None:
    """Wait until every worker answers ``path`` with ``refused`` on the first node; the one that opted out serves it."""
    hybrid.settled()
    strict, lenient = hybrid.data_planes
    strict.serves(path, refused)
    wait_for(lambda: statuses(strict, path) == {refused}, f"{path} answers {refused}{strict.place.last_lines()}")
    assert statuses(lenient, path) == {200}


def rows(hybrid: Hybrid, status: str) -> list[dict[str, Any]]:
    """The data planes as the control plane shows them, once all of them have such a sync status."""

    def found() -> list[dict[str, Any]]:
        nodes = hybrid.control_plane.nodes()
        return nodes if [node["sync_status"] for node in nodes] == [status] * 2 else []

    return wait_for(found, f"both data planes are {status}{hybrid.place.last_lines()}")


def is_told(hybrid: Hybrid, *names: str) -> None:
    """The list of data planes and the command that shows it name what is missing, as JSON and for people."""
    expected = f"configured plugins that the data plane lacks: {', '.join(names)}; "

    def told() -> bool:
        nodes = rows(hybrid, "plugin_set_incompatible")
        return all(node["last_error"]["message"].startswith(expected) for node in nodes)

    wait_for(told, expected)
    control_plane = hybrid.control_plane
    listed = json.loads(control_plane.gwctl("nodes", "list", "-o", "json").out)
    assert all(node["last_error"]["message"].startswith(expected) for node in listed)
    table = control_plane.gwctl("nodes", "list").out.splitlines()
    assert [line.split()[4] for line in table[1:3]] == ["plugin_set_incompatible"] * 2
    assert [line.partition(": ")[2].startswith(expected) for line in table[4:]] == [True, True], table


def is_well(hybrid: Hybrid) -> None:
    assert [node["last_error"] for node in rows(hybrid, "normal")] == [None, None]
    assert "lacks" not in hybrid.control_plane.gwctl("nodes", "list").out


def test_routes_of_a_plugin_that_nobody_runs_are_refused_until_it_goes(hybrid: Hybrid) -> None:
    control_plane, (strict, lenient) = hybrid.control_plane, hybrid.data_planes
    is_well(hybrid)

    plugin = control_plane.write("POST", "/routes/guarded/plugins", data={"name": "key-auth"})

    settles(hybrid, "/guarded", 503)
    assert strict.get("/guarded").json().items() >= REASON.items()
    assert statuses(strict, "/plain") == {200}
    is_told(hybrid, "key-auth")
    name = "cannot run the configured plugin key-auth"
    assert f"{name}: requests that need it are answered 503" in strict.log
    assert f"{name}: requests are served without it" in lenient.log

    control_plane.write("PATCH", f"/plugins/{plugin['id']}", data={"enabled": False})
    settles(hybrid, "/guarded", 200)
    is_well(hybrid)
    control_plane.write("PATCH", f"/plugins/{plugin['id']}", data={"enabled": True})
    settles(hybrid, "/guarded", 503)
    control_plane.write("DELETE", f"/plugins/{plugin['id']}")
    settles(hybrid, "/guarded", 200)
    is_well(hybrid)


def test_a_plugin_of_a_service_and_one_of_everything(hybrid: Hybrid) -> None:
    control_plane, (strict, lenient) = hybrid.control_plane, hybrid.data_planes
    plugin = control_plane.write("POST", "/services/guarded/plugins", data={"name": "key-auth"})
    settles(hybrid, "/guarded", 503)
    assert statuses(strict, "/plain") == {200}

    everywhere = control_plane.write("POST", "/plugins", data={"name": "cors"})
    settles(hybrid, "/plain", 503)
    is_told(hybrid, "cors", "key-auth")
    assert statuses(strict, "/nowhere") == {404}
    strict.kill("worker")
    wait_for(lambda: statuses(strict, "/plain") == {503}, "successors of the workers refuse as well", deadline=20)

    control_plane.write("DELETE", f"/plugins/{everywhere['id']}")
    settles(hybrid, "/plain", 200)
    is_told(hybrid, "key-auth")
    strict.stop()
    strict.start(env={"GWCTL_MISSING_PLUGIN": "warn"})
    assert statuses(strict, "/guarded") == {200}
    assert statuses(lenient, "/guarded") == {200}
    strict.stop()
    strict.start()
    assert statuses(strict, "/guarded") == {503}
    control_plane.write("DELETE", f"/plugins/{plugin['id']}")
    settles(hybrid, "/guarded", 200)


def test_plugins_outside_the_setting_cannot_be_written(place: Place, upstream: Upstream) -> None:
    made = Hybrid(place, upstream, data_planes=0, workers=1)
    control_plane = made.control_plane
    made.start()

    def accepted(setting: str) -> set[str]:
        control_plane.stop()
        control_plane.start(env={"KONG_PLUGINS": setting})
        available = set(control_plane.ask("GET", "/").json()["plugins"]["available_on_server"])
        assert set(control_plane.ask("GET", "/plugins/enabled").json()["enabled_plugins"]) == available
        found = set()
        for name in ("key-auth", "basic-auth", "cors"):
            answer = control_plane.ask("POST", "/plugins", data={"name": name})
            if answer.status == 201:
                found.add(name)
                control_plane.write("DELETE", f"/plugins/{answer.json()['id']}")
                continue
            text = f"plugin '{name}' not enabled; add it to the 'plugins' configuration property"
            assert (answer.status, answer.json()["fields"]["name"]) == (400, text)
        assert found == available & {"key-auth", "basic-auth", "cors"}
        return available

    assert accepted("off") == set()
    assert accepted("off, key-auth") == set()
    assert accepted("key-auth, off, basic-auth") == {"key-auth", "basic-auth"}
    assert len(accepted("bundled")) == 44


def test_a_plugin_that_does_not_exist_is_refused_before_anything_starts(place: Place) -> None:
    text = "key-auht plugin is enabled but not installed"
    place.set_up("hybrid", "gen_cert")
    (place.directory / "kong.conf").write_text("plugins = bundled, key-auht\n")
    checked = place.gwctl("check", "kong.conf", ok=False)
    assert (checked.code, text in checked.err) == (1, True)
    (place.directory / "fine.conf").write_text("plugins = key-auth, off, basic-auth\n")
    assert place.gwctl("check", "fine.conf").code == 0

    control = [place.ports.take() for _ in range(2)]
    environ = {
        "GWCTL_ADMIN_LISTEN": f"127.0.0.1:{control[0]}",
        "GWCTL_CLUSTER_LISTEN": f"127.0.0.1:{control[1]}",
        "GWCTL_PLUGINS": "bundled,key-auht",
    }
    place.gwctl("migrations", "bootstrap")
    for arguments in (["cp", "start", "--daemon"], ["dp", "start", "--cp", f"localhost:{control[1]}", "--daemon"]):
        refused = place.gwctl(*arguments, env=environ, ok=False)
        assert refused.code == 1
        assert text in refused.err, refused
        assert "did you mean 'key-auth'?" in refused.err
        assert "Traceback" not in refused.err
    place.becomes_empty()
