"""The configuration of hmac-auth (plugins-auth-traffic.md 3.3)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.sdk import PluginConfig, PluginSchema

ALGORITHMS = ("hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512")


class Config(PluginConfig):
    """What a signature must cover, and how old it may be."""

    hide_credentials: bool = fields.boolean(required=True, default=False, help="keep the signature from the upstream")
    clock_skew: float | None = fields.number(default=300, gt=0, help="seconds that the date may be off")
    anonymous: str | None = fields.string(help="id or username of the consumer of requests without valid signature")
    validate_request_body: bool = fields.boolean(required=True, default=False, help="check the Digest of the body")
    enforce_headers: tuple[str, ...] | None = fields.array(
        fields.string(), default=(), help="headers that every signature must cover"
    )
    algorithms: tuple[str, ...] | None = fields.array(
        fields.string(one_of=ALGORITHMS), default=ALGORITHMS, help="algorithms that are accepted"
    )
    realm: str | None = fields.string(help="realm of the challenge in 401 answers")


SCHEMA = PluginSchema(name="hmac-auth", priority=1030, config=Config, scopes=WITHOUT_CONSUMER)
