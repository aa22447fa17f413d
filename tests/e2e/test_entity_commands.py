"""``gwctl get|create|update|delete`` of the installed program against a running control plane."""

from __future__ import annotations

import json

import yaml

from tests.tools.gateway import ControlPlane, Place
from tests.tools.walking import control_plane

__all__ = ["control_plane"]


def test_the_life_of_records(control_plane: ControlPlane, place: Place) -> None:
    created = json.loads(place.gwctl("create", "service", "name=a", "url=http://up:81/x", "tags=t1", "-o", "json").out)
    assert (created["host"], created["port"], created["tags"]) == ("up", 81, ["t1"])

    route = place.gwctl("create", "route", "--service", "a", "name=r", "paths=/a", "paths=/b", "-o", "yaml").out
    assert yaml.safe_load(route)["paths"] == ["/a", "/b"]
    assert yaml.safe_load(route)["service"] == {"id": created["id"]}

    place.gwctl("update", "routes", "r", "paths=", "hosts:=[\"a.test\"]", "strip_path:=false")
    changed = json.loads(place.gwctl("get", "route", "r", "-o", "json").out)
    assert (changed["paths"], changed["hosts"], changed["strip_path"]) == (None, ["a.test"], False)

    assert place.gwctl("get", "routes", "--service", "a", "-o", "name").out == "routes/r\n"
    assert place.gwctl("get", "services", "--select-tag", "other", "-o", "json").out == "[]\n"
    table = place.gwctl("get", "services").out.splitlines()
    assert table[0].split()[:2] == ["ID", "NAME"]
    assert table[1].split()[:2] == [created["id"], "a"]

    refused = place.gwctl("delete", "service", "a", ok=False)
    assert refused.code == 1
    assert "an existing 'routes' entity references this 'services' entity" in refused.err
    assert place.gwctl("delete", "routes/r").out == "routes/r deleted\n"
    assert place.gwctl("delete", "services", created["id"]).out == "services/a deleted\n"
    gone = place.gwctl("delete", "service", "a", ok=False)
    assert (gone.code, gone.err.splitlines()[0]) == (1, "Error: there is no 'a' among the services")
    assert place.gwctl("delete", "service", "a", "--if-exists").code == 0


def test_what_the_control_plane_refuses_names_every_field(control_plane: ControlPlane, place: Place) -> None:
    refused = place.gwctl("create", "service", "protocol=htp", "retries=many", "hostt=x", ok=False)
    assert refused.code == 2
    assert refused.err == "Error: services have no field 'hostt'\n  hint: did you mean 'host'?\n"

    refused = place.gwctl("create", "service", "protocol=ftp", "retries=many", ok=False)
    assert refused.code == 1
    lines = refused.err.splitlines()
    assert lines[0] == "Error: POST /services: schema violation"
    assert "  host: required field missing" in lines
    assert "  retries: expected an integer" in lines
    assert any(line.startswith("  protocol: expected one of: ") for line in lines)

    twice = place.gwctl("create", "consumer", "username=bob", ok=True)
    twice = place.gwctl("create", "consumer", "username=bob", ok=False)
    assert twice.code == 1
    assert twice.err.splitlines()[1:] == ["  username: bob"]
    assert "unique constraint violation" in twice.err


def test_lists_of_every_form_go_through_all_pages(control_plane: ControlPlane, place: Place) -> None:
    for number in range(3):
        control_plane.write("POST", "/consumers", data={"username": f"c{number}"})
    seen = []
    for form in ("json", "yaml", "jsonl"):
        out = place.gwctl("get", "consumers", "-o", form).out
        seen.append(
            [json.loads(line) for line in out.splitlines()]
            if form == "jsonl"
            else yaml.safe_load(out)
            if form == "yaml"
            else json.loads(out)
        )
    assert seen[0] == seen[1] == seen[2]
    assert {record["username"] for record in seen[0]} == {"c0", "c1", "c2"}
    assert sorted(place.gwctl("get", "consumer", "-o", "name").out.split()) == [f"consumers/c{n}" for n in range(3)]
