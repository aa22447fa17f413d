"""The configuration of proxy-cache (plugins-auth-traffic.md 3.18)."""

from __future__ import annotations

from gwctl.plugins.shared.dictionaries import known_dictionary
from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Memory(PluginConfig):
    """Storage in memory."""

    dictionary_name: str | None = fields.string(
        default="kong_db_cache", check=known_dictionary, help="a name of the reference's; without effect"
    )


class ResponseHeaders(PluginConfig):
    """What the answer tells about the cache."""

    age: bool = fields.boolean(required=True, default=True, help="how old it is")
    cache_status: bool = fields.boolean(
        name="X-Cache-Status", required=True, default=True, help="whether it came from the cache"
    )
    cache_key: bool = fields.boolean(
        name="X-Cache-Key", required=True, default=True, help="under which key it is cached"
    )


class Config(PluginConfig):
    """Which answers are kept, for whom, and for how long."""

    response_code: tuple[int, ...] | None = fields.array(
        fields.integer(between=(100, 900)),
        default=(200, 301, 404),
        len_min=1,
        help="statuses of answers that are kept",
    )
    request_method: tuple[str, ...] | None = fields.array(
        fields.string(one_of=("HEAD", "GET", "POST", "PATCH", "PUT")),
        default=("GET", "HEAD"),
        help="methods of requests that are answered from the cache",
    )
    content_type: tuple[str, ...] | None = fields.array(
        fields.string(),
        default=("text/plain", "application/json"),
        help="content types of answers that are kept",
    )
    cache_ttl: int | None = fields.integer(default=300, gt=0, help="seconds that an answer is fresh")
    strategy: str = fields.string(required=True, one_of=("memory",), help="where answers are kept")
    cache_control: bool = fields.boolean(required=True, default=False, help="obey Cache-Control")
    ignore_uri_case: bool = fields.boolean(
        required=True, default=False, help="take upper and lower case in paths for the same"
    )
    storage_ttl: int | None = fields.integer(help="seconds that an answer is kept, fresh or not")
    memory: Memory = fields.record(Memory, required=True, help="settings of the strategy memory")
    vary_query_params: tuple[str, ...] | None = fields.array(
        fields.string(), help="query arguments that make answers differ; by default all"
    )
    vary_headers: tuple[str, ...] | None = fields.array(
        fields.string(), help="request headers that make answers differ; by default none"
    )
    response_headers: ResponseHeaders = fields.record(
        ResponseHeaders, required=True, help="headers that tell about the cache"
    )


SCHEMA = PluginSchema(name="proxy-cache", priority=100, config=Config, protocols=ANY)
