"""What is wrong is said once, in one clear line that names the fix."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.gateway import ControlPlane, DataPlane, Finished, Place, place_in
from tests.tools.hybrid import ZEROS, Hybrid, hybrid_in
from tests.tools.waiting import wait_for


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hybrid]:
    """One for every mistake that leaves a running gateway as it was; others may be listed beside its data plane."""
    with place_in(tmp_path_factory.mktemp("faults")) as place, hybrid_in(place) as made:
        yield made


def refused(finished: Finished, *words: str) -> None:
    """One ``Error:`` line with every one of ``words`` in it or in its hint, nothing else alarming, exit 1."""
    assert finished.code == 1, finished
    lines = finished.err.splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    assert len(errors) == 1, finished
    assert "Traceback" not in finished.err, finished
    told = "\n".join(line for line in lines if line.startswith(("Error: ", "  hint: ")))
    for word in words:
        assert re.search(word, told), f"{word!r} is not in {told!r}"


def test_a6_a_data_plane_with_another_certificate_is_refused_in_both_logs(hybrid: Hybrid) -> None:
    other = hybrid.place.directory.parent / "other"
    other.mkdir()
    hybrid.place.gwctl("hybrid", "gen_cert", directory=other)
    stranger = DataPlane(
        hybrid.place,
        [hybrid.control_plane],
        "stranger",
        {"GWCTL_CLUSTER_CERT": str(other / "cluster.crt"), "GWCTL_CLUSTER_CERT_KEY": str(other / "cluster.key")},
        workers=1,
    )

    stranger.start()

    told = "data plane presented incorrect client certificate during handshake (digest does not match"
    wait_for(lambda: told in hybrid.control_plane.log, "the control plane says why")
    reason = "presented another certificate than the cluster_cert of this node; both nodes need the same certificate"
    wait_for(lambda: reason in stranger.log, "the data plane says why and what to do")
    identity = (stranger.prefix / "kong.id").read_text()
    assert identity not in {node["id"] for node in hybrid.control_plane.nodes()}
    assert stranger.status("/status/ready").status == 503
    stranger.kill()


def test_a6_a_data_plane_of_a_newer_minor_version_is_refused_in_both_logs(hybrid: Hybrid, tmp_path: Path) -> None:
    newer = DataPlane(hybrid.place, [hybrid.control_plane], "newer", newer_program(tmp_path), workers=1)

    newer.start()

    reason = "data plane version 3.9.0 is incompatible with older control plane version 3.8.1"
    wait_for(lambda: reason in hybrid.control_plane.log, f"the log has {reason!r}{hybrid.place.last_lines()}")
    wait_for(lambda: reason in newer.log, "the data plane logs the reason")
    rows = {node["hostname"] + node["id"]: node for node in hybrid.control_plane.nodes()}
    assert any(node["sync_status"] == "kong_version_incompatible" for node in rows.values()), rows
    newer.kill()


def newer_program(tmp_path: Path) -> dict[str, str]:
    """The environment of a gwctl that keeps the behaviour of 3.9.0."""
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "sitecustomize.py").write_text("import gwctl\ngwctl.KONG_VERSION = '3.9.0'\n")
    return {"PYTHONPATH": str(tmp_path / "newer")}


def test_a6_a_truncated_certificate_file(place: Place) -> None:
    place.gwctl("hybrid", "gen_cert")
    certificate = place.directory / "cluster.crt"
    certificate.write_bytes(certificate.read_bytes()[:200])
    control_plane = ControlPlane(place)
    control_plane.prepare()

    refused(control_plane.start(ok=False), "cluster_cert: failed loading certificate from", str(certificate))


def test_a6_a_missing_certificate(place: Place) -> None:
    control_plane = ControlPlane(place)
    control_plane.prepare()

    refused(control_plane.start(ok=False), "cluster certificate and key must be provided", "gwctl hybrid gen_cert")


@pytest.mark.parametrize("flags", ["", " reuseport"])
def test_a6_a_port_taken_by_another_program(place: Place, flags: str) -> None:
    place.gwctl("hybrid", "gen_cert")
    control_plane = ControlPlane(place)
    data_plane = DataPlane(place, [control_plane], workers=1)
    with socket.socket() as taken:
        if flags:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", data_plane.port))
        taken.listen()

        started = data_plane.start(ok=False, env={"GWCTL_PROXY_LISTEN": f"127.0.0.1:{data_plane.port}{flags}"})

    refused(started, f"127.0.0.1:{data_plane.port}", "proxy_listen|GWCTL_PROXY_LISTEN")
    place.becomes_empty()


def test_a6_a_port_taken_by_another_node_of_gwctl(hybrid: Hybrid) -> None:
    second = DataPlane(hybrid.place, [hybrid.control_plane], "second", workers=1)

    started = second.start(ok=False, env={"GWCTL_PROXY_LISTEN": f"127.0.0.1:{hybrid.data_plane.port}"})

    refused(started, f"127.0.0.1:{hybrid.data_plane.port}", str(hybrid.data_plane.prefix))


def test_a6_a_node_started_twice(hybrid: Hybrid) -> None:
    environment = (hybrid.data_plane.prefix / ".kong_env").read_bytes()

    started = hybrid.data_plane.start(ok=False)

    refused(started, f"Kong is already running in {hybrid.data_plane.prefix}")
    assert (hybrid.data_plane.prefix / ".kong_env").read_bytes() == environment
    assert hybrid.data_plane.get("/echo").status == 200


def test_a6_an_unbootstrapped_database(place: Place) -> None:
    place.gwctl("hybrid", "gen_cert")

    refused(ControlPlane(place).start(ok=False), "Database needs bootstrapping", "gwctl migrations bootstrap")


def test_a6_an_unknown_setting_is_told_with_the_closest_match(place: Place) -> None:
    shown = place.gwctl("settings", "show", env={"GWCTL_PROXY_LISTNE": "127.0.0.1:1"})

    assert "[warn] unknown setting GWCTL_PROXY_LISTNE: did you mean 'GWCTL_PROXY_LISTEN'?" in shown.err


def test_a6_a_truncated_cache_gives_a_new_generation_and_an_incident(hybrid: Hybrid) -> None:
    data_plane = hybrid.data_plane
    before = settled(hybrid)
    data_plane.stop()
    for data in (data_plane.prefix / "dbless.lmdb").rglob("data.mdb"):
        content = data.read_bytes()
        data.write_bytes(content[: len(content) // 2])

    data_plane.start()

    data_plane.serves("/echo")
    assert re.search(r"\[(warn|error|crit)\].*(cache|generation)", data_plane.log), data_plane.log
    assert settled(hybrid) == before


def settled(hybrid: Hybrid) -> str:
    """The config hash that the control plane knows of the data plane of all these tests."""
    identity = (hybrid.data_plane.prefix / "kong.id").read_text()

    def known() -> str | None:
        found = {node["id"]: node["config_hash"] for node in hybrid.control_plane.nodes()}.get(identity, ZEROS)
        return None if found == ZEROS else str(found)

    return wait_for(known, "the data plane reports a config hash") or ""
