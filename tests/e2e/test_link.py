"""What the reference promises of the link between its planes (hybrid.md 12.1; the A numbers are its list's).

Most tests share one pair: they use entities and data planes of their own and leave the pair as it was.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from tests.tools.gateway import ControlPlane, DataPlane, Place, place_in
from tests.tools.handmade_link import link_to
from tests.tools.hybrid import ZEROS, Hybrid
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LABELS = {"deployment": "mycloud", "region": "us-east-1"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hybrid]:
    """A control plane that was told the reference's push interval, and a data plane with labels."""
    with place_in(tmp_path_factory.mktemp("link")) as place, Upstream() as upstream:
        made = Hybrid(place, upstream, data_planes=1, workers=2)
        labels = ",".join(f"{key}:{value}" for key, value in LABELS.items())
        made.data_plane.environ["KONG_CLUSTER_DP_LABELS"] = labels
        made.start({"KONG_DB_UPDATE_FREQUENCY": "3"})
        yield made


def node_id(data_plane: DataPlane) -> str:
    return (data_plane.prefix / "kong.id").read_text()


def row_of(control_plane: ControlPlane, identity: str) -> dict[str, Any] | None:
    return next((node for node in control_plane.nodes() if node["id"] == identity), None)


def listed(control_plane: ControlPlane, identity: str, **expected: Any) -> dict[str, Any]:
    """The row of a data plane as soon as it has the expected values."""

    def found() -> dict[str, Any] | None:
        row = row_of(control_plane, identity)
        return row if row is not None and all(row[name] == value for name, value in expected.items()) else None

    row = wait_for(found, f"data plane {identity} is listed with {expected}", deadline=5.0)
    assert row is not None
    return row


def test_a1_a_data_plane_is_listed_with_what_is_known_of_it(pair: Hybrid) -> None:
    row = listed(pair.control_plane, node_id(pair.data_plane), sync_status="normal")

    assert row["ip"] == "127.0.0.1"
    assert re.match(r"^\d+\.\d+\.\d+", row["version"])
    left = row["last_seen"] + 1_209_600 - time.time()
    assert row["ttl"] == pytest.approx(left, abs=3)


def test_a2_the_old_list_is_a_map_by_node_id(pair: Hybrid) -> None:
    answer = pair.control_plane.ask("GET", "/clustering/status")

    assert answer.status == 200
    assert answer.headers["deprecation"] == "true"
    entry = answer.json()[node_id(pair.data_plane)]
    assert set(entry) == {"config_hash", "hostname", "ip", "last_seen"}
    assert entry["ip"] == "127.0.0.1"


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "GET"])
@pytest.mark.parametrize("collection", ["data-planes", "status"])
def test_a3_a_single_data_plane_is_no_resource(pair: Hybrid, collection: str, method: str) -> None:
    path = f"/clustering/{collection}/{node_id(pair.data_plane)}"

    answer = pair.control_plane.ask(method, path, data={} if method == "PATCH" else None)

    assert (answer.status, answer.json()) == (404, {"message": "Not found"})
    assert row_of(pair.control_plane, node_id(pair.data_plane)) is not None


@pytest.mark.parametrize("path", ["/clustering_data_planes", "/clustering-data-planes"])
def test_a4_data_planes_have_no_generated_collection(pair: Hybrid, path: str) -> None:
    assert pair.control_plane.ask("GET", path).status == 404


def test_a5_a6_a_route_is_served_when_it_is_made_and_gone_when_it_is_deleted(pair: Hybrid) -> None:
    pair.control_plane.route("coming", pair.upstream.url)
    pair.data_plane.serves("/coming", deadline=10)

    pair.control_plane.write("DELETE", "/routes/coming")

    gone = pair.data_plane.serves("/coming", 404, deadline=5)
    assert gone.json()["message"] == "no Route matched with those values"


def test_a7_routes_of_a_disabled_service_are_not_served(pair: Hybrid) -> None:
    pair.control_plane.route("switched", pair.upstream.url)
    pair.data_plane.serves("/switched")

    pair.control_plane.write("PATCH", "/services/switched", data={"enabled": False})
    pair.data_plane.serves("/switched", 404, deadline=2)
    pair.control_plane.write("PATCH", "/services/switched", data={"enabled": True})

    pair.data_plane.serves("/switched", deadline=2)


def test_a8_a_plugin_on_a_route_of_a_disabled_service_does_not_stop_the_link(pair: Hybrid) -> None:
    pair.control_plane.route("guarded", pair.upstream.url)
    pair.data_plane.serves("/guarded")
    plugin = pair.control_plane.ask("POST", "/routes/guarded/plugins", data={"name": "key-auth"}).json()
    wait_for(lambda: pair.data_plane.get("/guarded").status != 200, "the plugin is in force")

    pair.control_plane.write("PATCH", "/services/guarded", data={"enabled": False})

    pair.data_plane.serves("/guarded", 404)
    pair.control_plane.route("later", pair.upstream.url)
    pair.data_plane.serves("/later")
    # No node runs the plugin yet: that is all there is to complain of, and it ends with the plugin.
    row = listed(pair.control_plane, node_id(pair.data_plane), sync_status="plugin_set_incompatible")
    assert row["last_error"]["message"].startswith("configured plugins that the data plane lacks: key-auth;")
    pair.control_plane.write("DELETE", f"/plugins/{plugin['id']}")
    listed(pair.control_plane, node_id(pair.data_plane), sync_status="normal", last_error=None)


