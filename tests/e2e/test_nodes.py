"""What an operator asks: nodes, health, quickstart."""

from __future__ import annotations

import json
import signal

import pytest
import yaml

from tests.tools.gateway import Place
from tests.tools.hybrid import Hybrid
from tests.tools.waiting import wait_for


def test_nodes_list_in_every_format(hybrid_of_two: Hybrid) -> None:
    hybrid = hybrid_of_two
    config_hash = hybrid.settled()
    control_plane = hybrid.control_plane

    table = control_plane.gwctl("nodes", "list").out.splitlines()
    records = json.loads(control_plane.gwctl("nodes", "list", "-o", "json").out)

    assert table[0].split()[:3] == ["ID", "HOSTNAME", "IP"]
    assert len(table) == 3
    assert all(config_hash in line and "normal" in line for line in table[1:])
    assert {record["config_hash"] for record in records} == {config_hash}
    assert {record["id"] for record in yaml.safe_load(control_plane.gwctl("nodes", "list", "-o", "yaml").out)} == {
        record["id"] for record in records
    }
    by_prefix = hybrid.place.gwctl("nodes", "list", "-p", control_plane.prefix)
    assert by_prefix.out.count("normal") == 2, "the running node's own settings say where its Admin API is"


def test_nodes_watch_tells_every_change(hybrid: Hybrid) -> None:
    watching = hybrid.place.spawn(
        "nodes", "watch", "-o", "json", "--interval", "0.1", "--admin-url", hybrid.control_plane.admin
    )

    def seen() -> set[str]:
        return {node["config_hash"] for line in watching.text.splitlines() for node in json.loads(line)}

    wait_for(lambda: len(seen()) == 1, "the first list")
    hybrid.control_plane.write("POST", "/consumers", form={"username": "anna"})
    wait_for(lambda: len(seen()) >= 2, "a new hash")

    assert watching.end(signal.SIGINT) == 130


def test_nodes_without_a_control_plane(place: Place) -> None:
    refused = place.gwctl("nodes", "list", "--admin-url", f"http://127.0.0.1:{place.ports.take()}", ok=False)

    assert refused.code == 69
    assert refused.err.startswith("Error: ")
    assert "connection refused" in refused.err
    assert "  hint: " in refused.err


def test_health_of_both_planes(hybrid: Hybrid) -> None:
    for node in (hybrid.control_plane, hybrid.data_plane):
        assert node.gwctl(node.group, "health").out == f"nginx.......running\n\nKong is healthy at {node.prefix}\n"
        node.stop()
        stopped = node.gwctl(node.group, "health", ok=False)
        assert stopped.code == 1
        assert stopped.err.startswith(f"Error: Kong is not running at {node.prefix}\n")


@pytest.mark.serial
def test_a1_quickstart_walks_and_leaves_nothing(place: Place) -> None:
    walked = place.gwctl("quickstart", "--check", timeout=90)

    assert "HTTP/1.1 200 OK" in walked.out
    assert "normal" in walked.out
    place.becomes_empty()


@pytest.mark.serial
def test_a1_quickstart_stays_up_until_interrupted(place: Place) -> None:
    running = place.spawn("quickstart")
    wait_for(lambda: "normal" in running.text, "the node table", deadline=60)
    assert running.process.poll() is None

    assert running.end(signal.SIGINT) in (0, 130)
    wait_for(lambda: place.left() == [], "every process is gone")
