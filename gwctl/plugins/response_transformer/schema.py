"""The configuration of response-transformer (plugins-transform-observe.md 10.2)."""

from __future__ import annotations

from gwctl.plugins.shared.changes import HEADER, HEADER_AND_HEADER, HEADER_AND_VALUE, NAME_AND_VALUE, entries
from gwctl.schema import Record, fields
from gwctl.sdk import PluginConfig, PluginSchema


class Remove(Record):
    """What is taken away."""

    json: tuple[str, ...] = entries(help="keys of a JSON body")
    headers: tuple[str, ...] = entries(HEADER)


class Rename(Record):
    """What gets another name: ``old:new``."""

    json: tuple[str, ...] = entries(NAME_AND_VALUE, help="keys of a JSON body")
    headers: tuple[str, ...] = entries(HEADER_AND_HEADER)


class Written(Record):
    """What is written: ``name:value``."""

    json: tuple[str, ...] = entries(NAME_AND_VALUE, help="keys of a JSON body")
    json_types: tuple[str, ...] = entries(
        {"one_of": ("boolean", "number", "string")}, help="what the values of json are, one by one; strings if unsaid"
    )
    headers: tuple[str, ...] = entries(HEADER_AND_VALUE)


class Config(PluginConfig):
    """Applied in this order: remove, rename, replace (if it is there), add (if it is missing), append."""

    remove: Remove = fields.record(Remove, required=True)
    rename: Rename = fields.record(Rename, required=True)
    replace: Written = fields.record(Written, required=True)
    add: Written = fields.record(Written, required=True)
    append: Written = fields.record(Written, required=True)


SCHEMA = PluginSchema(name="response-transformer", priority=800, config=Config)
