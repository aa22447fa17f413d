"""decK files: their own keys, values from the environment, several files as one (admin-api.md 4.1, corpus.md)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gwctl.declarative import DeclarativeError, load_values
from gwctl.declarative.deck import DeckFile, read
from gwctl.declarative.merged import merge
from gwctl.declarative.source import read_source
from gwctl.entities.catalog import Catalog
from tests.unit.declarative.conftest import NOW


def refused(text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(DeclarativeError) as caught:
        read(text, environ or {}, name="deck.yaml")
    return [str(place) for place in caught.value.places]


def test_decks_keys_are_stripped_and_done() -> None:
    file = read(
        """
_format_version: "3.0"
_workspace: default
_konnect: {control_plane_name: x}
_info:
  select_tags: [team-a, prod]
  defaults:
    service: {retries: 9, tags: [d]}
    route: {strip_path: false}
    upstream: {healthchecks: {threshold: 5, active: {timeout: 2}}}
_plugin_configs:
  limit: {minute: 5, policy: local, redis: {host: a, port: 1}}
services:
- name: a
  host: b
  retries: 1
  routes: [{name: r, paths: [/]}]
  plugins:
  - name: rate-limiting
    _config: limit
    config: {minute: 7, redis: {port: 2}}
upstreams: [{name: u, healthchecks: {active: {timeout: 3}}}]
""",
        {},
    )

    assert file.select_tags == ("team-a", "prod")
    assert file.workspace == "default"
    assert file.document == {
        "_format_version": "3.0",
        "services": [
            {
                "name": "a",
                "host": "b",
                "retries": 1,
                "tags": ["d"],
                "routes": [{"name": "r", "paths": ["/"], "strip_path": False}],
                "plugins": [
                    {
                        "name": "rate-limiting",
                        "config": {"minute": 7, "policy": "local", "redis": {"host": "a", "port": 2}},
                    }
                ],
            }
        ],
        "upstreams": [{"name": "u", "healthchecks": {"threshold": 5, "active": {"timeout": 3}}}],
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("_workspace: team", "deck.yaml:1:1: _workspace: there is only the workspace 'default', not 'team'"),
        ("_info: [x]", "deck.yaml:1:1: _info: expected an object"),
        ("_info:\n  selected: x", "deck.yaml:2:3: _info.selected: unknown field"),
        ("_info:\n  select_tags: x", "deck.yaml:2:3: _info.select_tags: expected a list of tags"),
        ("_info: {defaults: {service: 3}}", "deck.yaml:1:9: _info.defaults: expected an object of objects"),
        ("_plugin_configs:\n  a: 3", "deck.yaml:2:3: _plugin_configs.a: expected an object"),
        (
            "a: 1\nplugins:\n- _config: x\n_plugin_configs: {y: {}}",
            "deck.yaml:3:3: plugins[0]._config: _plugin_configs has no 'x'",
        ),
        ("- x", "deck.yaml:1:1: expected an object"),
    ],
)  # fmt: skip
def test_what_deck_would_not_mean(text: str, told: str) -> None:
    (place,) = refused(text)

    assert place.startswith(told)


def test_values_from_the_environment() -> None:
    environ = {"DECK_HOST": "b.test", "DECK_PORT": "8080", "DECK_ON": "true", "DECK_EMPTY": ""}
    text = """
