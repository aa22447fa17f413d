"""The configuration of ai-prompt-guard (plugins-transform-observe.md 12.6)."""

from __future__ import annotations

from typing import Any

from gwctl.plugins.shared.prompts import max_request_body_size
from gwctl.schema import fields
from gwctl.schema.checks import AtLeastOneOf, Conditional
from gwctl.sdk import PluginConfig, PluginSchema


def _patterns(text: str) -> Any:
    return fields.array(fields.string(len_min=1, len_max=500), len_max=10, help=text)


class Config(PluginConfig):
    allow_patterns: tuple[str, ...] | None = _patterns("regular expressions; a prompt must match one of them")
    deny_patterns: tuple[str, ...] | None = _patterns("regular expressions; a prompt may match none of them")
    allow_all_conversation_history: bool = fields.boolean(
        required=True, default=False, help="look at the last message only"
    )
    max_request_body_size: int | None = max_request_body_size()
    match_all_roles: bool = fields.boolean(
        required=True, default=False, help="look at the messages of every role, not only at the user's"
    )


SCHEMA = PluginSchema(
    name="ai-prompt-guard",
    priority=771,
    config=Config,
    checks=(
        AtLeastOneOf(("config.allow_patterns", "config.deny_patterns")),
        Conditional("config.match_all_roles", {"eq": True}, "config.allow_all_conversation_history", {"eq": False}),
    ),
)
