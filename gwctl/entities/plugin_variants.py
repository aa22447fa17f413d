"""The plugins entity narrowed by a plugin: its configuration, protocols and scopes (admin-api.md 0.5, 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwctl.entities.plugin_schema import SCOPES, PluginSchema
from gwctl.entities.plugins import Plugin
from gwctl.schema import Field, Schema
from gwctl.schema.describe import describe_checks, describe_field
from gwctl.schema.messages import WRONG_TYPE
from gwctl.schema.variants import Variant, Variants

_NOT_ENABLED = "plugin '%s' not enabled; add it to the 'plugins' configuration property"
_DESCRIBED = ("consumer", "route", "service", "protocols", "config")


def plugin_variants(plugins: Mapping[str, PluginSchema]) -> Variants:
    """One variant per plugin; every other name is refused. They are compiled when first used."""
    by = {name: _variant(plugin) for name, plugin in plugins.items()}
    return Variants("name", by, unknown=_NOT_ENABLED, wrong_type=WRONG_TYPE["string"])


def _variant(plugin: PluginSchema) -> Variant:
    protocols = Plugin.declared["protocols"]
    fields = {
        "config": Field(
            kind="record", name="config", record=plugin.config, required=True, default={}, check=plugin.check
        ),
        "protocols": replace(
            protocols,
            default=plugin.default_protocols,
            elements=Field(kind="string", one_of=plugin.protocols),
        ),
    }
    fields.update((scope, replace(Plugin.declared[scope], eq=None)) for scope in SCOPES if scope not in plugin.scopes)
    return Variant(fields, plugin.checks)


def describe_plugin(schema: Schema, plugin: PluginSchema) -> dict[str, Any]:
    """What ``/schemas/plugins/{name}`` shows: the fields that the plugin decides about, and its checks (2.6)."""
    compiled = schema.variant(schema.variants.choose(plugin.name) if schema.variants else None)
    return {
        "fields": [{name: describe_field(compiled.fields[name])} for name in _DESCRIBED],
        "entity_checks": describe_checks(compiled.declared_checks),
    }
