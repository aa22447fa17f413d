"""``POST /config`` and ``GET /config`` of a node without a database (admin-api.md 3.6; ids of its list 15-off)."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.tools.client import ask
from tests.tools.dbless import Dbless, dbless_in
from tests.tools.waiting import wait_for

HEAD = '_format_version: "3.0"\n'
SERVICE = HEAD + "services:\n- name: one\n  host: example.com\n  routes:\n  - name: r1\n    paths: [/one]\n"
PARSED = "failed parsing declarative configuration: "


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbless]:
    with dbless_in(tmp_path_factory.mktemp("config"), {"KONG_LMDB_MAP_SIZE": "10m"}) as made:
        yield made


@pytest.fixture(scope="module")
def certificate(node: Dbless) -> tuple[str, str]:
    """Some certificate and its key."""
    node.place.set_up("hybrid", "gen_cert")
    return tuple((node.place.directory / f"cluster.{end}").read_text() for end in ("crt", "key"))  # type: ignore[return-value]


def entries(answer: Any) -> list[dict[str, Any]]:
    flattened: list[dict[str, Any]] = answer.json()["flattened_errors"]
    return sorted(flattened, key=lambda entry: json.dumps(entry, sort_keys=True))


def as_multipart(text: str, **fields: str) -> dict[str, Any]:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    parts.append(f'--b\r\nContent-Disposition: form-data; name="config"; filename="k.yml"\r\n\r\n{text}\r\n--b--\r\n')
    return {"body": "".join(parts).encode(), "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"_format_version": "3.0", "services": [{"name": "one", "host": "example.com"}]}},
        {"body": SERVICE.encode(), "headers": {"Content-Type": "text/yaml"}},
        {"body": SERVICE.encode(), "headers": {"Content-Type": "application/yaml"}},
        {"data": {"config": SERVICE}},
        {"data": {"config": json.dumps({"_format_version": "3.0", "services": [{"name": "one", "host": "a.b"}]})}},
        {"form": {"config": SERVICE}},
        as_multipart(SERVICE),
        {
            "data": {
                "config": SERVICE + "- name: two\n  host: c.d\n  routes: [{name: free, paths: [/f], service: null}]\n"
            }
        },
        {
            "body": b'{"_format_version": "3.0", "services": [{"name": "one", "host": "a.b",},],}',
            "headers": {"Content-Type": "application/json"},
        },
        {"body": SERVICE.encode(), "headers": {}},
    ],
    ids=["json", "yaml", "app-yaml", "yaml-in-json", "json-in-json", "form", "multipart", "null", "commas", "untyped"],
)
def test_15_off_2_a_document_comes_in_every_encoding(node: Dbless, sent: dict[str, Any]) -> None:
    answer = node.admin("POST", "/config", **sent)

    assert answer.status == 201, answer.text
    assert "one" in [service["name"] for service in answer.json()["services"].values()]
    assert "one" in [service["name"] for service in node.admin("GET", "/services").json()["data"]]


def test_15_off_3_what_does_not_fit_is_refused_and_the_old_is_served(node: Dbless) -> None:
    node.loaded(SERVICE)
    before = node.hash
    many = [{"username": f"u{number}", "custom_id": f"custom-{number}", "tags": ["x" * 99]} for number in range(20_000)]

    answer = node.admin("POST", "/config", data={"_format_version": "3.0", "consumers": many}, timeout=60)

    assert answer.status == 413
    assert answer.json() == {
        "message": 'Configuration does not fit in LMDB database, consider raising the "lmdb_map_size" config for Kong'
    }
    assert node.hash == before
    assert node.get("/one") != 404
    assert node.admin("GET", "/consumers").json()["data"] == []


def test_15_off_4_the_answer_holds_the_records_without_workspaces(node: Dbless, certificate: tuple[str, str]) -> None:
    pem, key = certificate
    document = {
        "_format_version": "3.0",
        "services": [{"name": "one", "host": "a.b", "routes": [{"name": "r1", "paths": ["/one"]}]}],
        "certificates": [
            {"id": "d83994d2-c24c-4315-b431-ee76b6611dcb", "cert": pem, "key": key, "snis": [{"name": "n.e"}]}
        ],
        "snis": [{"name": "s.e", "certificate": "d83994d2-c24c-4315-b431-ee76b6611dcb"}],
    }

    records = node.admin("POST", "/config", data=document).json()

    assert "workspaces" not in records
    assert not any("ws_id" in record for kind in records.values() for record in kind.values())
    (service,), (route,) = records["services"].values(), records["routes"].values()
    assert route["service"] == {"id": service["id"]}
    assert {sni["name"]: sni["certificate"]["id"] for sni in records["snis"].values()} == dict.fromkeys(
        ("n.e", "s.e"), "d83994d2-c24c-4315-b431-ee76b6611dcb"
    )
    assert all(key == record["id"] for kind in records.values() for key, record in kind.items())


def test_15_off_5_the_same_may_be_sent_again(node: Dbless) -> None:
    text = HEAD + "upstreams:\n- name: u1\n  targets:\n  - target: 127.0.0.1:9000\n"
    first = node.loaded(text)

    assert node.loaded(text) == first
    assert node.hash == hashlib.md5(text.encode()).hexdigest()
    other = text + "# another text\n"
    assert node.post(other, "?check_hash=1").status == 201
    again = node.post(other, "?check_hash=1")
    assert (again.status, again.body) == (304, b"")
    as_field = node.admin("POST", "/config", data={"config": other, "check_hash": 1})
    assert as_field.status == 304
    assert node.admin("POST", "/config", data={"_format_version": "3.0", "check_hash": True}).status == 201


def test_15_off_6_a_document_must_be_an_object(node: Dbless) -> None:
    answer = node.admin("POST", "/config", data={"config": "bobby tables"})

    assert answer.status == 400
    assert answer.json() == {
        "code": 14,
        "name": "invalid declarative configuration",
        "fields": {"error": PARSED + "expected an object"},
        "message": f'declarative config is invalid: {{error="{PARSED}expected an object"}}',
    }


def test_15_off_7_errors_are_a_tree_and_a_text(node: Dbless) -> None:
    answer = node.admin("POST", "/config", data={"_format_version": "3.0", "services": [{"port": -12}]})

    assert answer.status == 400
    body = answer.json()
    assert body["fields"] == {
        "services": [{"host": "required field missing", "port": "value should be between 0 and 65535"}]
    }
    assert body["message"] == (
        'declarative config is invalid: {services={{host="required field missing",'
        'port="value should be between 0 and 65535"}}}'
    )


def test_15_off_8_nothing_may_be_declared_twice(node: Dbless) -> None:
    same = "0855b320-0dd2-547d-891d-601e9b38647f"
    by_id = [{"id": same, "name": "a", "host": "a.b"}, {"id": same, "name": "b", "host": "a.b"}]
    answer = node.admin("POST", "/config", data={"_format_version": "3.0", "services": by_id})
    text = f"uniqueness violation: 'services' entity with primary key set to '{same}' already declared"
    assert answer.json()["fields"] == {"services": [None, text]}
    assert f'services={{[2]="{text}"}}' in answer.json()["message"]

    by_name = [{"name": "a", "host": "a.b"}, {"name": "a", "host": "c.d"}]
    answer = node.admin("POST", "/config", data={"_format_version": "3.0", "services": by_name})
    text = "uniqueness violation: 'services' entity with name set to 'a' already declared"
    assert (answer.status, answer.json()["fields"]) == (400, {"services": [None, text]})

    people = [{"username": "foo", "custom_id": "conflict"}, {"username": "bar", "custom_id": "conflict"}]
    answer = node.admin("POST", "/config", data={"_format_version": "3.0", "consumers": people})
    text = "uniqueness violation: 'consumers' entity with custom_id set to 'conflict' already declared"
    assert (answer.status, answer.json()["fields"]) == (400, {"consumers": {"bar": text}})

    ten = [{"name": "key-auth"}] * 10
    assert node.admin("POST", "/config", data={"_format_version": "3.0", "plugins": ten}).status == 400


@pytest.mark.parametrize("sent", [{}, {"data": {}}, {"form": {"a": "b"}}, {"data": {"check_hash": 1}}])
def test_15_off_9_without_a_document_there_is_nothing_to_load(node: Dbless, sent: dict[str, Any]) -> None:
    answer = node.admin("POST", "/config", **sent)

    assert (answer.status, answer.json()) == (400, {"message": "expected a declarative configuration"})


def test_15_off_10_the_configuration_is_given_back_as_yaml(node: Dbless) -> None:
    node.loaded(HEAD + "consumers:\n- username: bob\n  created_at: 1566863706\n")

    text = node.admin("GET", "/config").json()["config"]

    assert not text.startswith("---")
    document = yaml.safe_load(text)
    assert (document["_format_version"], document["_transform"]) == ("3.0", False)
    (bob,) = document["consumers"]
    assert bob["username"] == "bob"
    assert bob["created_at"] == 1566863706
    assert [bob["custom_id"], bob["tags"]] == [None, None]
    assert not {"workspaces", "ws_id"} & {*document, *bob}
    as_json = json.loads(node.admin("GET", "/config?format=json").json()["config"])
    assert as_json == document
    assert node.admin("GET", "/config?format=xml").status == 400
    assert node.post(text).status == 201
    assert yaml.safe_load(node.admin("GET", "/config").json()["config"]) == document


def test_15_off_11_a_large_document_loads_and_targets_have_ports(node: Dbless) -> None:
    routes = [
        {
            "name": f"route-{number}",
            "paths": [f"/path-{number}"],
            "service": {"id": "0855b320-0dd2-547d-891d-601e9b38647f"},
        }
        for number in range(2500)
    ]
    document = {
        "_format_version": "3.0",
        "services": [{"id": "0855b320-0dd2-547d-891d-601e9b38647f", "name": "s", "host": "127.0.0.1", "port": 1}],
        "routes": routes,
        "upstreams": [{"name": "u1", "targets": [{"target": "127.0.0.1"}]}],
    }

    records = node.admin("POST", "/config", data=document, timeout=60).json()

    assert len(records["routes"]) == 2500
    assert node.get("/path-2499") == 502
    assert [each["target"] for each in node.admin("GET", "/upstreams/u1/targets").json()["data"]] == ["127.0.0.1:8000"]


def test_15_off_12_cache_keys_and_foreign_keys_are_unique(node: Dbless) -> None:
    document = {
        "_format_version": "3.0",
        "services": [{"name": "s", "host": "a.b", "plugins": [{"name": "key-auth"}, {"name": "key-auth"}]}],
    }

    answer = node.admin("POST", "/config", data=document)

    assert answer.status == 400
    assert "uniqueness violation: 'plugins' entity with primary key set to" in answer.text


MANY = {
    "_format_version": "3.0",
    "consumers": [
        {"username": "", "tags": ["fine", "good", 3, 4]},
        {"username": "good"},
        {"username": "bob", "basicauth_credentials": [{"username": "superduper", "password": 12}]},
    ],
    "plugins": [{"name": "nope"}, {"name": "http-log", "config": {"http_endpoint": "invalid::#//url"}}],
    "certificates": [{"cert": "oops", "key": "oops"}],
    "services": [
        {
            "id": "0855b320-0dd2-547d-891d-601e9b38647f",
            "name": "bad-service",
            "host": "localhost",
            "port": 1234,
            "protocol": "tcp",
            "path": "/path",
            "tags": ["t"],
            "routes": [
                {"name": "good-route", "protocols": ["tcp"], "destinations": [{"ip": "1.2.3.4"}]},
                {"name": "bad-route", "protocols": ["nope"], "hosts": ["h"]},
            ],
        },
        {"name": "good-service", "host": "a.b", "plugins": [{"name": "nope2"}]},
        {"id": 1234, "name": False, "host": "a.b", "tags": {"1": "invalid"}},
    ],
    "upstreams": [
        {
            "name": "bad-up",
            "hash_on": "ip",
            "healthchecks": {"active": {"concurrency": -1}},
            "targets": [{"target": "hostname:1.0"}, {"target": "good:8000"}],
        },
    ],
    "vaults": [
        {"name": "env", "prefix": "test", "config": {"prefix": "SSL_"}},
        {"name": "vault-not-installed", "prefix": "env"},
    ],
    "abnormal_extra_field": 123,
}


def flattened(node: Dbless) -> dict[str, Any]:
    answer = node.admin("POST", "/config?flatten_errors=1", data=MANY)
    assert answer.status == 400
    body: dict[str, Any] = answer.json()
    return body


def test_15_off_14_one_entry_per_bad_entity(node: Dbless) -> None:
    body = flattened(node)

    kinds = sorted(entry["entity_type"] for entry in body["flattened_errors"])
    assert kinds == [
        "basicauth_credential",
        "certificate",
        "consumer",
        "plugin",
        "plugin",
        "plugin",
        "route",
        "service",
        "service",
        "target",
        "upstream",
        "vault",
    ]
    assert body["fields"] == {"abnormal_extra_field": "unknown field"}
    text = json.dumps(body["flattened_errors"])
    assert not any(good in text for good in ("good-service", "good-route", "good:8000"))
    for entry in body["flattened_errors"]:
        assert not {"routes", "plugins", "targets", "basicauth_credentials", "snis"} & set(entry["entity"])


def test_15_off_15_what_each_entry_says(node: Dbless) -> None:
    said = {
        (entry["entity_type"], error.get("field"), error.get("message"))
        for entry in flattened(node)["flattened_errors"]
        for error in entry["errors"]
    }

    for expected in (
        ("consumer", "username", "length must be at least 1"),
        ("consumer", "tags.3", "expected a string"),
        ("consumer", "tags.4", "expected a string"),
        ("basicauth_credential", "password", "expected a string"),
        ("plugin", "name", "plugin 'nope' not enabled; add it to the 'plugins' configuration property"),
        ("plugin", "name", "plugin 'nope2' not enabled; add it to the 'plugins' configuration property"),
        ("plugin", "config.http_endpoint", "missing host in url"),
        ("service", "path", "value must be null"),
        ("service", None, "failed conditional validation given value of field 'protocol'"),
        ("service", "id", "expected a string"),
        ("service", "name", "expected a string"),
        ("route", "protocols", "unknown type: nope"),
        ("upstream", "healthchecks.active.concurrency", "value should be between 1 and 2147483648"),
        ("target", "target", "Invalid target ('hostname:1.0'); not a valid hostname or ip address"),
        ("vault", "name", "vault 'vault-not-installed' is not installed"),
    ):
        assert expected in said, sorted(each for each in said if each[0] == expected[0])
    for entry in flattened(node)["flattened_errors"]:
        if entry["entity"].get("id") == 1234:
            assert not {"entity_id", "entity_name", "entity_tags"} & set(entry)
            assert entry["entity"]["name"] is False


def test_15_off_16_ids_are_kept_and_children_name_their_parent(node: Dbless) -> None:
    entries = flattened(node)["flattened_errors"]

    (service,) = [entry for entry in entries if entry.get("entity_name") == "bad-service"]
    assert service["entity_id"] == "0855b320-0dd2-547d-891d-601e9b38647f"
    assert service["entity_tags"] == ["t"]
    (route,) = [entry for entry in entries if entry["entity_type"] == "route"]
    assert route["entity"]["service"] == {"id": "0855b320-0dd2-547d-891d-601e9b38647f"}


@pytest.mark.parametrize("word", ["off", "false", "0"])
def test_15_off_17_flattening_is_asked_for(node: Dbless, word: str) -> None:
    document = {"_format_version": "3.0", "services": [{"port": -12}], "abnormal_extra_field": 1}
    plain = node.admin("POST", f"/config?flatten_errors={word}", data=document).json()
    assert "flattened_errors" not in plain
    assert set(plain["fields"]) == {"services", "abnormal_extra_field"}

    for asked in ("on", "true", "1", "YES"):
        body = node.admin("POST", f"/config?flatten_errors={asked}", data=document).json()
        assert body["fields"] == {"abnormal_extra_field": "unknown field"}
        assert len(body["flattened_errors"]) == 1
    in_body = node.admin("POST", "/config", data={**document, "flatten_errors": True}).json()
    assert len(in_body["flattened_errors"]) == 1


def test_15_off_18_inconsistent_references_are_no_failure_of_ours(node: Dbless) -> None:
    document = {
        "_format_version": "3.0",
        "consumers": [{"username": "bob", "id": "a2d8c0a7-4c2e-5a0c-9a3b-2f1b6a4d7c11"}],
        "plugins": [
            {"name": "http-log", "consumer": "bob", "config": {"http_endpoint": "not-a-url"}},
            {"name": "http-log", "consumer": {"username": "bob"}, "config": {"http_endpoint": "http://a.b"}},
            {"name": "http-log", "consumer": {"id": "bob"}, "config": {"http_endpoint": "http://a.b"}},
            {"name": "key-auth", "consumer": 12},
        ],
    }

    for query in ("", "?flatten_errors=1"):
        assert node.admin("POST", f"/config{query}", data=document).status == 400


def test_15_off_19_what_is_declared_twice_is_one_entry(node: Dbless) -> None:
    second = "e4a3d9f0-7c1b-4f7e-8a0f-1e1f6b6f2b11"
    document = {
        "_format_version": "3.0",
        "consumers": [{"username": "bob", "tags": ["a"]}, {"username": "bob", "id": second, "tags": ["b"]}],
    }
    (entry,) = entries(node.admin("POST", "/config?flatten_errors=1", data=document))
    assert (entry["entity_type"], entry["entity_id"], entry["entity_tags"]) == ("consumer", second, ["b"])
    assert entry["entity"]["username"] == "bob"
    (error,) = entry["errors"]
    assert error == {
        "type": "entity",
        "message": "uniqueness violation: 'consumers' entity with username set to 'bob' already declared",
    }

    target = {"target": "10.10.10.10:8000"}
    document = {"_format_version": "3.0", "upstreams": [{"name": "u1", "targets": [target, {**target, "tags": ["2"]}]}]}
    (entry,) = entries(node.admin("POST", "/config?flatten_errors=1", data=document))
    assert (entry["entity_type"], entry["entity_tags"]) == ("target", ["2"])
    (error,) = entry["errors"]
    assert error["message"] == (
        f"uniqueness violation: 'targets' entity with primary key set to '{entry['entity_id']}' already declared"
    )


def test_a_second_document_at_the_same_time_is_told_to_come_back(node: Dbless) -> None:
    consumers = "".join(f"- username: user-{number}\n" for number in range(9000))
    slow = HEAD + "consumers:\n" + consumers
    done: list[int] = []

    def post() -> None:
        while (status := node.post(slow, timeout=100).status) == 429:
            pass
        done.append(status)

    thread = threading.Thread(target=post)
    thread.start()

    def refused() -> bool:
        answer = node.post(SERVICE)
        if answer.status == 429:
            assert answer.json() == {"message": "Currently loading previous configuration"}
            assert 1 <= int(answer.headers["retry-after"]) <= 60
        return answer.status == 429 or bool(done)

    wait_for(refused, "the second document is refused", deadline=30)
    thread.join(100)
    assert done == [201]
    assert node.admin("GET", "/consumers/user-1").status == 200


def test_a_body_beyond_every_limit_is_refused(node: Dbless) -> None:
    answer = ask(
        "POST",
        f"http://127.0.0.1:{node.admin_port}/config",
        body=b"#" * (257 << 20),
        headers={"Content-Type": "text/yaml"},
        timeout=60,
    )

    assert (answer.status, answer.json()) == (413, {"message": "Request body is larger than 256 MiB"})
    assert list((node.prefix / "loads").iterdir()) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"a: [", "failed parsing declarative configuration"),
        (b"\xff\xfe_format_version", "utf-8"),
        (b"_format_version: '3.0'\na: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n", "unknown field"),
        (b"[" * 50_000, "failed parsing declarative configuration"),
        (b'{"_format_version": "3.0", "services": [', "failed parsing declarative configuration"),
    ],
    ids=["yaml", "utf-8", "anchors", "deep", "cut"],
)
def test_what_is_malformed_is_a_400(node: Dbless, body: bytes, text: str) -> None:
    for content_type in ("text/yaml", "application/json"):
        answer = node.admin("POST", "/config", body=body, headers={"Content-Type": content_type}, timeout=30)
        assert answer.status == 400, answer.text
        assert text in answer.text.lower()
    assert node.admin("GET", "/status").status == 200


def test_megabytes_of_errors_are_one_answer(node: Dbless) -> None:
    """They pass from process to process as a file, and the loader lives on."""
    loaders = [process.pid for process in node.of_kind("loader")]
    document = {"_format_version": "3.0", **{f"{number:x>100}": 1 for number in range(12_000)}}
    answer = node.admin("POST", "/config", data=document, timeout=60)
    assert answer.status == 400
    assert len(answer.json()["fields"]) == 12_000
    assert [process.pid for process in node.of_kind("loader")] == loaders
