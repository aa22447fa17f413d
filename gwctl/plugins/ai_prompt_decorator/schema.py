"""The configuration of ai-prompt-decorator (plugins-transform-observe.md 12.5)."""

from __future__ import annotations

from gwctl.plugins.shared.prompts import max_request_body_size
from gwctl.schema import Record, fields
from gwctl.schema.checks import AtLeastOneOf
from gwctl.sdk import PluginConfig, PluginSchema


class Message(Record):
    """One message of a conversation."""

    role: str = fields.string(required=True, default="system", one_of=("system", "assistant", "user"))
    content: str = fields.string(required=True, len_min=1, len_max=500)


class Prompts(Record):
    """What surrounds the client's conversation."""

    prepend: tuple[Message, ...] | None = fields.array(fields.record(Message), len_max=15)
    append: tuple[Message, ...] | None = fields.array(fields.record(Message), len_max=15)


class Config(PluginConfig):
    prompts: Prompts | None = fields.record(Prompts, default={})
    max_request_body_size: int | None = max_request_body_size()


SCHEMA = PluginSchema(
    name="ai-prompt-decorator",
    priority=772,
    config=Config,
    checks=(AtLeastOneOf(("config.prompts.prepend", "config.prompts.append")),),
)
