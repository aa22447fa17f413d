"""The configuration of zipkin (plugins-transform-observe.md 10.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gwctl.plugins.shared.propagation import Propagation, old_default_header_type, old_header_type
from gwctl.plugins.shared.queue import Queue
from gwctl.schema import Record, fields, typedefs
from gwctl.sdk import ANY, PluginConfig, PluginSchema

_OWN_TAGS = (
    "error",
    "http.method",
    "http.path",
    "http.status_code",
    "kong.balancer.state",
    "kong.balancer.try",
    "kong.consumer",
    "kong.credential",
    "kong.node.id",
    "kong.route",
    "kong.service",
    "lc",
    "peer.hostname",
)


class StaticTag(Record):
    """A tag that every request span carries."""

    name: str = fields.string(required=True, not_one_of=_OWN_TAGS)
    value: str = fields.string(required=True)


def _no_repeats(tags: Iterable[Mapping[str, Any]]) -> str | None:
    seen: set[str] = set()
    for tag in tags:
        if tag["name"] in seen:
            return f"repeated tags are not allowed: {tag['name']}"
        seen.add(tag["name"])
    return None


class Config(PluginConfig):
    local_service_name: str = fields.string(required=True, default="kong")
    http_endpoint: str | None = fields.string(
        typedefs.URL, help="where spans are sent; when unset only headers are passed on"
    )
    sample_ratio: float | None = fields.number(
        default=0.001, between=(0, 1), help="the part of requests that is traced, of those that come undecided"
    )
    default_service_name: str | None = fields.string(help="the remote service of routes without one")
    include_credential: bool = fields.boolean(required=True, default=True, help="tag spans with the credential's id")
    traceid_byte_count: int = fields.integer(required=True, default=16, one_of=(8, 16))
    header_type: str | None = old_header_type("zipkin")
    default_header_type: str | None = old_default_header_type("zipkin")
    tags_header: str = fields.string(required=True, default="Zipkin-Tags", help="the request header with more tags")
    static_tags: tuple[StaticTag, ...] | None = fields.array(fields.record(StaticTag), check=_no_repeats)
    http_span_name: str = fields.string(required=True, default="method", one_of=("method", "method_path"))
    connect_timeout: int | None = fields.integer(typedefs.TIMEOUT, default=2000, help="milliseconds")
    send_timeout: int | None = fields.integer(typedefs.TIMEOUT, default=5000, help="milliseconds")
    read_timeout: int | None = fields.integer(typedefs.TIMEOUT, default=5000, help="milliseconds")
    http_response_header_for_traceid: str | None = fields.string(help="the response header that tells the trace's id")
    phase_duration_flavor: str = fields.string(required=True, default="annotations", one_of=("annotations", "tags"))
    queue: Queue = fields.record(Queue, required=True)
    propagation: Propagation | None = fields.record(Propagation, default={"default_format": "b3"})


SCHEMA = PluginSchema(name="zipkin", priority=100000, config=Config, protocols=ANY)
