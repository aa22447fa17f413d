"""What the author of a plugin imports."""

from gwctl.entities.plugin_schema import ANY, HTTP, SCOPES, NodeFacts, PluginSchema
from gwctl.schema import Record as PluginConfig
from gwctl.schema import checks, fields, typedefs
from gwctl.schema.deprecation import Deprecation
from gwctl.schema.shorthand import Shorthand, renamed

__all__ = [
    "ANY",
    "HTTP",
    "SCOPES",
    "Deprecation",
    "NodeFacts",
    "PluginConfig",
    "PluginSchema",
    "Shorthand",
    "checks",
    "fields",
    "renamed",
    "typedefs",
]
