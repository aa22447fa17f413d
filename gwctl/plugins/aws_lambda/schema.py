"""The configuration of aws-lambda (plugins-transform-observe.md 11.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.schema import fields, typedefs
from gwctl.schema.checks import Custom, MutuallyRequired
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    timeout: float = fields.number(required=True, default=60000, help="milliseconds")
    keepalive: float = fields.number(required=True, default=60000, help="milliseconds that an idle connection is kept")
    aws_key: str | None = fields.string(referenceable=True, encrypted=True, help="the access key id")
    aws_secret: str | None = fields.string(referenceable=True, encrypted=True, help="the secret access key")
    aws_assume_role_arn: str | None = fields.string(referenceable=True, encrypted=True, help="the role to take on")
    aws_role_session_name: str | None = fields.string(default="kong")
    aws_sts_endpoint_url: str | None = fields.string(typedefs.URL, help="where the role is asked for")
    aws_region: str | None = fields.string(help="when unset AWS_REGION or AWS_DEFAULT_REGION of the node's environment")
    function_name: str | None = fields.string()
    qualifier: str | None = fields.string(help="version or alias of the function")
    invocation_type: str = fields.string(
        required=True, default="RequestResponse", one_of=("RequestResponse", "Event", "DryRun")
    )
    log_type: str = fields.string(required=True, default="Tail", one_of=("Tail", "None"))
    host: str | None = fields.string(typedefs.HOST, help="the server, when it is not that of the region")
    port: int | None = fields.integer(typedefs.PORT, default=443)
    disable_https: bool | None = fields.boolean(default=False)
    unhandled_status: int | None = fields.integer(
        between=(100, 999), help="the status of answers for which the function reports an error; 200 when unset"
    )
    forward_request_method: bool | None = fields.boolean(default=False)
    forward_request_uri: bool | None = fields.boolean(default=False)
    forward_request_headers: bool | None = fields.boolean(default=False)
    forward_request_body: bool | None = fields.boolean(default=False)
    is_proxy_integration: bool | None = fields.boolean(
        default=False, help="the function answers with status, headers and body"
    )
    awsgateway_compatible: bool | None = fields.boolean(
        default=False, help="send requests in the form of the Amazon API Gateway"
    )
    proxy_url: str | None = fields.string(typedefs.URL, help="a proxy to connect through")
    skip_large_bodies: bool | None = fields.boolean(default=True, help="leave out bodies that do not fit in memory")
    base64_encode_body: bool | None = fields.boolean(default=True)
    aws_imds_protocol_version: str = fields.string(required=True, default="v1", one_of=("v1", "v2"))
    empty_arrays_mode: str = fields.string(
        required=True,
        default="legacy",
        one_of=("legacy", "correct"),
        help="legacy: an empty array in the function's answer becomes an empty object",
    )


def _proxy_by_http(plugin: Mapping[str, Any]) -> str | None:
    url = plugin["config"]["proxy_url"]
    if url is None or url.partition("://")[0] == "http":
        return None
    return "proxy_url scheme must be http"


SCHEMA = PluginSchema(
    name="aws-lambda",
    priority=750,
    config=Config,
    checks=(MutuallyRequired(("config.aws_key", "config.aws_secret")), Custom(("config",), _proxy_by_http)),
)
