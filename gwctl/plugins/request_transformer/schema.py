"""The configuration of request-transformer (plugins-transform-observe.md 10.1)."""

from __future__ import annotations

from gwctl.plugins.shared.changes import HEADER, HEADER_AND_HEADER, HEADER_AND_VALUE, entries, split_entry
from gwctl.plugins.shared.templates import template_fault
from gwctl.schema import Record, fields, typedefs
from gwctl.schema.fields import Attributes
from gwctl.sdk import ANY, PluginConfig, PluginSchema


def _name_and_template(entry: str) -> str | None:
    name, value = split_entry(entry)
    if not value:
        return f"key '{name}' has no value"
    fault = template_fault(value)
    return None if fault is None else f"value '{value}' is not in supported format, error:{fault}"


_NAME_AND_TEMPLATE: Attributes = {"check": _name_and_template}


class Remove(Record):
    """What is taken away."""

    body: tuple[str, ...] = entries()
    headers: tuple[str, ...] = entries(HEADER)
    querystring: tuple[str, ...] = entries()


class Rename(Record):
    """What gets another name: ``old:new``."""

    body: tuple[str, ...] = entries(_NAME_AND_TEMPLATE)
    headers: tuple[str, ...] = entries(HEADER_AND_HEADER)
    querystring: tuple[str, ...] = entries(_NAME_AND_TEMPLATE)


class Replace(Record):
    """What gets another value if it is there: ``name:value``."""

    body: tuple[str, ...] = entries(_NAME_AND_TEMPLATE)
    headers: tuple[str, ...] = entries(HEADER_AND_VALUE)
    querystring: tuple[str, ...] = entries(_NAME_AND_TEMPLATE)
    uri: str | None = fields.string(help="the path to send on; may hold $(…)")


class Added(Record):
    """What is added: ``name:value``."""

    body: tuple[str, ...] = entries(_NAME_AND_TEMPLATE)
    headers: tuple[str, ...] = entries(HEADER_AND_VALUE)
    querystring: tuple[str, ...] = entries(_NAME_AND_TEMPLATE)


class Config(PluginConfig):
    """Applied in this order: remove, rename, replace, add (if it is missing), append (another value)."""

    http_method: str | None = fields.string(typedefs.HTTP_METHOD, help="the method to send on")
    remove: Remove = fields.record(Remove, required=True)
    rename: Rename = fields.record(Rename, required=True)
    replace: Replace = fields.record(Replace, required=True)
    add: Added = fields.record(Added, required=True)
    append: Added = fields.record(Added, required=True)


SCHEMA = PluginSchema(name="request-transformer", priority=801, config=Config, protocols=ANY)
