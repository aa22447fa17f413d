"""Files and a running control plane with the installed program: plan, apply, dump, and back, on each database."""

from __future__ import annotations

import json

import yaml

from tests.tools.gateway import ControlPlane, Place
from tests.tools.walking import control_plane

__all__ = ["control_plane"]

FILE = """\
_format_version: "3.0"
services:
- name: orders
  url: http://${{ env "ORDERS_HOST" }}:81/x
  tags: [shop]
  routes:
  - name: orders
    paths: [/orders]
    plugins:
    - {name: rate-limiting, config: {minute: 5}}
  - paths: [/unnamed]
  plugins:
  - {name: key-auth, instance_name: keys}
consumers:
- username: bob
  tags: [shop]
  keyauth_credentials: [{key: a-very-secret-key}]
  basicauth_credentials: [{username: bob, password: a-very-secret-password}]
  acls: [{group: g}]
- custom_id: only-that
upstreams:
- name: up
  targets: [{target: "10.0.0.1"}, {target: "10.0.0.2:81", weight: 3}]
key_sets:
- name: set
vaults:
- {name: env, prefix: my-env, config: {prefix: X_}}
"""


def summary(created: int, updated: int, deleted: int) -> str:
    return f"Summary:\n  Created: {created}\n  Updated: {updated}\n  Deleted: {deleted}\n"


def test_b3_a_dump_brings_a_reset_database_back(control_plane: ControlPlane, place: Place) -> None:
    place.environ["ORDERS_HOST"] = "orders.internal"
    (place.directory / "kong.yml").write_text(FILE)
    planned = place.gwctl("config", "diff", "kong.yml", "--exit-code", ok=False)
    assert planned.code == 2
    assert "+ create service orders" in planned.out.splitlines()

    synced = place.gwctl("config", "sync", "kong.yml")
    assert synced.out.endswith(summary(15, 0, 0)), synced
    assert "very-secret" not in planned.out + planned.err + synced.out + synced.err
    assert control_plane.ask("GET", "/services/orders").json()["host"] == "orders.internal"
    assert place.gwctl("config", "diff", "kong.yml", "--exit-code").out == summary(0, 0, 0)

    place.gwctl("config", "dump", "all.yaml")
    place.gwctl("config", "dump", "all.json")
    place.gwctl("config", "dump", "people.yaml", "--no-ids")
    assert place.gwctl("config", "diff", "people.yaml", "--exit-code").out == summary(0, 0, 0)

    control_plane.stop()
    control_plane.gwctl("migrations", "reset", "--yes")
    control_plane.bootstrap()
    control_plane.start()
    assert place.gwctl("config", "sync", "all.yaml").out.endswith(summary(15, 0, 0))

    assert place.gwctl("config", "dump").out == (place.directory / "all.yaml").read_text()
    assert place.gwctl("config", "dump", "--format", "json").out == (place.directory / "all.json").read_text()


def test_changes_are_planned_guarded_and_applied_together(control_plane: ControlPlane, place: Place) -> None:
    _deletions_need_consent(control_plane, place)
    _a_team_owns_what_carries_its_tag(place)
    _mistakes_are_told_with_file_and_line(place)


def _deletions_need_consent(control_plane: ControlPlane, place: Place) -> None:
    consumers = [{"username": f"c{number}"} for number in range(10)]
    file = place.directory / "consumers.json"

    def state(count: int, **changes: str) -> None:
        wanted = [{**consumer, **changes} for consumer in consumers[:count]]
        file.write_text(json.dumps({"_format_version": "3.0", "consumers": wanted}))

    state(10)
    place.gwctl("config", "sync", file)

    state(8)
    silent = place.gwctl("config", "sync", file, ok=False)
    assert (silent.code, "--yes deletes without asking" in silent.err) == (1, True)
    assert place.gwctl("config", "sync", file, "--yes").out.endswith(summary(0, 0, 2))

    state(5, custom_id="the same for all")
    twice = place.gwctl("config", "sync", file, "--allow-deletes", "3", ok=False)
    assert twice.code == 1
    assert "uniqueness violation: 'consumers' entity with custom_id set to 'the same for all' already declared" in (
        twice.err
    )
    state(5)
    guarded = place.gwctl("config", "sync", file, "--yes", ok=False)
    assert (guarded.code, "add --allow-deletes 3" in guarded.err) == (1, True)
    assert len(control_plane.ask("GET", "/consumers").json()["data"]) == 8
    assert place.gwctl("config", "sync", file, "--allow-deletes", "3").out.endswith(summary(0, 0, 3))

    file.write_text('{"consumers": [{"username": "new"}], "_format_version": "3.0"}')
    assert place.gwctl("apply", "-f", file).out.endswith(summary(1, 0, 0))
    assert len(control_plane.ask("GET", "/consumers").json()["data"]) == 6


def _a_team_owns_what_carries_its_tag(place: Place) -> None:
    for team in ("a", "b"):
        text = yaml.safe_dump(
            {
                "_format_version": "3.0",
                "_info": {"select_tags": [f"team-{team}"]},
                "services": [{"name": f"{team}{number}", "host": "h"} for number in range(2)],
            }
        )
        (place.directory / f"{team}.yml").write_text(text)
        assert place.gwctl("config", "sync", f"{team}.yml").out.endswith(summary(2, 0, 0))

    emptied = place.directory / "a.yml"
    emptied.write_text('_format_version: "3.0"\n_info: {select_tags: [team-a]}\nservices: [{name: a0, host: h}]\n')
    assert place.gwctl("config", "sync", emptied, "--allow-deletes", "1").out.endswith(summary(0, 0, 1))

    left = place.gwctl("get", "services", "-o", "name").out.split()
    assert sorted(left) == ["services/a0", "services/b0", "services/b1"]
    dumped = yaml.safe_load(place.gwctl("config", "dump", "--select-tag", "team-b").out)
    assert sorted(service["name"] for service in dumped["services"]) == ["b0", "b1"]


def _mistakes_are_told_with_file_and_line(place: Place) -> None:
    (place.directory / "part").mkdir()
    (place.directory / "part" / "1.yml").write_text('_format_version: "3.0"\nservices:\n- name: a\n  host: h\n')
    (place.directory / "part" / "2.yml").write_text("services:\n- name: b\n  hots: h\n- name: a b\n  host: h\n")

    refused = place.gwctl("config", "sync", "part", ok=False)

    assert (refused.code, refused.out) == (1, "")
    lines = refused.err.splitlines()
    assert lines[0] == "Error: the control plane refuses the configuration"
    assert "  part/2.yml:3:3: services[0].hots: unknown field" in lines
    assert any(line.startswith("  part/2.yml:4:") and "invalid value 'a b'" in line for line in lines), refused