def test_a9_a_burst_of_writes_does_not_wait_for_a_push_interval(pair: Hybrid) -> None:
    """The interval is 3 s here; the reference makes the second write wait for it (see differences.md)."""
    names = [f"burst{number}" for number in range(1, 6)]
    for name in names:
        pair.control_plane.write("POST", "/routes", data={"name": name, "paths": [f"/{name}"]})
        unserved = pair.data_plane.serves(f"/{name}", 503, deadline=2)
        assert unserved.json()["message"] == "no Service found with those values"
    for name in names:
        pair.control_plane.write("DELETE", f"/routes/{name}")
        pair.data_plane.serves(f"/{name}", 404, deadline=2)


@pytest.mark.parametrize("version", ["3.8.1", "3.7.0", "3.8.0", "3.8.1000", "3.8.1-enterprise-version", "3.8.1.1000"])
def test_a10_versions_that_are_served(pair: Hybrid, version: str) -> None:
    with link_to(pair.control_plane.cluster_port, pair.place.directory) as link:
        link.hello(version=version, labels={"region": "here"}, plugins=[{"name": "key-auth", "version": "3.8.1"}])
        link.receive_kind("welcome")
        link.pull()
        configuration = link.receive_kind("snapshot_begin")
        row = listed(pair.control_plane, link.node_id, sync_status="normal")

    assert configuration["records"] > 2
    assert row["version"] == version
    assert row["labels"] == {"region": "here"}


@pytest.mark.parametrize("version", ["1.0.0", "3.1000.0", "4.0.0"])
def test_a12_versions_that_are_refused(pair: Hybrid, version: str) -> None:
    with link_to(pair.control_plane.cluster_port, pair.place.directory) as link:
        link.hello(version=version)
        refused = link.receive_kind("refused")
        _, reason = link.end()

    row = listed(pair.control_plane, link.node_id, sync_status="kong_version_incompatible")
    assert row["version"] == version
    assert row["config_hash"] == ZEROS
    assert f"data plane version {version} is incompatible with" in refused["reason"]
    assert reason == refused["reason"]


def test_a13_labels_are_shown(pair: Hybrid) -> None:
    assert listed(pair.control_plane, node_id(pair.data_plane))["labels"] == LABELS


def test_a14_the_expiry_of_the_certificate_is_shown(pair: Hybrid) -> None:
    certificate = x509.load_pem_x509_certificate((pair.place.directory / "cluster.crt").read_bytes())

    row = listed(pair.control_plane, node_id(pair.data_plane))

    assert row["cert_details"] == {"expiry_timestamp": int(certificate.not_valid_after_utc.timestamp())}


def test_a20_a_write_needs_no_data_plane_and_reaches_one_that_links_later(place: Place, upstream: Upstream) -> None:
    place.set_up("hybrid", "gen_cert")
    control_plane = ControlPlane(place)
    control_plane.prepare()
    control_plane.start(env={"KONG_LOG_LEVEL": "debug"})
    control_plane.route("early", upstream.url)
    assert "[id: " not in control_plane.log, "nobody is there to be told"
    data_plane = DataPlane(place, [control_plane], workers=1)

    data_plane.start()

    data_plane.serves("/early")
    served = rf"\[clustering\] data plane serves version \d+, hash [0-9a-f]{{32}} \[id: {node_id(data_plane)}, "
    wait_for(lambda: re.search(served, control_plane.log), "the log says what the data plane serves")


def test_a22_a23_a24_a_data_plane_keeps_its_identity_in_its_prefix(pair: Hybrid) -> None:
    data_plane = DataPlane(pair.place, [pair.control_plane], "named", workers=1)
    first = data_plane.start("--vv")
    identity = node_id(data_plane)
    before = listed(pair.control_plane, identity)
    kept = data_plane.prefix / "kong.id"
    written = kept.stat().st_mtime_ns

    assert UUID.fullmatch(identity)
    assert f"persisting node_id ({identity}) to {kept}" in first.out + first.err
    data_plane.stop()
    wait_for(lambda: time.time() >= before["last_seen"] + 1, "the clock has moved on by a second")
    data_plane.start()
    assert (node_id(data_plane), kept.stat().st_mtime_ns) == (identity, written)
    wait_for(lambda: listed(pair.control_plane, identity)["last_seen"] > before["last_seen"], "it was seen again")
    assert f"restored node_id from the filesystem: {identity}" in data_plane.log

    data_plane.stop()
    kept.write_text("INVALID")
    replaced = data_plane.start("--vv")

    fresh = node_id(data_plane)
    assert UUID.fullmatch(fresh)
    assert fresh != identity
    assert f"file {kept} contains invalid uuid: INVALID" in replaced.out + replaced.err
    assert f"restored node_id from the filesystem: {fresh}" in data_plane.log
    listed(pair.control_plane, fresh)
    data_plane.stop()


