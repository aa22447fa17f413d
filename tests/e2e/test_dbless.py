"""The life of a node without a database: what it starts with, keeps and reads again (C: hybrid.md 12.4; ids of
admin-api.md 5, 11-dbless and 15-off)."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools import processes
from tests.tools.client import ask
from tests.tools.dbless import Dbless
from tests.tools.gateway import GWCTL, ControlPlane, DataPlane, Place
from tests.tools.hybrid import ZEROS
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

HEAD = '_format_version: "3.0"\n'


def document(path: str, port: int = 1, more: str = "") -> str:
    """A route on ``path`` to a port of this machine."""
    return (
        f"{HEAD}services:\n- name: one\n  host: 127.0.0.1\n  port: {port}\n  routes:\n"
        f"  - name: r1\n    paths: [{path}]\n{more}"
    )


@pytest.fixture
def node(place: Place) -> Dbless:
    return Dbless(place)


@pytest.fixture
def ended(node: Dbless) -> Iterator[None]:
    yield
    assert node.gwctl("stop").out == "Kong stopped\n"
    wait_for(lambda: node.place.left() == [], "nothing is left of the node")


def serves(node: Dbless, path: str, status: int = 200) -> None:
    wait_for(lambda: node.get(path) == status, f"{path} answers {status}{node.place.last_lines()}")


def test_c18_before_the_first_document_there_is_nothing(node: Dbless, ended: None) -> None:
    node.start()

    assert node.hash == ZEROS
    assert node.status().json()["configuration_hash"] == ZEROS
    assert "database" not in node.status().json()
    assert "database" not in node.admin("GET", "/status").json()
    ready = node.status("/status/ready")
    text = "no configuration available (empty configuration present)"
    assert (ready.status, ready.json()["message"]) == (503, text)
    assert node.get("/one") == 404

    node.loaded(document("/one"))

    assert node.status("/status/ready").status == 200
    assert node.status().json()["configuration_hash"] == node.hash != ZEROS
    assert node.post("services: 3").status == 400
    assert node.status("/status/ready").status == 200
    assert node.admin("GET", "/").json()["configuration"]["database"] == "off"
    assert node.admin("GET", "/status/ready").status == 404


@pytest.mark.parametrize("how", ["file", "string", "conf"])
def test_c18_a_file_or_a_text_of_the_settings_is_served(
    node: Dbless, ended: None, upstream: Upstream, how: str
) -> None:
    text = document("/one", upstream.port)
    if how == "file":
        node.environ["KONG_DECLARATIVE_CONFIG"] = node.file(text).name
    elif how == "string":
        node.environ["KONG_DECLARATIVE_CONFIG_STRING"] = text
    else:
        node.file(f"declarative_config = {node.file(text)}\n", "kong.conf")
        node.environ["GWCTL_CONF"] = ""
    arguments = ["-c", "kong.conf"] if how == "conf" else []
    assert node.gwctl("start", *arguments).out.splitlines()[-1] == "Kong started"

    assert node.get("/one") == 200
    assert len(node.hash) == 32
    assert node.hash != ZEROS
    shown = node.admin("GET", "/").json()["configuration"]
    assert "example" not in str(shown.get("declarative_config_string"))
    assert shown.get("declarative_config_string") in (None, "******")
    assert node.gwctl("reload").out == "Kong reloaded\n"
    serves(node, "/one")


def test_dp_start_with_a_file_needs_no_control_plane(place: Place, upstream: Upstream) -> None:
    port, admin, status = (place.ports.take() for _ in range(3))
    environ = {
        "GWCTL_PROXY_LISTEN": f"127.0.0.1:{port}",
        "GWCTL_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        "GWCTL_STATUS_LISTEN": f"127.0.0.1:{status}",
        "GWCTL_WORKERS": "1",
    }
    (place.directory / "kong.yml").write_text(document("/one", upstream.port))

    started = place.gwctl("dp", "start", "--config", "kong.yml", "--daemon", env=environ)

    assert started.out.splitlines()[-1] == "Kong started"
    assert ask("GET", f"http://127.0.0.1:{port}/one").status == 200
    facts = ask("GET", f"http://127.0.0.1:{admin}/").json()["configuration"]
    assert (facts["role"], facts["database"]) == ("traditional", "off")
    (place.directory / "kong.yml").write_text(document("/two", upstream.port))
    assert place.gwctl("dp", "reload", env=environ).out == "Kong reloaded\n"
    wait_for(lambda: ask("GET", f"http://127.0.0.1:{port}/two").status == 200, "the changed file is served")
    # the loader of the new generation says a moment later than its workers that it is there
    wait_for(lambda: place.gwctl("dp", "health", env=environ, ok=False).code == 0, "every process is there")
    assert place.gwctl("dp", "health", env=environ).out.startswith("nginx.......running")
    assert place.gwctl("dp", "stop", env=environ).code == 0
    place.becomes_empty()

    done = subprocess.run(
        [GWCTL, "dp", "start", "--config", "-", "--daemon"],
        input=document("/from-stdin", upstream.port),
        env=place.environ | environ,
        cwd=place.directory,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ask("GET", f"http://127.0.0.1:{port}/from-stdin").status == 200
    assert place.gwctl("dp", "reload", env=environ).out == "Kong reloaded\n"
    wait_for(lambda: ask("GET", f"http://127.0.0.1:{port}/from-stdin").status == 200, "the text is kept")
    place.gwctl("dp", "stop", env=environ)


def test_c22_a_broken_file_is_refused_with_every_error_and_nothing_is_lost(node: Dbless, upstream: Upstream) -> None:
    node.start()
    node.loaded(document("/one", upstream.port))
    node.gwctl("stop")
    broken = (
        '_format_version: "3.0"\nservices:\n- name: foo\n  host: a.b\n  protocol: nope\n'
        "- name: @bar\n  host: c.d\n- name: good\n  host: 'bad host!'\n"
    ).replace("@bar", '"bad name!"')
    path = node.file(broken)

    refused = node.gwctl("start", ok=False, env={"KONG_DECLARATIVE_CONFIG": str(path)})

    assert refused.code == 1
    assert f"error parsing declarative config file {path}:" in refused.err
    for text in (
        "in 'services':",
        "- in entry 1 of 'services':",
        "in 'protocol': expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp",
        "in 'name': invalid value 'bad name!': the only accepted ascii characters are alphanumerics or ., -, _, and ~",
        "- in entry 3 of 'services':",
    ):
        assert text in refused.err, refused.err
    assert "Traceback" not in refused.err
    node.place.becomes_empty()
    missing = node.gwctl("start", ok=False, env={"KONG_DECLARATIVE_CONFIG": "nowhere.yml"})
    assert missing.code == 1
    assert "nowhere.yml: No such file or directory" in missing.err
    string = node.gwctl("start", ok=False, env={"KONG_DECLARATIVE_CONFIG_STRING": "services: 3"})
    assert "error parsing declarative config string:" in string.err
    node.start()
    assert node.get("/one") == 200
    assert "found persisted lmdb config, loading..." in node.log


def test_11_dbless_3_c28_c29_what_was_posted_survives_unless_a_file_wins(
    node: Dbless, ended: None, upstream: Upstream
) -> None:
    more = "consumers:\n" + "".join(f"- username: user-{number}\n" for number in range(1001))
    node.start()
    node.loaded(document("/posted", upstream.port, more))
    before = node.hash
    workers = {process.pid for process in node.of_kind("worker")}

    assert node.gwctl("reload").out == "Kong reloaded\n"

    node.again("worker", workers)
    assert node.get("/posted") == 200
    node.restart()
    assert node.get("/posted") == 200
    assert node.hash == before
    assert node.admin("GET", "/consumers/user-1000").status == 200
    assert "found persisted lmdb config, loading..." in node.log

    node.environ["KONG_DECLARATIVE_CONFIG"] = str(node.file(document("/file", upstream.port)))
    node.restart()
    assert (node.get("/file"), node.get("/posted")) == (200, 404)
    node.loaded(document("/posted", upstream.port))
    assert (node.get("/file"), node.get("/posted")) == (404, 200)
    assert node.gwctl("reload").out == "Kong reloaded\n"
    serves(node, "/file")
    assert node.get("/posted") == 404
    node.loaded(document("/posted", upstream.port))
    node.restart()
    assert (node.get("/file"), node.get("/posted")) == (200, 404)


def test_c28_a_reload_reads_changed_targets_and_refuses_a_broken_file(
    node: Dbless, ended: None, upstream: Upstream
) -> None:
    def balanced(port: int) -> str:
        head = f"{HEAD}upstreams:\n- name: up\n  targets:\n  - target: 127.0.0.1:{port}\n"
        return f"{head}services:\n- name: one\n  host: up\n  routes:\n  - paths: [/one]\n"

    path = node.file(balanced(1))
    node.environ["KONG_DECLARATIVE_CONFIG"] = str(path)
    node.start()
    assert node.get("/one") == 502
    pid = processes.supervisor(node.prefix)

    node.file(balanced(upstream.port))
    assert node.gwctl("reload").out == "Kong reloaded\n"

    serves(node, "/one")
    assert processes.supervisor(node.prefix) == pid
    before = node.hash
    node.file("services: 3")
    refused = node.gwctl("reload", ok=False)
    assert refused.code == 1
    assert "in 'services': expected an array" in refused.err
    assert node.get("/one") == 200
    assert node.hash == before
    node.file(balanced(1))
    os.kill(pid, signal.SIGHUP)
    serves(node, "/one", 502)


def test_c23_references_without_a_value_stop_nothing(node: Dbless, ended: None, upstream: Upstream) -> None:
    known, unknown = "{vault://env/session-secret}", "{vault://env/nobody-knows}"
    plugin = "plugins:\n- name: session\n  config:\n    secret: '{}'\n"
    node.environ["SESSION_SECRET"] = "the-secret-itself"
    node.environ["KONG_DECLARATIVE_CONFIG"] = str(node.file(HEAD + plugin.format(known)))
    node.start()
    assert node.get("/nowhere") == 404
    assert known not in node.log
    assert "the-secret-itself" not in node.log

    node.file(HEAD + plugin.format(unknown))

    for again in (lambda: node.gwctl("reload"), node.restart):
        again()
        answer = ask("GET", f"http://127.0.0.1:{node.port}/nowhere")
        assert (answer.status, answer.json()["message"]) == (404, "no Route matched with those values")
    wait_for(lambda: unknown in node.log, "the reference is warned about")
    assert [line for line in node.log.splitlines() if unknown in line and "[warn]" not in line] == []
    assert node.admin("GET", "/plugins").json()["data"][0]["config"]["secret"] == unknown


def test_a_watched_file_is_read_when_it_changes(node: Dbless, ended: None, upstream: Upstream) -> None:
    node.environ["KONG_DECLARATIVE_CONFIG"] = str(node.file(document("/one", upstream.port)))
    node.environ["GWCTL_DECLARATIVE_CONFIG_WATCH"] = "on"
    node.start()
    workers = {process.pid for process in node.of_kind("worker")}

    node.file(document("/two", upstream.port))

    serves(node, "/two")
    assert node.get("/one") == 404
    node.file("services: 3")
    wait_for(lambda: "the config stays as it was" in node.log, "the broken file is told")
    assert "in 'services': expected an array" in node.log
    assert node.get("/two") == 200
    node.file(document("/three", upstream.port))
    serves(node, "/three")
    assert {process.pid for process in node.of_kind("worker")} == workers


def test_11_dbless_1_2_c30_successors_of_workers_serve_what_was_posted(
    node: Dbless, ended: None, upstream: Upstream
) -> None:
    plugins = "".join(
        f"- name: s{number}\n  host: a.b\n  plugins:\n  - name: key-auth\n  routes:\n  - paths: [/s{number}]\n"
        for number in range(1001)
    )
    keys = "consumers:\n- username: bob\n  keyauth_credentials:\n  - key: sesame\n"
    node.start()
    node.loaded(document("/one", upstream.port) + plugins + keys)
    old = {process.pid for process in node.of_kind("worker")}
    secured = node.get("/s1000")
    with_key = node.get("/s1000", {"apikey": "sesame"})

    processes.kill(node.of_kind("worker"))

    node.again("worker", old)
    assert node.get("/one") == 200
    assert (node.get("/s1000"), node.get("/s1000", {"apikey": "sesame"})) == (secured, with_key)
    assert secured in (401, 503)
    assert node.admin("GET", "/consumers/bob/key-auth/sesame").json()["key"] == "sesame"
    assert len(node.admin("GET", "/plugins?size=1000").json()["data"]) == 1000

    def shown() -> bool:
        pids = node.admin("GET", "/").json()["pids"]["workers"]
        memory = [each["pid"] for each in node.status().json()["memory"]["workers_lua_vms"]]
        new = {process.pid for process in node.of_kind("worker")}
        return not old & {*pids, *memory} and new <= set(pids) and new <= set(memory)

    wait_for(shown, "the pids of the new workers stand in / and /status", deadline=5)


def test_a_killed_loader_leaves_the_old_or_the_new_configuration(node: Dbless, ended: None, upstream: Upstream) -> None:
    node.start()
    node.loaded(document("/old", upstream.port))
    old = node.hash
    many = "consumers:\n" + "".join(f"- username: user-{number}\n" for number in range(4000))
    answers: list[Any] = []

    for delay in range(4):
        (loader,) = node.of_kind("loader")
        text = document(f"/new-{delay}", upstream.port, many)
        sender = threading.Thread(target=lambda text=text: answers.append(node.post(text, timeout=60)))  # type: ignore[misc]
        sender.start()
        threading.Event().wait(0.15 * delay)
        processes.kill([loader])
        sender.join(60)
        node.again("loader", {loader.pid})
        assert answers[-1].status in (201, 503), answers[-1].text
        wait_for(lambda: node.post("").status == 400, "the next loader takes documents", deadline=30)
        paths = ["/old", *(f"/new-{each}" for each in range(delay + 1))]
        serving = [path for path in paths if node.get(path) == 200]
        assert len(serving) == 1, serving
        count = len(node.admin("GET", "/consumers?size=1000").json()["data"])
        assert count == (0 if serving == ["/old"] else 1000)
        assert (node.hash == old) == (serving == ["/old"])
    node.loaded(document("/last", upstream.port))
    serves(node, "/last")
    assert list((node.prefix / "loads").iterdir()) == []


def test_15_off_13_many_documents_on_eight_workers(place: Place) -> None:
    node = Dbless(place, workers=8)
    node.start()
    timers = node.admin("GET", "/").json()["timers"]["running"]
    before = {process.pid for process in node.of_kind("worker")}

    for round in range(100):
        name = f"user-{round}"
        node.loaded(document(f"/{name}", 1, f"consumers:\n- username: {name}\n"))
        assert node.admin("GET", f"/consumers/{name}").status == 200
        assert node.admin("GET", f"/consumers/user-{round - 1}").status == 404
        # Each connection may reach another worker.
        assert {node.get(f"/{name}") for _ in range(4)} == {502}
        assert node.get(f"/user-{round - 1}") == 404

    assert {process.pid for process in node.of_kind("worker")} == before
    assert node.admin("GET", "/").json()["timers"]["running"] <= timers + 5
    node.gwctl("stop")


def test_a_file_fills_the_empty_cache_of_a_data_plane_once(place: Place, upstream: Upstream, tmp_path: Path) -> None:
    place.set_up("hybrid", "gen_cert")
    control_plane = ControlPlane(place)
    control_plane.prepare()
    (place.directory / "kong.yml").write_text(document("/seeded", upstream.port))
    data_plane = DataPlane(place, [control_plane], workers=1)

    data_plane.start("--config", "kong.yml")

    assert data_plane.get("/seeded").status == 200
    assert data_plane.status("/status/ready").status == 200
    control_plane.start()
    control_plane.route("echo", upstream.url)
    data_plane.serves("/echo", deadline=30)
    data_plane.serves("/seeded", 404)
    data_plane.gwctl("dp", "stop")
    (place.directory / "kong.yml").write_text("broken: [")
    data_plane.start("--config", "kong.yml")
    assert data_plane.get("/echo").status == 200
