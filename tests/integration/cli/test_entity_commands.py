"""``gwctl get|create|update|delete`` for any entity: words, values, outputs, refusals."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.cli.remote import client_catalog
from gwctl.client.kinds import Kinds
from tests.integration.admin.conftest import Admin
from tests.integration.cli.conftest import Gwctl


def made(gwctl: Gwctl, *words: object) -> Any:
    code, out, err = gwctl("create", *words, "-o", "json")
    assert code == 0, err
    return json.loads(out)


def test_the_life_of_records(gwctl: Gwctl) -> None:
    service = made(gwctl, "service", "name=a", "url=http://up:81/x", "tags=t1")
    assert (service["host"], service["port"], service["tags"]) == ("up", 81, ["t1"])

    code, out, _ = gwctl("create", "route", "--service", "a", "name=r", "paths=/a", "paths=/b", "-o", "yaml")
    route = yaml.safe_load(out)
    assert (code, route["paths"], route["service"]) == (0, ["/a", "/b"], {"id": service["id"]})

    assert gwctl("update", "routes", "r", "paths=", 'hosts:=["a.test"]', "strip_path:=false")[0] == 0
    changed = json.loads(gwctl("get", "route", "r", "-o", "json")[1])
    assert (changed["paths"], changed["hosts"], changed["strip_path"]) == (None, ["a.test"], False)

    code, _, err = gwctl("delete", "service", "a")
    assert code == 1
    assert "an existing 'routes' entity references this 'services' entity" in err
    assert gwctl("delete", "routes/r")[:2] == (0, "routes/r deleted\n")
    assert gwctl("delete", "services", service["id"])[:2] == (0, "services/a deleted\n")
    code, _, err = gwctl("delete", "service", "a")
    assert (code, err.splitlines()[0]) == (1, "Error: there is no 'a' among the services")
    assert gwctl("delete", "service", "a", "--if-exists")[0] == 0


def test_lists_of_a_parent_by_tags_and_in_every_form(gwctl: Gwctl, admin: Admin) -> None:
    admin.made("/services", {"name": "a", "host": "h"})
    for number in range(3):
        admin.made("/services/a/routes", {"name": f"r{number}", "paths": ["/"], "tags": [f"t{number}", "all"]})
    admin.made("/routes", {"name": "other", "paths": ["/"]})

    names = gwctl("get", "routes", "--service", "a", "-o", "name")[1].split()
    assert sorted(names) == ["routes/r0", "routes/r1", "routes/r2"]
    assert gwctl("get", "routes", "--select-tag", "all", "--select-tag", "t1", "-o", "name")[1] == "routes/r1\n"
    assert gwctl("get", "routes", "--parent", "service=a", "--select-tag", "t2", "-o", "name")[1] == "routes/r2\n"
    as_json = json.loads(gwctl("get", "routes", "-o", "json")[1])
    assert len(as_json) == 4
    assert yaml.safe_load(gwctl("get", "routes", "-o", "yaml")[1]) == as_json
    assert [json.loads(line) for line in gwctl("get", "routes", "-o", "jsonl")[1].splitlines()] == as_json
    table = gwctl("get", "routes")[1].splitlines()
    assert table[0].split()[:2] == ["ID", "NAME"]
    assert len(table) == 5
    assert gwctl("get", "consumers", "-o", "json")[1] == "[]\n"
    assert gwctl("get", "consumers", "-o", "yaml")[1] == "[]\n"
    assert gwctl("get", "consumers")[1] == "no consumers\n"


def test_every_page_of_a_long_list_is_read(gwctl: Gwctl, admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        admin.made("/consumers", {"username": f"c{number}"})
    monkeypatch.setattr("gwctl.client.admin_client.PAGE", 2)
    assert len(gwctl("get", "consumers", "-o", "name")[1].split()) == 5


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("key-auth", "--consumer", "bob", "key=k"), {"key": "k"}),
        (("keyauth_credentials", "consumer=bob", "key=k", "ttl:=60"), {"key": "k"}),
        (("basic-auth", "--consumer=bob", "username=u", "password=p"), {"username": "u"}),
        (("acl", "--parent", "consumer=bob", "group=g"), {"group": "g"}),
        (("jwt", "--consumer", "bob", "algorithm=HS512"), {"algorithm": "HS512"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_credentials_of_a_consumer(gwctl: Gwctl, admin: Admin, words: tuple[str, ...], shown: dict[str, Any]) -> None:
    bob = admin.made("/consumers", {"username": "bob"})
    record = made(gwctl, *words)
    assert {name: record[name] for name in shown} == shown
    assert record["consumer"] == {"id": bob["id"]}
    assert json.loads(gwctl("get", words[0], "--consumer", "bob", "-o", "json")[1])[0]["id"] == record["id"]
    assert gwctl("delete", words[0], record["id"])[0] == 0


def test_a_secret_is_no_name(gwctl: Gwctl, admin: Admin) -> None:
    admin.made("/consumers", {"username": "bob"})
    key = made(gwctl, "key-auth", "--consumer", "bob", "key=very-secret")
    told = gwctl("get", "key-auths")[1] + gwctl("get", "key-auths", "-o", "name")[1]
    told += gwctl("delete", "key-auth", "very-secret")[1]
    assert "very-secret" not in told
    assert f"key-auths/{key['id']} deleted" in told


def test_targets_below_their_upstream(gwctl: Gwctl, admin: Admin) -> None:
    admin.made("/upstreams", {"name": "up"})
    assert made(gwctl, "target", "--upstream", "up", "target=10.0.0.1", "weight=5")["target"] == "10.0.0.1:8000"
    assert gwctl("get", "targets", "--upstream", "up", "-o", "name")[1] == "targets/10.0.0.1:8000\n"
    assert gwctl("update", "target", "10.0.0.1:8000", "--upstream", "up", "weight=7")[0] == 0
    assert gwctl("delete", "target", "10.0.0.1:8000", "--upstream", "up")[0] == 0
    code, _, err = gwctl("get", "targets")
    assert (code, "--upstream" in err) == (2, True)


def test_plugins_of_several_parents_and_their_typed_config(gwctl: Gwctl, admin: Admin) -> None:
    service = admin.made("/services", {"name": "a", "host": "h"})
    bob = admin.made("/consumers", {"username": "bob"})
    plugin = made(
        gwctl,
        "plugin",
        "--service",
        "a",
        "--consumer",
        "bob",
        "name=rate-limiting",
        "config.minute=5",
        "config.hide_client_headers=true",
        "instance_name=limits",
    )
    assert (plugin["service"], plugin["consumer"]) == ({"id": service["id"]}, {"id": bob["id"]})
    assert (plugin["config"]["minute"], plugin["config"]["hide_client_headers"]) == (5, True)
    assert gwctl("update", "plugin", "limits", "config.hour=9")[0] == 0
    assert gwctl("update", "plugin", "limits", "config.second=1", "enabled:=false")[0] == 0
    changed = json.loads(gwctl("get", "plugin", "limits", "-o", "json")[1])
    config = changed["config"]
    assert (config["second"], config["minute"], config["hour"], changed["enabled"]) == (1, 5, 9, False)


def test_fields_from_files(gwctl: Gwctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "service.yml"
    file.write_text("host: up\nretries: 2\ntags: [a]\n")
    (tmp_path / "name.txt").write_text("from-file")
    service = made(gwctl, "service", "-f", file, f"name=@{tmp_path / 'name.txt'}", "retries=3")
    assert (service["name"], service["host"], service["retries"], service["tags"]) == ("from-file", "up", 3, ["a"])

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"host": "other"}')))
    assert gwctl("update", "service", "from-file", "-f", "-")[0] == 0
    assert json.loads(gwctl("get", "service", "from-file", "-o", "json")[1])["host"] == "other"

    file.write_text("host: [\n")
    code, _, err = gwctl("create", "service", "-f", file)
    assert code == 1
    assert err.startswith(f"Error: {file}:2:1: ")


def test_what_the_control_plane_refuses_names_every_field(gwctl: Gwctl, admin: Admin) -> None:
    code, _, err = gwctl("create", "service", "protocol=ftp", "retries=many")
    lines = err.splitlines()
    assert (code, lines[0]) == (1, "Error: POST /services: schema violation")
    assert "  host: required field missing" in lines
    assert "  retries: expected an integer" in lines
    assert any(line.startswith("  protocol: expected one of: ") for line in lines)

    admin.made("/consumers", {"username": "bob"})
    code, _, err = gwctl("create", "consumer", "username=bob")
    assert (code, err) == (1, "Error: POST /consumers: UNIQUE violation detected on '{username=\"bob\"}'\n")

    code, _, err = gwctl("create", "plugin", "name=rate-limiting", "config.minut=5", "config.policy=local")
    assert code == 1
    assert "  config.minut: unknown field" in err.splitlines()
    assert "did you mean 'config.minute'?" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("get",), "which entity?"),
        (("get", "servics"), "did you mean 'services'?"),
        (("get", "service", "a", "b"), "one key is enough: a b"),
        (("delete", "service"), "which one of the services?"),
        (("update", "service", "a"), "nothing to change"),
        (("create", "service", "hostt=x"), "did you mean 'host'?"),
        (("create", "service", "host"), "'host' is no value of a field"),
        (("create", "service", "port:={"), "the value of 'port' is no JSON"),
        (("create", "route", "--consumer", "x", "paths=/"), "no such option: --consumer"),
        (("get", "routes", "--servic", "x"), "did you mean '--service'?"),
        (("get", "routes", "--service"), "option '--service' needs"),
        (("get", "routes", "--outpt", "json"), "did you mean '--output'?"),
        (("get", "routes", "--parent", "service"), "write --parent consumer=bob"),
        (("get", "plugins", "--service", "a", "--route", "b"), "name one parent only"),
    ],
    ids=" ".join,
)
def test_mistakes_in_the_words_are_told_with_exit_2(gwctl: Gwctl, words: tuple[str, ...], told: str) -> None:
    code, out, err = gwctl(*words)
    assert (code, out) == (2, "")
    assert told in err


def test_every_entity_of_the_admin_api_has_its_words(admin: Admin, gwctl: Gwctl) -> None:
    kinds = Kinds(client_catalog())
    for schema in kinds:
        for word in (schema.name, schema.path, schema.path.replace("-", "_"), schema.nested_path):
            assert kinds.find(word) is schema, word
        if schema.top_level:
            assert gwctl("get", schema.path, "-o", "jsonl")[:2] == (0, ""), schema.path
