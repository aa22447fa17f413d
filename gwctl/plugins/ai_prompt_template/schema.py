"""The configuration of ai-prompt-template (plugins-transform-observe.md 12.6)."""

from __future__ import annotations

from gwctl.plugins.shared.prompts import max_request_body_size
from gwctl.schema import Record, fields
from gwctl.sdk import PluginConfig, PluginSchema


class Template(Record):
    """A named prompt with gaps."""

    name: str = fields.string(required=True, help="clients ask for {template://name}")
    template: str = fields.string(required=True, help="JSON text; clients fill in {{gap}}")


class Config(PluginConfig):
    templates: tuple[Template, ...] = fields.array(fields.record(Template), required=True)
    allow_untemplated_requests: bool = fields.boolean(
        required=True, default=True, help="pass requests that ask for no template"
    )
    log_original_request: bool = fields.boolean(
        required=True, default=False, help="put the request of the client in the log entry"
    )
    max_request_body_size: int | None = max_request_body_size()


SCHEMA = PluginSchema(name="ai-prompt-template", priority=773, config=Config)
