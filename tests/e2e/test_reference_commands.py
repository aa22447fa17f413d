"""The reference's commands as scripts call them (hybrid.md 3 and 12.4; the C numbers are its list's)."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import processes
from tests.tools.client import ask
from tests.tools.gateway import Place, place_in
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

ALARMING = re.compile(r"\[(warn|error|crit|alert|emerg)\]")


@pytest.fixture
def node(place: Place) -> Traditional:
    return Traditional(place)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traditional]:
    """A node that proxies /one, of the tests that leave it running with the settings it began with."""
    with place_in(tmp_path_factory.mktemp("running")) as place, Upstream() as upstream:
        made = Traditional(place)
        made.started()
        made.proxied(upstream)
        yield made


def test_c8_a_prefix_given_to_stop_beats_the_environment(place: Place, node: Traditional) -> None:
    node.started()

    stopped = place.gwctl("stop", "--prefix", node.prefix, env={"KONG_PREFIX": str(place.directory / "other")})

    assert stopped.out == "Kong stopped\n"
    place.becomes_empty()


def test_c8_default_prefix(place: Place) -> None:
    listen = Traditional(place).environ
    environ = {name: value for name, value in listen.items() if name != "KONG_PREFIX"}
    place.gwctl("migrations", "bootstrap", env=environ)

    place.gwctl("start", env=environ)

    assert place.gwctl("health").out.endswith(f"Kong is healthy at {place.home / 'gwctl' / 'traditional'}\n")
    place.gwctl("stop")


def test_c10_c12_start_makes_the_prefix_and_writes_its_settings(node: Traditional) -> None:
    assert not node.prefix.exists()

    node.started()

    environment = node.prefix / ".kong_env"
    assert stat.S_IMODE(environment.stat().st_mode) == 0o640
    lines = [line for line in environment.read_text().splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert f"prefix = {node.prefix}" in lines
    for name in ("pids/nginx.pid", "logs/error.log", "logs/access.log", "logs/admin_access.log", "sockets"):
        assert (node.prefix / name).exists(), name


def test_c11_a_clean_start_and_stop_leave_nothing_alarming(node: Traditional, upstream: Upstream) -> None:
    node.started()
    node.proxied(upstream)
    node.gwctl("stop")

    assert not ALARMING.search(node.log), node.log


def test_c13_verbose_shows_variables_and_parameters_with_secrets_masked(node: Traditional) -> None:
    node.prepare()

    told = node.gwctl("start", "--vv", env={"KONG_PG_PASSWORD": "very secret", "KONG_DATABASE": "sqlite"})

    assert '[debug] KONG_PG_PASSWORD ENV found with "******"' in told.out
    assert '[debug] pg_password = "******"' in told.out
    parameters = re.findall(r"^\[debug\] (\w+) = ", told.out, re.MULTILINE)
    assert len(parameters) > 150
    assert parameters == sorted(parameters)
    assert "[verbose] gwctl: " in told.out
    assert "very secret" not in told.out + told.err
    assert "[debug]" not in node.gwctl("stop", "--v").out


def test_c14_a_template_flag_is_accepted(node: Traditional) -> None:
    node.prepare()

    assert node.gwctl("start", "--nginx-conf", "custom.template").out.endswith("Kong started\n")


def test_c16_an_empty_database_is_refused(node: Traditional) -> None:
    refused = node.gwctl("start", ok=False)

    assert refused.code == 1
    assert refused.err.startswith("Error: Database needs bootstrapping or is older than Kong 1.0.")
    assert "run 'gwctl migrations bootstrap'" in refused.err
    assert refused.err.endswith("\n\n  Run with --v (verbose) or --vv (debug) for more details\n")


def test_c17_without_daemon_start_stays_and_tells_on_its_output(place: Place, node: Traditional) -> None:
    node.prepare()

    spawned = place.spawn("start", env=node.environ | {"KONG_NGINX_DAEMON": "off"})
    wait_for(lambda: ask("GET", f"http://127.0.0.1:{node.admin_port}/status").status == 200, "it runs")
    ask("GET", f"http://127.0.0.1:{node.port}/nothing")

    wait_for(lambda: "GET /nothing" in spawned.text, f"the access log is on its output {spawned.text}")
    assert "[notice]" in spawned.text
    assert spawned.end(signal.SIGTERM) == 0
    place.becomes_empty()


def test_c19_a_missing_settings_file(place: Place) -> None:
    refused = place.gwctl("start", "--conf", "foobar.conf", ok=False)

    assert refused.code == 1
    assert refused.err.startswith("Error: no file at: foobar.conf")


@pytest.mark.parametrize("command", ["stop", "quit", "health", "reload"])
def test_c20_a_prefix_that_is_not_there(place: Place, command: str) -> None:
    refused = place.gwctl(command, "-p", "inexistent", ok=False)

    assert refused.code == 1
    assert f"Error: no such prefix: {place.directory / 'inexistent'}\n" in refused.err


def test_c21_a_second_start_is_refused_and_changes_nothing(running: Traditional) -> None:
    files = {path: path.stat().st_mtime_ns for path in (running.prefix / "sockets").iterdir()}
    environment = (running.prefix / ".kong_env").read_bytes()

    refused = running.gwctl("start", ok=False, env={"KONG_LOG_LEVEL": "debug"})

    assert refused.code == 1
    assert refused.err.startswith(f"Error: Kong is already running in {running.prefix}\n")
    assert (running.prefix / ".kong_env").read_bytes() == environment
    assert {path: path.stat().st_mtime_ns for path in (running.prefix / "sockets").iterdir()} == files
    assert running.gwctl("health").code == 0


def test_c24_deprecated_properties_and_values_warn_on_stderr(place: Place) -> None:
    told = place.gwctl(
        "settings",
        "show",
        env={"KONG_PRIVILEGED_WORKER": "on", "KONG_WORKER_CONSISTENCY": "strict"},
    )

    assert (
        "[warn] the 'privileged_worker' configuration property is deprecated, use 'dedicated_config_processing' instead"
        in told.err
    )
    assert (
        "[warn] the configuration value 'strict' for configuration property 'worker_consistency' is deprecated"
        in told.err
    )


def test_c25_c37_prepare_makes_the_prefix_and_start_uses_it(place: Place, node: Traditional) -> None:
    prepared = node.gwctl("prepare")

    assert prepared.out == ""
    assert (node.prefix / "sockets").is_dir()
    assert (node.prefix / ".kong_env").is_file()
    for name in ("error.log", "access.log", "admin_access.log"):
        assert (node.prefix / "logs" / name).is_file()
    assert not (node.prefix / ".kong_process_secrets").exists(), "no reference is in use"
    node.started()
    node.gwctl("stop")


def test_c25_sockets_may_be_a_link_of_the_user(place: Place, node: Traditional) -> None:
    elsewhere = place.directory / "elsewhere"
    elsewhere.mkdir()
    node.prefix.mkdir()
    (node.prefix / "sockets").symlink_to(elsewhere)

    node.started()

    assert list(elsewhere.iterdir())
    node.gwctl("stop")
    assert (node.prefix / "sockets").is_symlink()


def test_c25_a_relative_prefix(place: Place, node: Traditional) -> None:
    node.gwctl("prepare", env={"KONG_PREFIX": "relative"})

    assert (place.directory / "relative" / ".kong_env").is_file()


def test_c26_after_kill_9_the_next_start_removes_dangling_sockets(node: Traditional) -> None:
    node.started()
    pids = processes.kill(node.tree())
    wait_for(lambda: not any(map(processes.alive, pids)), "everything is gone")

    started = node.gwctl("start")

    assert "[warn] Found dangling unix sockets in the prefix directory" in started.err
    assert "[warn] Attempting to remove dangling sockets before starting Kong..." in started.err
    assert "[warn] removing unix socket: " in started.err
    node.gwctl("stop")
    assert "dangling" not in node.gwctl("start").err


def test_c27_reload_keeps_supervisor_and_node_id_and_replaces_the_rest(running: Traditional) -> None:
    pid, workers = running.pid, {process.pid for process in running.workers()}
    node_id = ask("GET", f"http://127.0.0.1:{running.admin_port}/").json()["node_id"]

    assert running.gwctl("reload").out == "Kong reloaded\n"

    assert running.pid == pid
    assert not workers & {process.pid for process in running.workers()}
    assert ask("GET", f"http://127.0.0.1:{running.admin_port}/").json()["node_id"] == node_id


def test_c27_reload_takes_new_settings_from_file_and_environment(running: Traditional) -> None:
    conf = running.place.directory / "new.conf"
    conf.write_text("nginx_worker_processes = 1\n")
    environ = {name: value for name, value in running.environ.items() if name != "KONG_NGINX_WORKER_PROCESSES"}

    running.place.gwctl("reload", "-c", conf, env=environ)
    assert len(running.workers()) == 1
    running.gwctl("reload", env={"KONG_NGINX_WORKER_PROCESSES": "3"})
    assert len(running.workers()) == 3
    running.gwctl("reload")
    assert len(running.workers()) == 2


def test_c27_reload_without_any_variable_keeps_the_settings_of_the_start(running: Traditional) -> None:
    running.place.gwctl("reload", "-p", running.prefix)

    assert ask("GET", f"http://127.0.0.1:{running.admin_port}/status").status == 200
    assert len(running.workers()) == 2


def test_c27_reload_with_settings_that_cannot_work_changes_nothing(running: Traditional) -> None:
    workers = {process.pid for process in running.workers()}

    refused = running.gwctl("reload", ok=False, env={"KONG_DATABASE": "postgres", "KONG_PG_PORT": "1"})

    assert refused.code == 1
    assert refused.err.startswith("Error: ")
    assert {process.pid for process in running.workers()} == workers
    assert running.gwctl("health").code == 0


@pytest.mark.parametrize("command", ["stop", "quit", "reload"])
def test_c27_a_node_that_does_not_run(node: Traditional, command: str) -> None:
    node.gwctl("prepare")

    refused = node.gwctl(command, ok=False)

    assert refused.code == 1
    assert f"Error: nginx not running in prefix: {node.prefix}\n" in refused.err


def test_c30_a_killed_worker_is_replaced_and_serves_the_current_configuration(running: Traditional) -> None:
    before = {process.pid for process in running.workers()}
    os.kill(min(before), signal.SIGKILL)

    wait_for(lambda: len({process.pid for process in running.workers()} - before) == 1, "a new worker", deadline=2)

    for _ in range(20):
        running.serves()

    def told() -> bool:
        pids = set(ask("GET", f"http://127.0.0.1:{running.admin_port}/").json()["pids"]["workers"])
        workers, tree = ({process.pid for process in some} for some in (running.workers(), running.tree()))
        return workers <= pids <= tree

    wait_for(told, "the Admin API shows the new worker instead of the dead one")


def test_c34_restart_when_not_running_and_from_a_prefix(place: Place, node: Traditional) -> None:
    node.prepare()
    assert node.gwctl("restart").out.endswith("Kong started\n")
    first = node.pid

    assert place.gwctl("restart", "-p", node.prefix).out.endswith("Kong started\n"), "settings come from the prefix"

    assert node.pid != first
    assert ask("GET", f"http://127.0.0.1:{node.admin_port}/status").status == 200
    assert len(node.workers()) == 2


def test_c34_restart_from_a_settings_file(place: Place, node: Traditional) -> None:
    node.started()
    first = node.pid
    conf = place.directory / "node.conf"
    conf.write_text("".join(f"{name[5:].lower()} = {value}\n" for name, value in node.environ.items()))

    assert place.gwctl("restart", "-c", conf).out.endswith("Kong started\n")

    assert node.pid != first


def test_c35_health_says_running_and_not(node: Traditional) -> None:
    node.started()
    assert node.gwctl("health").out == f"nginx.......running\n\nKong is healthy at {node.prefix}\n"
    node.gwctl("stop")

    stopped = node.gwctl("health", ok=False)

    assert stopped.code == 1
    assert f"Error: Kong is not running at {node.prefix}\n" in stopped.err


def test_c36_quit_waits_first_when_told_to(node: Traditional) -> None:
    node.started()
    began = time.monotonic()

    ended = node.gwctl("quit", "--wait", "2", "--timeout", "5")

    assert ended.out == "Kong stopped (gracefully)\n"
    assert ended.err == ""
    assert time.monotonic() - began >= 2


def test_c36_quit_ends_a_request_that_takes_too_long(node: Traditional, upstream: Upstream) -> None:
    node.started()
    node.proxied(upstream)
    with socket.create_connection(("127.0.0.1", node.port)) as client:
        received = upstream.received
        client.sendall(b"GET /one/slow/60 HTTP/1.1\r\nHost: slow\r\n\r\n")
        wait_for(lambda: upstream.received > received, "the request is in flight")

        ended = node.gwctl("quit", "--timeout", "1")

    assert ended.code == 0
    assert ended.out == "Timeout, Kong stopped forcefully\n"
    node.place.becomes_empty()


def test_c41_usr1_opens_the_logs_again(running: Traditional) -> None:
    log = running.prefix / "logs" / "access.log"
    rotated = log.rename(log.with_suffix(".1"))

    os.kill(running.pid, signal.SIGUSR1)

    wait_for(log.exists, "a new file")

    def told() -> bool:
        ask("GET", f"http://127.0.0.1:{running.port}/rotated")
        return "/rotated" in log.read_text()

    wait_for(told, "requests go to the new file")
    assert rotated.exists()
    assert "(SIGUSR1) received" in running.log


def test_c41_usr2_starts_a_second_supervisor_and_quit_ends_the_first(node: Traditional, upstream: Upstream) -> None:
    node.started()
    node.proxied(upstream)
    old = node.pid
    old_file = node.prefix / "pids" / "nginx.pid.oldbin"

    os.kill(old, signal.SIGUSR2)

    wait_for(lambda: node.pid != old, "the pid file names a new supervisor", deadline=20)
    assert "(SIGUSR2) received" in node.log
    assert int(old_file.read_text()) == old
    wait_for(lambda: len(node.workers()) == 2, "the new one has its workers", deadline=20)
    node.serves()
    os.kill(old, signal.SIGQUIT)
    wait_for(lambda: not processes.alive(old), "the old one has drained and ended", deadline=20)
    assert not old_file.exists()
    node.serves()
    assert node.gwctl("stop").out == "Kong stopped\n"
    node.place.becomes_empty()


def test_c40_gen_cert_writes_two_files_once(place: Place) -> None:
    told = place.set_up("hybrid", "gen_cert")

    certificate, key = place.directory / "cluster.crt", place.directory / "cluster.key"
    assert told.out == (
        f"Successfully generated certificate/key pairs, they have been written to: '{certificate}' and '{key}'.\n"
    )
    assert certificate.read_text().startswith("-----BEGIN CERTIFICATE-----\n")
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert mode(certificate) == "-rw-r--r--"
    assert mode(key) == "-rw-------"
    content = certificate.read_bytes(), key.read_bytes()

    again = place.gwctl("hybrid", "gen_cert", ok=False)

    assert again.code == 1
    assert again.err.startswith(f"Error: {certificate} already exists.\nWill not overwrite it.\n")
    assert (certificate.read_bytes(), key.read_bytes()) == content
    one = place.gwctl("hybrid", "gen_cert", "only.crt", ok=False)
    assert one.err.startswith("Error: both cert and key path needs to be provided\n")


@pytest.mark.parametrize(("words", "days"), [((), 1095), (("-d", "1"), 1), (("--days", "2"), 2)])
def test_c40_gen_cert_is_valid_for_the_days_asked(place: Place, words: tuple[str, ...], days: int) -> None:
    from cryptography import x509

    place.gwctl("hybrid", "gen_cert", "a.crt", "a.key", *words)

    certificate = x509.load_pem_x509_certificate((place.directory / "a.crt").read_bytes())
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime.total_seconds() == days * 86400


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)