_comment: '${{ env "DECK_EMPTY" }}'
services:
- name: "x-${{ env "DECK_HOST" }}-${{env 'DECK_PORT'}}"
  host: ${{ env "DECK_HOST" }}
  port: ${{ env "DECK_PORT" | toInt }}
  retries: ${{ env "DECK_PORT" }}
  enabled: ${{ env "DECK_ON" | toBool }}
  path: "/${{ "${{" }}"
  tags: ["${{ env "DECK_PORT" }}"]
# ${{ env "DECK_NOT_SET" }}
"""

    (service,) = read(text, environ).document["services"]

    assert service == {
        "name": "x-b.test-8080", "host": "b.test", "port": 8080, "retries": 8080, "enabled": True, "path": "/${{",
        "tags": ["8080"],
    }  # fmt: skip


def test_a_json_file_may_have_values_from_the_environment() -> None:
    text = '{"services": [{"host": "${{ env "X" }}", "port": ${{ env "P" | toInt }}, "name": "${{ env \\"X\\" }}"}]}'

    assert read(text, {"X": "a", "P": "1"}, name="a.yaml").document == {
        "services": [{"host": "a", "port": 1, "name": "a"}]
    }


def test_everything_that_cannot_be_filled_is_told_with_its_place() -> None:
    text = 'a: x\nb: "${{ env "NOT_SET" }}"\nc: [1, ${{ env "P" | toInt }}]\n\nd: ${{ foo }}\n'

    assert refused(text, {"P": "many"}) == [
        "deck.yaml:2:4: environment variable 'NOT_SET' is not set",
        "deck.yaml:3:8: the value for toInt is not an integer",
        'deck.yaml:5:4: cannot read ${{ foo }}: write ${{ env "NAME" }}, if need be with | toInt, toFloat or toBool',
    ]


@example("\\1\\g<0>\\n")
@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=30))
def test_no_value_changes_the_structure_of_a_file(value: str) -> None:
    text = 'a: "${{ env "X" }}"\nb: \'${{ env "X" }}\'\nc:\n- |\n  <${{ env "X" }}>\nd: 1\n'

    document = read(text, {"X": value}).document

    assert document == {"a": value, "b": value, "c": [f"<{value}>\n"], "d": 1}


def test_a_value_may_look_like_a_placeholder_or_hold_our_sign() -> None:
    assert read('a: "${{ env "X" }}"', {"X": '${{ env "Y" }}\ue0000\ue000'}).document == {
        "a": '${{ env "Y" }}\ue0000\ue000'
    }
    assert read('a: "\ue0000\ue000${{ env "X" }}"', {"X": "v"}).document == {"a": "\ue0000\ue000v"}


def test_places_stay_true_behind_a_placeholder(catalog: Catalog) -> None:
    file = read(
        '_format_version: "3.0"\nservices: [{name: "${{ env "X" }}", host: h, port: -1}]\n',
        {"X": "n" * 50},
        name="d.yaml",
    )

    with pytest.raises(DeclarativeError) as caught:
        load_values(file.document, catalog=catalog, now=NOW, locate=file.locate)

    (place,) = caught.value.places
    assert (place.file, place.line, place.column) == ("d.yaml", 2, 46)


def test_placeholders_stay_when_nobody_asks() -> None:
    assert read("a: '${{ env \"X\" }}'", {}, expand=False).document == {"a": '${{ env "X" }}'}


def test_secrets_are_in_no_representation() -> None:
    assert "hush" not in repr(read_source("a: hush"))
    assert "hush" not in repr(read('a: "${{ env "X" }}"', {"X": "hush"}))


def deck_file(name: str, **document: Any) -> DeckFile:
    lines = "".join(f"{key}: {value}\n" for key, value in document.items())
    return read(lines, {}, name=name)


def test_several_files_are_one() -> None:
    merged = merge(
        [
            deck_file(
                "a.yaml", _format_version="'3.0'", _info="{select_tags: [x, y]}", services="[{name: a}]", _comment="A"
            ),
            deck_file(
                "b.yaml", _format_version="'3.0'", _info="{select_tags: [y, z]}", services="[{name: b}]", _comment="B"
            ),
            deck_file("c.yaml", services="~", consumers="[{username: c}]"),
        ]
    )

    assert merged.document == {
        "_format_version": "3.0",
        "_comment": "A",
        "services": [{"name": "a"}, {"name": "b"}],
        "consumers": [{"username": "c"}],
    }
    assert merged.select_tags == ("x", "y", "z")


def test_files_that_disagree_are_refused() -> None:
    with pytest.raises(DeclarativeError) as caught:
        merge([deck_file("a.yaml", _format_version="'3.0'"), deck_file("b.yaml", _format_version="'2.1'")])

    assert [str(place) for place in caught.value.places] == [
        "b.yaml:1:1: _format_version: '_format_version' is not the same in a.yaml"
    ]


def test_errors_of_several_files_stand_in_their_files(catalog: Catalog) -> None:
    first = deck_file("a.yaml", _format_version="'3.0'", services="[{name: a, host: b}, {name: 5, host: b}]")
    second = deck_file("b.yaml", x="1", services="[{name: b, host: b}, {name: c}]")
    merged = merge([first, second])

    with pytest.raises(DeclarativeError) as caught:
        load_values(merged.document, catalog=catalog, now=NOW, locate=merged.locate)

    assert [str(place) for place in caught.value.places] == [
        "a.yaml:2:33: services[1].name: expected a string",
        "b.yaml:1:1: x: unknown field",
        "b.yaml:2:32: services[1].host: required field missing",
    ]


def test_select_tags_are_put_on_every_record_that_has_tags(catalog: Catalog) -> None:
    document = {
        "_format_version": "3.0",
        "services": [{"name": "a", "host": "b", "tags": ["own", "x"]}],
        "consumers": [{"username": "c", "acls": [{"group": "g"}]}],
        "parameters": [{"key": "k", "value": "v"}],
    }

    declared = load_values(document, catalog=catalog, now=NOW, select_tags=("x", "y"))

    tags = {entity: record.get("tags") for entity, record in declared}
    assert tags == {"services": ["own", "x", "y"], "consumers": ["x", "y"], "acls": ["x", "y"], "parameters": None}


def test_references_may_lead_outside(catalog: Catalog) -> None:
    key = "55555555-0000-4000-8000-000000000001"

    def outside(entity: str, field: str, value: str) -> str | None:
        return key if (entity, value) == ("services", "known") else None

    plugins = [{"name": "cors", "service": "known"}, {"name": "cors", "service": "unknown"}]
    declared = load_values(
        {"_format_version": "3.0", "plugins": plugins[:1]}, catalog=catalog, now=NOW, outside=outside
    )
    with pytest.raises(DeclarativeError, match="no such entry in 'services'"):
        load_values({"_format_version": "3.0", "plugins": plugins}, catalog=catalog, now=NOW, outside=outside)

    assert next(iter(declared.records["plugins"].values()))["service"] == {"id": key}
