"""The bundled plugins, by name (observed.md 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from gwctl.sdk import NodeFacts, PluginSchema

BUNDLED: Mapping[str, str] = MappingProxyType(
    {
        "acl": "gwctl.plugins.acl",
        "acme": "gwctl.plugins.acme",
        "ai-prompt-decorator": "gwctl.plugins.ai_prompt_decorator",
        "ai-prompt-guard": "gwctl.plugins.ai_prompt_guard",
        "ai-prompt-template": "gwctl.plugins.ai_prompt_template",
        "ai-proxy": "gwctl.plugins.ai_proxy",
        "ai-request-transformer": "gwctl.plugins.ai_request_transformer",
        "ai-response-transformer": "gwctl.plugins.ai_response_transformer",
        "aws-lambda": "gwctl.plugins.aws_lambda",
        "azure-functions": "gwctl.plugins.azure_functions",
        "basic-auth": "gwctl.plugins.basic_auth",
        "bot-detection": "gwctl.plugins.bot_detection",
        "correlation-id": "gwctl.plugins.correlation_id",
        "cors": "gwctl.plugins.cors",
        "datadog": "gwctl.plugins.datadog",
        "file-log": "gwctl.plugins.file_log",
        "grpc-gateway": "gwctl.plugins.grpc_gateway",
        "grpc-web": "gwctl.plugins.grpc_web",
        "hmac-auth": "gwctl.plugins.hmac_auth",
        "http-log": "gwctl.plugins.http_log",
        "ip-restriction": "gwctl.plugins.ip_restriction",
        "jwt": "gwctl.plugins.jwt",
        "key-auth": "gwctl.plugins.key_auth",
        "ldap-auth": "gwctl.plugins.ldap_auth",
        "loggly": "gwctl.plugins.loggly",
        "oauth2": "gwctl.plugins.oauth2",
        "opentelemetry": "gwctl.plugins.opentelemetry",
        "post-function": "gwctl.plugins.post_function",
        "pre-function": "gwctl.plugins.pre_function",
        "prometheus": "gwctl.plugins.prometheus",
        "proxy-cache": "gwctl.plugins.proxy_cache",
        "rate-limiting": "gwctl.plugins.rate_limiting",
        "request-size-limiting": "gwctl.plugins.request_size_limiting",
        "request-termination": "gwctl.plugins.request_termination",
        "request-transformer": "gwctl.plugins.request_transformer",
        "response-ratelimiting": "gwctl.plugins.response_ratelimiting",
        "response-transformer": "gwctl.plugins.response_transformer",
        "session": "gwctl.plugins.session",
        "standard-webhooks": "gwctl.plugins.standard_webhooks",
        "statsd": "gwctl.plugins.statsd",
        "syslog": "gwctl.plugins.syslog",
        "tcp-log": "gwctl.plugins.tcp_log",
        "udp-log": "gwctl.plugins.udp_log",
        "zipkin": "gwctl.plugins.zipkin",
    }
)
"""Name → package; its module ``schema`` declares the configuration as ``SCHEMA``."""


def bundled_schema(name: str, facts: NodeFacts | None = None) -> PluginSchema:
    """The declaration of one bundled plugin, as it holds on a node of which ``facts`` are known.

    Raises KeyError for a plugin that is not bundled.
    """
    schema: PluginSchema = import_module(f"{BUNDLED[name]}.schema").SCHEMA
    return schema if facts is None else schema.for_node(facts)


def bundled_schemas(facts: NodeFacts | None = None) -> dict[str, PluginSchema]:
    """Every bundled plugin's declaration by its name."""
    return {name: bundled_schema(name, facts) for name in BUNDLED}
