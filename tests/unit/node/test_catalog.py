"""Which plugins a node loads (plugins-auth-traffic.md 1.6), and what its routes may say."""

from __future__ import annotations

import pytest

from gwctl.kit.errors import GwctlError
from gwctl.node.catalog import catalog_for, loaded_plugins, replica_catalog
from gwctl.settings import Settings


def names(*words: str) -> set[str]:
    return {plugin.name for plugin in loaded_plugins(words)}


def settings(**environ: str) -> Settings:
    return Settings.load(role="control_plane", environ={f"KONG_{name}": value for name, value in environ.items()})


def test_words() -> None:
    assert len(names("bundled")) == 44
    assert names("off") == names("off", "key-auth") == names() == set()
    assert names("key-auth", "off", "basic-auth") == {"key-auth", "basic-auth"}
    assert names("bundled", "off") == names("bundled")


def test_a_plugin_that_nobody_has() -> None:
    with pytest.raises(GwctlError) as raised:
        loaded_plugins(["bundled", "key-auht"])

    assert raised.value.message == "key-auht plugin is enabled but not installed"
    assert raised.value.hint == "did you mean 'key-auth'?"


def test_plugins_outside_the_setting_cannot_be_configured() -> None:
    schema = catalog_for(settings(PLUGINS="key-auth"))["plugins"]
    refusal = {"name": "plugin 'acl' not enabled; add it to the 'plugins' configuration property"}

    assert schema.validate(schema.prepare_insert({"name": "key-auth"}, now=1.0)) == {}
    assert schema.validate(schema.prepare_insert({"name": "acl"}, now=1.0)) == refusal


def test_a_copy_holds_plugins_of_any_name() -> None:
    schema = replica_catalog(settings(PLUGINS="off"))["plugins"]

    assert schema.validate(schema.prepare_insert({"name": "of-a-newer-node", "config": {"x": 1}}, now=1.0)) == {}


def test_expressions_need_their_flavor() -> None:
    route = {"expression": 'http.path ^= "/a"', "priority": 7}
    plain = catalog_for(settings())["routes"]
    errors = plain.validate(plain.prepare_insert(route, now=1.0))
    assert errors["expression"] == "unknown field"

    expressive = catalog_for(settings(ROUTER_FLAVOR="expressions"))["routes"]
    assert expressive.validate(expressive.prepare_insert(route, now=1.0)) == {}
    broken = expressive.validate(expressive.prepare_insert({"expression": "http.path ^="}, now=1.0))
    assert broken["@entity"] == ["Router Expression failed validation: 1:13: expected a value after ^="]
