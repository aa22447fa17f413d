"""consumers: who sends requests (admin-api.md 1.3)."""

from __future__ import annotations

from gwctl.entities.common import Standard
from gwctl.schema import fields
from gwctl.schema.checks import AtLeastOneOf


class Consumer(
    Standard,
    name="consumers",
    endpoint_key="username",
    checks=(AtLeastOneOf(("custom_id", "username")),),
):
    """A user or an application that calls through the gateway."""

    username: str | None = fields.string(unique=True)
    custom_id: str | None = fields.string(unique=True, help="the consumer's id in another system")
