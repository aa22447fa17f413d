"""The reference's own claims about declarative files (admin-api.md 5, 11-declarative_config)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.declarative.conftest import NOW, Loads, Refuses

SERVICE = {"name": "foo", "host": "example.test"}
ALL_OR_NONE = "all or none of these fields must be set: 'password', 'consumer.id'"


# 11-declarative_config#1


@pytest.mark.parametrize(
    ("heading", "errors"),
    [
        ({"_format_version": 1.1}, {"_format_version": "expected a string"}),
        ({"_format_version": "foobar"}, {"_format_version": "expected one of: 1.1, 2.1, 3.0"}),
        ({}, {"_format_version": "required field missing"}),
        ({"_format_version": "3.0", "_comment": 1234}, {"_comment": "expected a string"}),
        ({"_format_version": "3.0", "_ignore": "foobar"}, {"_ignore": "expected an array"}),
        ({"_format_version": "3.0", "_transform": "yes"}, {"_transform": "expected a boolean"}),
        ({"_format_version": "3.0", "x": 1, "tags": []}, {"x": "unknown field", "tags": "unknown field"}),
        (
            {"_format_version": "3.0", "_info": {}, "_konnect": {}},
            {"_info": "unknown field", "_konnect": "unknown field"},
        ),
        ({"_format_version": "3.0", "_workspace": "default"}, {"_workspace": "unknown field"}),
        ({"_format_version": "3.0", "_plugin_configs": {}}, {"_plugin_configs": "unknown field"}),
    ],
)
def test_1_the_heading_of_a_document(catalog: Any, heading: dict[str, Any], errors: dict[str, Any]) -> None:
    from gwctl.declarative import DeclarativeError, load_values

    with pytest.raises(DeclarativeError) as caught:
        load_values(heading, catalog=catalog, now=NOW)

    assert caught.value.fields == errors


def test_1_notes_are_allowed_everywhere_and_judged(loads: Loads, refuses: Refuses) -> None:
    route = {"paths": ["/"], "_comment": "a route", "_ignore": [1, {"x": 2}]}
    noted = {**SERVICE, "_comment": "a service", "_ignore": [{"anything": True}], "routes": [route]}

    declared = loads(services=[noted], _comment="file", _ignore=["x"])
    error = refuses(services=[{**SERVICE, "_comment": 5, "routes": [{"paths": ["/"], "_ignore": "x"}]}])

    assert "_comment" not in next(iter(declared.records["services"].values()))
    assert error.fields == {
        "services": [{"_comment": "expected a string", "routes": [{"_ignore": "expected an array"}]}]
    }


# 11-declarative_config#2


def test_2_empty_lists_may_be_null_at_any_level(loads: Loads) -> None:
    declared = loads(
        services=[{**SERVICE, "routes": None, "plugins": []}],
        routes=None,
        consumers=[{"username": "bob", "acls": None}],
        upstreams={},
    )

    assert set(declared.records) == {"services", "consumers"}


def test_2_faults_stand_at_their_nested_place(refuses: Refuses) -> None:
    error = refuses(
        services=[
            SERVICE,
            {
                "name": "bar",
                "host": "a",
                "port": -12,
                "routes": [
                    {"paths": ["/"], "methods": ["GET", "get"], "plugins": [{"name": "key-auth", "config": {"x": 1}}]},
                    {"name": "x y"},
                ],
            },
            "text",
        ],
        consumers=[{"username": "bob", "acls": [{}], "keyauth_credentials": "k"}],
        vaults=[{"prefix": "_env", "name": "env"}, {"prefix": "-env", "name": "env"}],
        certificates=[{"snis": ["a.test"]}],
    )

    assert error.fields == {
        "services": [
            None,
            {
                "port": "value should be between 0 and 65535",
                "routes": [
                    {
                        "methods": [None, "invalid value: get"],
                        "plugins": [{"config": {"x": "unknown field"}}],
                    },
                    {
                        "name": "invalid value 'x y': the only accepted ascii characters are alphanumerics or "
                        "., -, _, and ~",
                        "@entity": [
                            "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"
                        ],
                    },
                ],
            },
            "expected a record",
        ],
        "consumers": [
            {"acls": [{"group": "required field missing"}], "keyauth_credentials": "expected an array"},
        ],
        "vaults": [{"prefix": "invalid value: _env"}, {"prefix": "invalid value: -env"}],
        "certificates": [
            {"cert": "required field missing", "key": "required field missing", "snis": ["expected a record"]}
        ],
    }


def test_2_the_url_shorthand_and_names_as_references(loads: Loads) -> None:
    declared = loads(
        services=[{"name": "foo", "url": "https://example.test:8443/x"}],
        routes=[{"name": "r", "paths": ["/"], "service": "foo"}],
    )

    service = next(iter(declared.records["services"].values()))
    route = next(iter(declared.records["routes"].values()))
    assert (service["protocol"], service["host"], service["port"], service["path"]) == (
        "https",
        "example.test",
        8443,
        "/x",
    )
    assert route["service"] == {"id": service["id"]}


def test_2_a_foreign_key_in_a_nested_child_must_be_null(refuses: Refuses) -> None:
    child = {"paths": ["/"], "service": "another"}

    error = refuses(services=[{**SERVICE, "routes": [child]}, {"name": "another", "host": "b"}])

    assert error.fields == {"services": [{"routes": [{"service": "value must be null"}]}]}


def test_2_entities_of_plugins_nest_two_levels_deep(loads: Loads) -> None:
    token = {"access_token": "t", "expires_in": 0}
    credential = {"name": "app", "client_id": "i", "oauth2_tokens": [token]}

    declared = loads(consumers=[{"username": "bob", "oauth2_credentials": [credential]}])

    credential_id = next(iter(declared.records["oauth2_credentials"]))
    assert next(iter(declared.records["oauth2_tokens"].values()))["credential"] == {"id": credential_id}


def test_2_a_list_of_children_where_none_belong_is_an_unknown_field(refuses: Refuses) -> None:
    """The reference breaks with a Lua error (corpus.md)."""
    error = refuses(plugins=[{"name": "cors", "routes": [{"paths": ["/"]}]}])

    assert error.fields == {"plugins": [{"routes": "unknown field"}]}


# 11-declarative_config#3


def test_3_every_missing_reference_is_named(refuses: Refuses) -> None:
    shown = '{"id":"44444444-0000-4000-8000-000000000001"}'
    plugin = {"name": "cors", "id": "33333333-0000-4000-8000-000000000001"}
    error = refuses(
        plugins=[
            {**plugin, "service": "svc", "consumer": "my-consumer"},
            {"name": "cors", "instance_name": "inst", "route": {"id": "44444444-0000-4000-8000-000000000001"}},
            {"name": "cors", "service": "nope"},
        ]
    )

    assert error.fields == {
        "plugins": {
            plugin["id"]: [
                "invalid reference 'service: svc' (no such entry in 'services')",
                "invalid reference 'consumer: my-consumer' (no such entry in 'consumers')",
            ],
            "inst": [
                f"invalid reference 'route: {shown}' (no such entry in 'routes')",
            ],
            "3": ["invalid reference 'service: nope' (no such entry in 'services')"],
        }
    }
    assert [place.path for place in error.places] == [
        "plugins[0].service",
        "plugins[0].consumer",
        "plugins[1].route",
        "plugins[2].service",
    ]


def test_3_next_to_another_fault_it_lacks_its_primary_key(refuses: Refuses) -> None:
    error = refuses(plugins=[{"name": "cors", "service": "svc"}], services=[{"name": "x"}])

    assert error.fields == {
        "plugins": [{"service": {"id": "missing primary key"}}],
        "services": [{"host": "required field missing"}],
    }


def test_3_next_to_a_fault_of_the_heading_too(refuses: Refuses) -> None:
    error = refuses(plugins=[{"name": "cors", "service": "svc"}], nonsense=1)

    assert error.fields == {"plugins": [{"service": {"id": "missing primary key"}}], "nonsense": "unknown field"}


def test_3_a_password_without_its_consumer(refuses: Refuses) -> None:
    credential = {"username": "u", "password": "p", "consumer": "nobody"}

    top_level = refuses(basicauth_credentials=[credential])
    nested = refuses(consumers=[{"username": "bob", "basicauth_credentials": [credential]}])

    assert top_level.fields == {
        "basicauth_credentials": [{"@entity": [ALL_OR_NONE], "consumer": {"id": "missing primary key"}}]
    }
    assert nested.fields == {
        "consumers": [{"basicauth_credentials": [{"@entity": [ALL_OR_NONE], "consumer": "value must be null"}]}]
    }


# 11-declarative_config#4


@pytest.mark.parametrize("spelling", ["by id", "by name", "by object"])
def test_4_a_child_may_repeat_its_parent(loads: Loads, spelling: str) -> None:
    key = "22222222-0000-4000-8000-000000000001"
    parent = {"by id": key, "by name": "bob", "by object": {"id": key}}[spelling]
    credential = {"username": "u", "password": "p", "consumer": parent}

    declared = loads(consumers=[{"id": key, "username": "bob", "basicauth_credentials": [credential]}])

    record = next(iter(declared.records["basicauth_credentials"].values()))
    assert record["consumer"] == {"id": key}
    assert len(record["password"]) == 40, "hashed with the id of the consumer"


# 11-declarative_config#5


def test_5_one_target_below_two_upstreams(loads: Loads) -> None:
    target = {"target": "10.0.0.1:80"}

    declared = loads(upstreams=[{"name": "a", "targets": [target]}, {"name": "b", "targets": [target]}])

    assert len(declared.records["targets"]) == 2


def test_5_a_jwt_key_is_unique_among_all_consumers(refuses: Refuses) -> None:
    secret = {"key": "k", "secret": "s"}

    error = refuses(consumers=[{"username": "a", "jwt_secrets": [secret]}, {"username": "b", "jwt_secrets": [secret]}])

    text = "uniqueness violation: 'jwt_secrets' entity with key set to 'k' already declared"
    assert error.fields == {"consumers": [None, {"jwt_secrets": [text]}]}


def test_5_anchors_make_plugins_of_their_own(loads: Loads) -> None:
    declared = loads(
        """
