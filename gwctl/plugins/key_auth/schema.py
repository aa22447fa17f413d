"""The configuration of key-auth (plugins-auth-traffic.md 3.1)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields, typedefs
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    """Where a key may stand, and what happens to requests without one."""

    key_names: tuple[str, ...] = fields.array(
        fields.string(typedefs.HEADER_NAME),
        required=True,
        default=("apikey",),
        help="names of the header, query argument or body field that holds the key",
    )
    hide_credentials: bool = fields.boolean(required=True, default=False, help="keep the key from the upstream")
    anonymous: str | None = fields.string(help="id or username of the consumer of requests without a valid key")
    key_in_header: bool = fields.boolean(required=True, default=True, help="look for the key in the headers")
    key_in_query: bool = fields.boolean(required=True, default=True, help="look for the key in the query")
    key_in_body: bool = fields.boolean(required=True, default=False, help="look for the key in the body")
    run_on_preflight: bool = fields.boolean(required=True, default=True, help="ask OPTIONS requests for a key too")
    realm: str | None = fields.string(help="realm of the challenge in 401 answers")


SCHEMA = PluginSchema(name="key-auth", priority=1250, config=Config, scopes=WITHOUT_CONSUMER)
