"""The configuration that pre-function and post-function share (plugins-transform-observe.md 7.2)."""

from __future__ import annotations

from typing import Any

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.schema.checks import AtLeastOneOf
from gwctl.sdk import ANY, PluginConfig, PluginSchema


def _functions(when: str) -> Any:
    return fields.array(fields.string(), required=True, default=(), help=f"code that runs {when}, in this order")


class Functions(PluginConfig):
    """Code by phase.

    The reference compiles it when it is written, and refuses what does not compile; here it is kept as text.
    """

    certificate: tuple[str, ...] = _functions("in the TLS handshake")
    rewrite: tuple[str, ...] = _functions("before a route is chosen")
    access: tuple[str, ...] = _functions("before the request is sent on")
    header_filter: tuple[str, ...] = _functions("when the head of the response is known")
    body_filter: tuple[str, ...] = _functions("on each part of the response body")
    log: tuple[str, ...] = _functions("after the last byte is sent")


def functions_schema(name: str, *, priority: int) -> PluginSchema:
    """The declaration of one of the two plugins."""
    phases = tuple(f"config.{phase}" for phase in Functions.declared)
    return PluginSchema(
        name=name,
        priority=priority,
        config=Functions,
        protocols=ANY,
        scopes=WITHOUT_CONSUMER,
        checks=(AtLeastOneOf(phases),),
    )