def test_a29_a31_both_planes_end_without_an_alarming_word(hybrid: Hybrid) -> None:
    ended = hybrid.control_plane.gwctl("quit")
    lost = re.compile(r"connection to control plane closed|failed to connect")
    wait_for(lambda: lost.search(hybrid.data_plane.log), "the data plane has noticed")

    assert (ended.code, ended.out, ended.err) == (0, "Kong stopped (gracefully)\n", "")
    assert not re.search(r"\[(error|crit|alert|emerg)\]", hybrid.data_plane.log), hybrid.data_plane.log
    assert hybrid.data_plane.get("/echo").status == 200
    ended = hybrid.data_plane.gwctl("quit")
    assert (ended.code, ended.out, ended.err) == (0, "Kong stopped (gracefully)\n", "")
    hybrid.place.becomes_empty()


CONTROL_PLANE, DATA_PLANE = "control_plane", "data_plane"


@pytest.mark.parametrize(
    ("role", "settings", "told"),
    [
        (CONTROL_PLANE, {"ADMIN_LISTEN": "off"}, 'admin_listen must be specified when role = "control_plane"'),
        (CONTROL_PLANE, {"CLUSTER_LISTEN": "off"}, 'cluster_listen must be specified when role = "control_plane"'),
        (CONTROL_PLANE, {"DATABASE": "off"}, 'in-memory storage can not be used when role = "control_plane"'),
        (CONTROL_PLANE, {"CLUSTER_MTLS": "pki"}, 'cluster_ca_cert must be specified when cluster_mtls = "pki"'),
        (DATA_PLANE, {"PROXY_LISTEN": "off"}, 'proxy_listen must be specified when role = "data_plane"'),
        (DATA_PLANE, {"DATABASE": "postgres"}, 'only in-memory storage can be used when role = "data_plane"'),
        (DATA_PLANE, {"CLUSTER_DP_LABELS": "w@:mycloud"}, "label key validation failed: w@"),
        *(
            (role, {name: "nowhere.pem"}, "cluster certificate and key must be provided to use Hybrid mode")
            for role in (CONTROL_PLANE, DATA_PLANE)
            for name in ("CLUSTER_CERT", "CLUSTER_CERT_KEY")
        ),
        *(
            (role, {}, "cluster certificate and key must be provided to use Hybrid mode")
            for role in (CONTROL_PLANE, DATA_PLANE)
        ),
    ],
)
def test_a30_a_start_that_cannot_work_is_refused(place: Place, role: str, settings: dict[str, str], told: str) -> None:
    if settings and not any(name.startswith("CLUSTER_CERT") for name in settings):
        place.set_up("hybrid", "gen_cert")
    environ = {f"KONG_{name}": value for name, value in settings.items()}

    refused = place.gwctl("start", "-p", "node", ok=False, env={"KONG_ROLE": role, **environ})

    assert refused.code == 1
    assert refused.out == ""
    assert refused.err.startswith(f"Error: {told}"), refused
    place.becomes_empty()


def test_a30_a_label_with_every_sign_that_is_allowed(pair: Hybrid) -> None:
    data_plane = DataPlane(pair.place, [pair.control_plane], "labelled", workers=1)

    data_plane.start(env={"KONG_CLUSTER_DP_LABELS": "Aa-._zZ_key:Aa-._zZ_val"})

    assert listed(pair.control_plane, node_id(data_plane))["labels"] == {"Aa-._zZ_key": "Aa-._zZ_val"}
    data_plane.stop()


def test_r1_no_data_plane_offers_rpc(pair: Hybrid) -> None:
    identity = node_id(pair.data_plane)

    assert listed(pair.control_plane, identity)["rpc_capabilities"] == []
    assert pair.control_plane.ask("GET", f"/clustering/data-planes/{identity}/log-level").status == 404


def test_a28_deprecated_fields_of_plugins_warn_on_the_control_plane_only(pair: Hybrid) -> None:
    config = {"minute": 5, "policy": "redis", "redis_host": "redis.test"}
    service = pair.control_plane.ask("POST", "/services", data={"host": "a28.test"}).json()
    made = pair.control_plane.ask(
        "POST", "/plugins", data={"name": "rate-limiting", "config": config, "service": {"id": service["id"]}}
    )
    assert made.status == 201, made.body
    applied = listed(pair.control_plane, node_id(pair.data_plane), sync_status="plugin_set_incompatible")
    assert "rate-limiting" in applied["last_error"]["message"]

    warning = "rate-limiting: config.redis_host is deprecated, please use config.redis.host instead"
    assert warning in pair.control_plane.log
    assert "is deprecated" not in pair.data_plane.log
    pair.control_plane.ask("DELETE", f"/services/{service['id']}")
    listed(pair.control_plane, node_id(pair.data_plane), sync_status="normal")
