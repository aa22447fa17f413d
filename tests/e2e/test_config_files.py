"""``gwctl config`` on files, as scripts call it (admin-api.md 3.7 and 5: 02-cmd/11-config; hybrid.md 12.4: C39)."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.client import ask
from tests.tools.gateway import Place
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

MORE = "\n\n  Run with --v (verbose) or --vv (debug) for more details\n"
DOCUMENT = """
_format_version: "1.1"
_comment: a note
_ignore: [&limit {minute: 5, policy: local}]
services:
- name: orders
  url: http://orders.test/api
  _comment: another
  _ignore: [1]
  routes:
  - name: by-number
    paths: ["/orders/[0-9]+"]
    plugins:
    - {name: rate-limiting, config: *limit}
  - paths: [/unnamed]
- name: closed
  host: closed.test
  enabled: false
plugins:
- {name: correlation-id, service: orders}
upstreams:
- name: u
  targets: [{target: "10.0.0.1:80"}]
consumers:
- username: bob
  keyauth_credentials: [{key: hush}]
  basicauth_credentials: [{username: bob, password: secret, consumer: bob}]
  acls: [{group: admins}]
"""
BROKEN = """\
_format_version: "3.0"
services:
- name: a b
  routes:
  - paths: [/ok, bad]
"""
TREE = """\
  in 'services':
    - in entry 1 of 'services':
      in 'name': invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, _, and ~
      in 'host': required field missing
      in 'routes':
        - in entry 1 of 'routes':
          in 'paths':
            - in entry 2 of 'paths': should start with: / (fixed path) or ~/ (regex path)

f.yml:3:3: services[0].host: required field missing
f.yml:3:3: services[0].name: invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, _, and ~
f.yml:5:18: services[0].routes[0].paths[1]: should start with: / (fixed path) or ~/ (regex path)"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def node(request: pytest.FixtureRequest, place: Place) -> Traditional:
    """A node that was never started, with a bootstrapped database."""
    made = Traditional(place)
    if request.param == "postgres":
        made.environ |= request.getfixturevalue("database").environ()
    made.prepare()
    return made


def write(place: Place, name: str, text: str) -> Path:
    path = place.directory / name
    path.write_text(text)
    return path


def exported(node: Traditional, name: str) -> dict[str, Any]:
    node.gwctl("config", "db_export", name)
    return dict(yaml.safe_load((node.place.directory / name).read_text()))


def test_c39_import_and_export(node: Traditional) -> None:
    write(node.place, "f.yml", DOCUMENT)

    first = node.gwctl("config", "db_import", "f.yml")
    document = exported(node, "a.yml")

    assert first.out == "parse successful, beginning import\nimport successful\n"
    assert first.err == ""
    kinds = ["services", "upstreams", "consumers", "routes", "targets", "plugins", "acls"]
    kinds += ["keyauth_credentials", "basicauth_credentials", "parameters"]
    assert set(document) == {"_format_version", "_transform", *kinds}
    assert document["_format_version"] == "3.0"
    assert document["_transform"] is False
    assert [parameter["key"] for parameter in document["parameters"]] == ["cluster_id"]
    services = {service["name"]: service for service in document["services"]}
    assert services["closed"]["enabled"] is False
    assert sorted(route["paths"] for route in document["routes"]) == [["/unnamed"], ["~/orders/[0-9]+"]]
    assert {route["service"] for route in document["routes"]} == {services["orders"]["id"]}
    assert document["keyauth_credentials"][0]["key"] == "hush"
    assert len(document["basicauth_credentials"][0]["password"]) == 40
    assert "ws_id" not in document["services"][0]
    assert stat.S_IMODE((node.place.directory / "a.yml").stat().st_mode) == 0o600


def test_c39_import_twice_and_import_of_an_export_change_nothing(node: Traditional) -> None:
    """Also for a route without a name, of which the reference makes another one each time."""
    write(node.place, "f.yml", DOCUMENT)
    node.gwctl("config", "db_import", "f.yml")
    before = exported(node, "a.yml")

    node.gwctl("config", "db-import", "f.yml")
    node.gwctl("config", "db_import", "a.yml")

    assert exported(node, "b.yml") == before
    again = node.gwctl("config", "db_export", "b.yml", ok=False)
    assert again.code == 1
    assert again.err == f"Error: b.yml already exists. Will not overwrite it.{MORE}"


def test_c39_what_is_wrong_is_told_and_nothing_is_stored(node: Traditional) -> None:
    write(node.place, "f.yml", BROKEN)
    write(
        node.place, "taken.yml", '_format_version: "3.0"\nservices: [{name: fine, host: a}]\nparameters: [{key: p}]\n'
    )

    broken = node.gwctl("config", "db_import", "f.yml", ok=False)
    second = node.gwctl("config", "db_import", "taken.yml", ok=False)

    assert broken.code == second.code == 1
    assert broken.out == second.out == ""
    assert broken.err == f"Error: Failed parsing:\n{TREE}{MORE}"
    assert "services" not in exported(node, "a.yml")


