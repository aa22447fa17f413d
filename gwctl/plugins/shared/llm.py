"""Which language model is called and how (plugins-transform-observe.md 12.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.schema import Record, fields, typedefs
from gwctl.schema.checks import Conditional, ConditionalAtLeastOneOf, Custom, MutuallyRequired

_PROVIDERS = ("openai", "azure", "anthropic", "cohere", "mistral", "llama2", "gemini", "bedrock")
_ROUTE_TYPES = ("llm/v1/chat", "llm/v1/completions", "preserve")


class Auth(Record):
    """Credentials for the provider: a header, a parameter, or those of a cloud."""

    header_name: str | None = fields.string(referenceable=True)
    header_value: str | None = fields.string(referenceable=True, encrypted=True)
    param_name: str | None = fields.string(referenceable=True)
    param_value: str | None = fields.string(referenceable=True, encrypted=True)
    param_location: str | None = fields.string(one_of=("query", "body"))
    gcp_use_service_account: bool | None = fields.boolean(default=False, help="log in as a Google service account")
    gcp_service_account_json: str | None = fields.string(referenceable=True, encrypted=True)
    aws_access_key_id: str | None = fields.string(referenceable=True, encrypted=True)
    aws_secret_access_key: str | None = fields.string(referenceable=True, encrypted=True)
    allow_override: bool | None = fields.boolean(default=False, help="credentials that the client sends win")


class Gemini(Record):
    """Of the provider gemini, when it is reached through Vertex AI."""

    api_endpoint: str | None = fields.string()
    project_id: str | None = fields.string()
    location_id: str | None = fields.string()


class Bedrock(Record):
    """Of the provider bedrock."""

    aws_region: str | None = fields.string(help="when unset AWS_REGION of the node's environment")


class Options(Record):
    """What the model is told beside the prompt, and where it is found."""

    max_tokens: int | None = fields.integer(default=256)
    input_cost: float | None = fields.number(gt=0, help="price of a million tokens of the prompt")
    output_cost: float | None = fields.number(gt=0, help="price of a million tokens of the answer")
    temperature: float | None = fields.number(between=(0, 5))
    top_p: float | None = fields.number(between=(0, 1))
    top_k: int | None = fields.integer(between=(0, 500))
    anthropic_version: str | None = fields.string()
    azure_instance: str | None = fields.string()
    azure_api_version: str | None = fields.string(default="2023-05-15")
    azure_deployment_id: str | None = fields.string()
    llama2_format: str | None = fields.string(one_of=("raw", "openai", "ollama"))
    mistral_format: str | None = fields.string(one_of=("openai", "ollama"))
    upstream_url: str | None = fields.string(typedefs.URL, help="the server, when it is not the provider's own")
    upstream_path: str | None = fields.string(help="the path, when it is not the provider's own")
    gemini: Gemini | None = fields.record(Gemini, default={})
    bedrock: Bedrock | None = fields.record(Bedrock, default={})


class Model(Record):
    """The model; without a name the client says which."""

    provider: str = fields.string(required=True, one_of=_PROVIDERS)
    name: str | None = fields.string()
    options: Options | None = fields.record(Options, default={})


class Logging(Record):
    """What log entries tell of the model."""

    log_statistics: bool = fields.boolean(required=True, default=False, help="model, latency, tokens and cost")
    log_payloads: bool = fields.boolean(required=True, default=False, help="request and answer")


def _no_statistics(llm: Mapping[str, Any]) -> str | None:
    """Anthropic does not count the tokens of completions."""
    unknown = llm["model"]["provider"] == "anthropic" and llm["route_type"] == "llm/v1/completions"
    if unknown and llm["logging"]["log_statistics"]:
        return "anthropic does not support statistics when route_type is llm/v1/completions"
    return None


def _needs(provider: str, option: str, text: str = "") -> ConditionalAtLeastOneOf:
    names = (f"model.options.{option}",)
    message = text or f"must set %s for {provider} provider"
    return ConditionalAtLeastOneOf("model.provider", {"one_of": (provider,)}, names, message)


_CHECKS = (
    Conditional(
        "model.provider",
        {"one_of": ("bedrock", "gemini")},
        "auth.allow_override",
        {"eq": False},
        "bedrock and gemini only support auth.allow_override = false",
    ),
    MutuallyRequired(("auth.header_name", "auth.header_value")),
    MutuallyRequired(("auth.param_name", "auth.param_value", "auth.param_location")),
    _needs("llama2", "llama2_format"),
    _needs("mistral", "mistral_format"),
    _needs("anthropic", "anthropic_version"),
    _needs("azure", "azure_instance"),
    _needs("azure", "azure_deployment_id"),
    _needs("llama2", "upstream_url", "must set %s for self-hosted providers/models"),
    Custom(("route_type", "model", "logging"), _no_statistics),
)


class Llm(Record, checks=_CHECKS):
    """One way to a language model."""

    route_type: str = fields.string(
        required=True, one_of=_ROUTE_TYPES, help="the form of requests and answers; preserve leaves them as they are"
    )
    auth: Auth | None = fields.record(Auth, default={})
    model: Model = fields.record(Model, required=True)
    logging: Logging = fields.record(Logging, required=True)