_format_version: "3.0"
_ignore:
- &limit
  name: rate-limiting
  config: {minute: 5, policy: local}
services:
- name: a
  host: a
  plugins: [*limit]
- name: b
  host: b
  plugins:
  - <<: *limit
    enabled: false
"""
    )

    plugins = list(declared.records["plugins"].values())
    services = list(declared.records["services"])
    assert [plugin["service"]["id"] for plugin in plugins] == services
    assert [plugin["enabled"] for plugin in plugins] == [True, False]
    assert plugins[0]["config"] == plugins[1]["config"]
    assert plugins[0]["config"] is not plugins[1]["config"]


# 11-declarative_config#6


@pytest.mark.parametrize("version", ["1.1", "2.1"])
def test_6_older_formats_get_their_regular_expressions_marked(loads: Loads, version: str) -> None:
    paths = ["/regex.+(", "/plain/path-1_2.3~%2F", "/regex.+", "~/x$", "/a b"]

    declared = loads(version=version, services=[{**SERVICE, "routes": [{"name": "r", "paths": paths[1:]}]}])

    assert declared.format_version == version
    assert next(iter(declared.records["routes"].values()))["paths"] == [paths[1], "~/regex.+", "~/x$", "~/a b"]


def test_6_the_present_format_stays_as_it_is(loads: Loads) -> None:
    declared = loads(routes=[{"name": "r", "paths": ["/regex.+"]}])

    assert next(iter(declared.records["routes"].values()))["paths"] == ["/regex.+"]


def test_6_what_became_a_regular_expression_is_judged_as_one(refuses: Refuses) -> None:
    error = refuses(version="1.1", routes=[{"name": "r", "paths": ["/regex.+("]}])

    assert error.fields["routes"][0]["paths"][0].startswith("invalid regex: '/regex.+(' (PCRE returned: ")
