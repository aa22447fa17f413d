"""What the author of a plugin imports."""

from gwctl.entities.plugin_schema import ANY, HTTP, SCOPES, NodeFacts, PluginSchema
from gwctl.schema import Record as PluginConfig

__all__ = ["ANY", "HTTP", "SCOPES", "NodeFacts", "PluginConfig", "PluginSchema"]
