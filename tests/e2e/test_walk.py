"""The walk-through of the documentation, word for word."""

from __future__ import annotations

import re
import statistics
import time

import pytest

from tests.tools.client import Answer, ask
from tests.tools.gateway import Place
from tests.tools.hybrid import ZEROS, Hybrid
from tests.tools.upstream import Upstream
from tests.tools.waiting import time_until, wait_for

WALK = (
    "gwctl hybrid gen_cert && gwctl migrations bootstrap && gwctl cp start --daemon "
    "&& gwctl dp start --cp localhost:8005 --daemon"
)
DATA_PLANES = "http://localhost:8001/clustering/data-planes"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.serial
@pytest.mark.usefixtures("documented_ports")
def test_a2_the_walk_ends_with_one_data_plane_in_the_list(place: Place) -> None:
    place.run(["sh", "-c", WALK.replace("gwctl dp", "GWCTL_CLUSTER_DP_LABELS=deployment:local gwctl dp")])

    answer = wait_for(listed, f"a data plane in the list{place.last_lines()}", deadline=1.0)

    body = answer.json()
    assert body["next"] is None
    (node,) = body["data"]
    assert re.fullmatch(r"[0-9a-f]{32}", node["config_hash"]), node
    assert node["config_hash"] != ZEROS
    assert UUID.fullmatch(node["id"])
    assert node["sync_status"] == "normal"
    assert node["labels"] == {"deployment": "local"}
    assert node["version"] == "3.8.1"
    assert node["ip"] == "127.0.0.1"
    assert node["hostname"]
    assert node["rpc_capabilities"] == []
    assert abs(node["ttl"] - 1209600) <= 3
    assert abs(node["last_seen"] - time.time()) < 30
    assert abs(node["updated_at"] - time.time()) < 30
    assert node["cert_details"]["expiry_timestamp"] == pytest.approx(time.time() + 1095 * 86400, abs=60)

    place.run(["sh", "-c", "gwctl dp stop && gwctl cp stop"])
    place.becomes_empty()


@pytest.mark.serial
@pytest.mark.usefixtures("documented_ports")
def test_a2_without_labels_and_a_second_walk_elsewhere_meets_the_running_nodes(place: Place) -> None:
    place.run(["sh", "-c", WALK])
    assert wait_for(listed, "a data plane in the list", deadline=1.0).json()["data"][0]["labels"] == {}
    elsewhere = place.directory.parent / "second"
    elsewhere.mkdir()

    place.gwctl("hybrid", "gen_cert", directory=elsewhere)
    again = place.gwctl("migrations", "bootstrap", directory=elsewhere)
    started = place.gwctl("cp", "start", "--daemon", directory=elsewhere, ok=False)

    assert "Database already bootstrapped" in again.out
    assert started.code == 1
    assert started.err.startswith("Error: Kong is already running in ")
    assert "  hint: " in started.err
    place.run(["sh", "-c", "gwctl dp stop && gwctl cp stop"])


def listed() -> Answer | None:
    """The list of data planes, once it is there and has one with a configuration."""
    answer = ask("GET", DATA_PLANES)
    assert answer.status == 200
    rows = answer.json()["data"]
    return answer if rows and rows[0]["config_hash"] != ZEROS else None


def test_a2_labels_also_by_the_name_of_the_reference(place: Place, upstream: Upstream) -> None:
    hybrid = Hybrid(place, upstream, data_planes=1, workers=1)
    place.gwctl("hybrid", "gen_cert")
    hybrid.control_plane.bootstrap()
    hybrid.control_plane.start()
    hybrid.data_plane.start(env={"KONG_CLUSTER_DP_LABELS": "deployment:local"})

    (node,) = hybrid.control_plane.nodes()

    assert node["labels"] == {"deployment": "local"}


@pytest.mark.serial
def test_a3_writes_are_served_within_100_ms(hybrid: Hybrid) -> None:
    control_plane, data_plane = hybrid.control_plane, hybrid.data_plane

    delays = []

    def served(path: str, status: int, body: str = "") -> None:
        delays.append(
            time_until(
                lambda: (answer := data_plane.get(path)).status == status and body in answer.text,
                f"{path} answers {status} {body}",
            )
        )

    control_plane.write("POST", "/services", form={"name": "documented", "url": hybrid.upstream.url})
    control_plane.write("POST", "/services/documented/routes", form={"paths[]": "/documented", "name": "by-curl"})
    served("/documented", 200, '"path": "/"')
    control_plane.write("PATCH", "/services/documented", form={"path": "/moved"})
    served("/documented", 200, '"path": "/moved"')
    control_plane.write("PATCH", "/routes/by-curl", form={"paths[]": "/elsewhere"})
    served("/elsewhere", 200)
    served("/documented", 404)
    control_plane.write("DELETE", "/routes/by-curl")
    served("/elsewhere", 404)
    assert statistics.median(delays) <= 0.1, delays