def test_c39_a_running_node_serves_an_import_at_once(node: Traditional, upstream: Upstream) -> None:
    node.gwctl("start")
    service = {"name": "one", "url": upstream.url, "routes": [{"name": "one", "paths": ["/one"]}]}
    write(node.place, "f.json", json.dumps({"_format_version": "3.0", "services": [service]}))

    node.gwctl("config", "db_import", "f.json")

    node.serves()
    assert ask("GET", f"http://127.0.0.1:{node.admin_port}/services/one").status == 200
    node.gwctl("stop")


def test_c39_parse(place: Place) -> None:
    write(place, "good.yml", DOCUMENT)
    write(place, "f.yml", BROKEN)

    good = place.gwctl("config", "parse", "good.yml")
    broken = place.gwctl("config", "parse", "f.yml", ok=False)
    nothing = place.gwctl("config", "parse", ok=False)
    missing = place.gwctl("config", "parse", "none.yml", ok=False)
    toml = write(place, "f.toml", "x")
    other = place.gwctl("config", "parse", "f.toml", ok=False)

    assert (good.out, good.err) == ("parse successful\n", "")
    assert (broken.code, broken.out, broken.err) == (1, "", f"Error: Failed parsing:\n{TREE}{MORE}")
    assert nothing.err == f"Error: expected a declarative configuration file; see `kong config --help`{MORE}"
    assert missing.err == f"Error: cannot read none.yml: No such file or directory{MORE}"
    assert f"unknown file type: {toml.name}. (Accepted types: json, yaml)" in other.err
    assert nothing.code == missing.code == other.code == 1


def test_c39_init(place: Place) -> None:
    place.gwctl("config", "init")
    place.gwctl("config", "init", "other.yaml")
    again = place.gwctl("config", "init", ok=False)

    assert (again.code, again.err) == (1, f"Error: ./kong.yml already exists.\nWill not overwrite it.{MORE}")
    for name in ("kong.yml", "other.yaml"):
        assert place.gwctl("config", "parse", name).out == "parse successful\n"


def test_without_a_database_there_is_nothing_to_import_into(place: Place) -> None:
    write(place, "f.yml", DOCUMENT)
    environ = {"KONG_DATABASE": "off"}

    imported = place.gwctl("config", "db_import", "f.yml", env=environ, ok=False)
    exported = place.gwctl("config", "db_export", env=environ, ok=False)

    assert imported.err == (
        "Error: 'kong config db_import' only works with a database.\nWhen using database=off, reload your declarative "
        f"configuration\nusing the /config endpoint.{MORE}"
    )
    assert exported.err == f"Error: 'kong config db_export' only works with a database.{MORE}"
    assert imported.code == exported.code == 1


def test_validate_judges_deck_files_with_the_environment(place: Place) -> None:
    write(
        place,
        "a.yaml",
        '_format_version: "3.0"\n_info: {select_tags: [t]}\nservices: [{name: "${{ env "DECK_N" }}", host: a}]\n',
    )
    write(place, "b.yaml", '_format_version: "3.0"\nroutes:\n- {name: r, paths: [x], service: a, name: r}\n')

    good = place.gwctl("config", "validate", "a.yaml", env={"DECK_N": "a"})
    bad = place.gwctl("config", "validate", ".", env={"DECK_N": "a"}, ok=False)
    unset = place.gwctl("config", "validate", "a.yaml", ok=False)

    assert good.out == "valid: 1 records\n"
    assert bad.code == unset.code == 1
    assert "b.yaml:3:37: 'name' stands twice in one object; the last one holds" in bad.err
    assert "b.yaml:3:21: routes[0].paths[0]: should start with: / (fixed path) or ~/ (regex path)" in bad.err
    assert "a.yaml:3:19: environment variable 'DECK_N' is not set" in unset.err


def test_validate_online_asks_the_node(place: Place) -> None:
    node = Traditional(place)
    node.started()
    admin = f"http://127.0.0.1:{node.admin_port}"
    assert ask("POST", f"{admin}/services", form={"name": "there", "url": "http://a.test"}).status == 201
    wait_for(lambda: ask("GET", f"{admin}/services/there").status == 200, "the service is stored")
    write(node.place, "f.yml", '_format_version: "3.0"\nplugins: [{name: cors, service: there}]\n')

    offline = node.gwctl("config", "validate", "f.yml", ok=False)
    online = node.gwctl("config", "validate", "--online", "--admin-url", admin, "f.yml")

    assert (
        "f.yml:2:24: plugins[0].service: invalid reference 'service: there' (no such entry in 'services')"
        in offline.err
    )
    assert online.out == "valid: 1 records\n"
    node.gwctl("stop")


def test_schema_and_convert_are_data_on_stdout(place: Place) -> None:
    write(place, "old.json", '{"_format_version": "2.1", "routes": [{"name": "r", "paths": ["/a.*"]}]}')

    schema = json.loads(place.gwctl("config", "schema").out)
    made = place.gwctl("config", "convert", "old.json", "--output-file", "new.yml")
    again = place.gwctl("config", "convert", "old.json", "--output-file", "new.yml", ok=False)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made.out == ""
    assert made.err == "[info] format 2.1 became 3.0\n[info] route r: path /a.* became ~/a.*\n"
    assert yaml.safe_load((place.directory / "new.yml").read_text())["routes"][0]["paths"] == ["~/a.*"]
    assert again.code == 1
    assert place.gwctl("config", "parse", "new.yml").out == "parse successful\n"
