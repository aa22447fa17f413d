"""The plugins for language models: plugins-transform-observe.md 12, 17.21 to 17.23."""

import copy

import pytest

from tests.tools.plugins import changed, created, errors_of

AUTH = {
    "header_name": None,
    "header_value": None,
    "param_name": None,
    "param_value": None,
    "param_location": None,
    "gcp_use_service_account": False,
    "gcp_service_account_json": None,
    "aws_access_key_id": None,
    "aws_secret_access_key": None,
    "allow_override": False,
}
OPTIONS = {
    "max_tokens": 256,
    "input_cost": None,
    "output_cost": None,
    "temperature": None,
    "top_p": None,
    "top_k": None,
    "anthropic_version": None,
    "azure_instance": None,
    "azure_api_version": "2023-05-15",
    "azure_deployment_id": None,
    "llama2_format": None,
    "mistral_format": None,
    "upstream_url": None,
    "upstream_path": None,
    "gemini": {"api_endpoint": None, "project_id": None, "location_id": None},
    "bedrock": {"aws_region": None},
}
LLM = {
    "route_type": "llm/v1/chat",
    "auth": AUTH,
    "model": {"provider": "openai", "name": None, "options": OPTIONS},
    "logging": {"log_statistics": False, "log_payloads": False},
}
PROXY_EXTRAS = {"response_streaming": "allow", "max_request_body_size": 8192, "model_name_header": True}
CHAT = {"route_type": "llm/v1/chat", "model": {"provider": "openai"}}
TRANSFORMER = {
    "prompt": "Translate.",
    "transformation_extract_pattern": None,
    "http_timeout": 60000,
    "https_verify": True,
    "max_request_body_size": 8192,
    "http_proxy_host": None,
    "http_proxy_port": None,
    "https_proxy_host": None,
    "https_proxy_port": None,
    "llm": LLM,
}
TRANSFORMERS = pytest.mark.parametrize("name", ["ai-request-transformer", "ai-response-transformer"])


def llm(provider="openai", options=None, **more):
    return {"route_type": "llm/v1/chat", "model": {"provider": provider, "options": options or {}}, **more}


def refused(config):
    """The errors of ai-proxy, and the same ones of a model that transforms requests."""
    found = errors_of("ai-proxy", config).get("config", {})
    if config.get("route_type") == "llm/v1/chat":
        inside = errors_of("ai-request-transformer", {"prompt": "x", "llm": config}).get("config", {})
        assert inside.get("llm", {}) == found
    return found


def test_proxy_defaults():
    assert created("ai-proxy", CHAT)["config"] == LLM | PROXY_EXTRAS


@TRANSFORMERS
def test_transformer_defaults(name):
    extra = {} if name == "ai-request-transformer" else {"parse_llm_response_json_instructions": False}
    assert created(name, {"prompt": "Translate.", "llm": CHAT})["config"] == TRANSFORMER | extra


@pytest.mark.parametrize(
    ("name", "given", "rest"),
    [
        (
            "ai-prompt-decorator",
            {"prompts": {"prepend": [{"role": "user", "content": "x"}]}},
            {"prompts": {"prepend": [{"role": "user", "content": "x"}], "append": None}},
        ),
        (
            "ai-prompt-guard",
            {"allow_patterns": ["a"]},
            {"deny_patterns": None, "allow_all_conversation_history": False, "match_all_roles": False},
        ),
        (
            "ai-prompt-template",
            {"templates": [{"name": "x", "template": "{}"}]},
            {"allow_untemplated_requests": True, "log_original_request": False},
        ),
    ],
)
def test_prompt_defaults(name, given, rest):
    assert created(name, given)["config"] == given | rest | {"max_request_body_size": 8192}


NEEDED = {
    "llama2": {"llama2_format": "raw", "upstream_url": "http://llama.test"},
    "mistral": {"mistral_format": "ollama"},
    "anthropic": {"anthropic_version": "2023-06-01"},
    "azure": {"azure_instance": "i", "azure_deployment_id": "d"},
}


@pytest.mark.parametrize("provider", ["openai", "cohere", "gemini", "bedrock", *NEEDED])
def test_providers(provider):
    """Self-hosted ones need no credentials, like all others."""
    assert refused(llm(provider, NEEDED.get(provider))) == {}


@pytest.mark.parametrize(("provider", "option"), [(name, option) for name in NEEDED for option in NEEDED[name]])
def test_what_a_provider_needs(provider, option):
    options = {name: value for name, value in NEEDED[provider].items() if name != option}
    whom = "self-hosted providers/models" if option == "upstream_url" else f"{provider} provider"
    assert refused(llm(provider, options)) == {"@entity": [f"must set 'model.options.{option}' for {whom}"]}


def test_everything_that_is_wrong_is_told_at_once():
    assert refused(llm("azure", auth={"header_name": "x"})) == {
        "@entity": [
            "all or none of these fields must be set: 'auth.header_name', 'auth.header_value'",
            "must set 'model.options.azure_instance' for azure provider",
            "must set 'model.options.azure_deployment_id' for azure provider",
        ]
    }


@pytest.mark.parametrize("provider", ["bedrock", "gemini"])
def test_clients_cannot_log_in_by_themselves_everywhere(provider):
    assert refused(llm(provider, auth={"allow_override": True})) == {
        "@entity": ["bedrock and gemini only support auth.allow_override = false"],
        "auth": {"allow_override": "value must be false"},
    }
    assert refused(llm("openai", auth={"allow_override": True})) == {}


HEADER = {"header_name": "Authorization", "header_value": "Bearer {vault://env/x}"}
PARAM = {"param_name": "key", "param_value": "{vault://env/key}", "param_location": "query"}


@pytest.mark.parametrize("auth", [{}, HEADER, PARAM, HEADER | PARAM])
def test_credentials(auth):
    assert refused(llm(auth=auth)) == {}


@pytest.mark.parametrize("whole", [HEADER, PARAM])
def test_credentials_in_part(whole):
    names = ", ".join(f"'auth.{name}'" for name in whole)
    for left_out in whole:
        auth = {name: value for name, value in whole.items() if name != left_out}
        assert refused(llm(auth=auth)) == {"@entity": [f"all or none of these fields must be set: {names}"]}


def test_no_statistics_of_anthropic_completions():
    config = llm("anthropic", NEEDED["anthropic"], logging={"log_statistics": True})
    assert refused(config) == {}
    assert refused(config | {"route_type": "llm/v1/completions"}) == {
        "@entity": ["anthropic does not support statistics when route_type is llm/v1/completions"]
    }
    quiet = config | {"route_type": "llm/v1/completions", "logging": {"log_payloads": True}}
    assert refused(quiet) == {}


def test_a_model_has_a_provider_and_a_route_type():
    found = errors_of("ai-proxy", {})["config"]
    assert found["route_type"] == "required field missing"
    assert found["model"] == {"provider": "field required for entity check"}
    assert refused(llm("other"))["model"] == {
        "provider": "expected one of: openai, azure, anthropic, cohere, mistral, llama2, gemini, bedrock"
    }
    assert refused(llm() | {"route_type": "llm/v2"})["route_type"] == (
        "expected one of: llm/v1/chat, llm/v1/completions, preserve"
    )


@pytest.mark.parametrize(
    ("option", "good", "bad", "text"),
    [
        ("temperature", 5, 5.1, "value should be between 0 and 5"),
        ("top_p", 0.5, 1.1, "value should be between 0 and 1"),
        ("top_k", 500, 501, "value should be between 0 and 500"),
        ("top_k", 0, 0.5, "expected an integer"),
        ("max_tokens", 1, "1", "expected an integer"),
        ("input_cost", 0.1, 0, "value must be greater than 0"),
        ("output_cost", 0.1, -1, "value must be greater than 0"),
        ("llama2_format", "ollama", "x", "expected one of: raw, openai, ollama"),
        ("mistral_format", "openai", "raw", "expected one of: openai, ollama"),
        ("upstream_url", "http://a.test", "a.test", "missing host in url"),
        ("gemini", {"project_id": "p"}, {"x": 1}, {"x": "unknown field"}),
        ("bedrock", {"aws_region": "us-east-1"}, "us-east-1", "expected a record"),
    ],
)
def test_options(option, good, bad, text):
    assert refused(llm(options={option: good})) == {}
    assert refused(llm(options={option: bad})) == {"model": {"options": {option: text}}}


def test_extras_of_the_proxy():
    good = CHAT | {"response_streaming": "deny", "max_request_body_size": 1, "model_name_header": False}
    assert errors_of("ai-proxy", good) == {}
    assert errors_of("ai-proxy", CHAT | {"response_streaming": "x", "max_request_body_size": 0}) == {
        "config": {
            "response_streaming": "expected one of: allow, deny, always",
            "max_request_body_size": "value must be greater than 0",
        }
    }


def test_a_patch_deep_inside_keeps_the_rest():
    old = created("ai-proxy", llm(options={"temperature": 1, "gemini": {"project_id": "p"}}))
    new = changed(old, {"model": {"options": {"gemini": {"location_id": "l"}}}})["config"]
    wanted = copy.deepcopy(old["config"])
    wanted["model"]["options"]["gemini"]["location_id"] = "l"
    assert new == wanted


@TRANSFORMERS
@pytest.mark.parametrize("route_type", ["llm/v1/completions", "preserve"])
def test_transformers_hold_conversations(name, route_type):
    found = errors_of(name, {"prompt": "x", "llm": CHAT | {"route_type": route_type}})
    assert found == {
        "@entity": ["'config.llm.route_type' must be 'llm/v1/chat' for AI transformer plugins"],
        "config": {"llm": {"route_type": "value must be llm/v1/chat"}},
    }


@TRANSFORMERS
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxies_have_a_host_and_a_port(name, scheme):
    host, port = f"{scheme}_proxy_host", f"{scheme}_proxy_port"
    text = f"all or none of these fields must be set: 'config.{host}', 'config.{port}'"
    least = {"prompt": "x", "llm": CHAT}
    assert errors_of(name, least | {host: "squid.test", port: 3128}) == {}
    assert errors_of(name, least | {host: "squid.test"}) == {"@entity": [text]}
    assert errors_of(name, least | {port: 3128}) == {"@entity": [text]}
    assert errors_of(name, least | {host: "squid.test:1", port: 3128})["config"] == {host: "must not have a port"}


@TRANSFORMERS
def test_what_transformers_need(name):
    found = errors_of(name, {})["config"]
    assert found["prompt"] == "required field missing"
    assert found["llm"]["route_type"] == "field required for entity check"
    bad = {"prompt": "x", "llm": CHAT, "http_timeout": 1.5, "https_verify": None, "max_request_body_size": 0}
    assert errors_of(name, bad)["config"] == {
        "http_timeout": "expected an integer",
        "https_verify": "required field missing",
        "max_request_body_size": "value must be greater than 0",
    }


def test_only_responses_follow_instructions():
    config = {"prompt": "x", "llm": CHAT, "parse_llm_response_json_instructions": True}
    assert errors_of("ai-response-transformer", config) == {}
    assert errors_of("ai-request-transformer", config)["config"] == {
        "parse_llm_response_json_instructions": "unknown field"
    }


def test_decorations():
    text = "at least one of these fields must be non-empty: 'config.prompts.prepend', 'config.prompts.append'"
    for config in ({}, {"prompts": None}, {"prompts": {}}, {"prompts": {"prepend": [], "append": []}}):
        assert errors_of("ai-prompt-decorator", config) == {"@entity": [text]}
    message = {"content": "x" * 500}
    for prompts in ({"prepend": [message] * 15}, {"append": [message | {"role": "assistant"}]}):
        assert errors_of("ai-prompt-decorator", {"prompts": prompts}) == {}
    (made,) = created("ai-prompt-decorator", {"prompts": {"append": [message]}})["config"]["prompts"]["append"]
    assert made["role"] == "system"


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([{"content": "x"}] * 16, "length must be at most 15"),
        ([{"role": "bot", "content": "x"}], [{"role": "expected one of: system, assistant, user"}]),
        ([{"content": "x" * 501}], [{"content": "length must be at most 500"}]),
        ([{"content": ""}], [{"content": "length must be at least 1"}]),
        ([{"role": "user"}], [{"content": "required field missing"}]),
        ([{"content": "x", "name": "y"}], [{"name": "unknown field"}]),
    ],
)
@pytest.mark.parametrize("where", ["prepend", "append"])
def test_bad_decorations(where, messages, error):
    found = errors_of("ai-prompt-decorator", {"prompts": {where: messages}})
    assert found["config"] == {"prompts": {where: error}}


@pytest.mark.parametrize("field", ["allow_patterns", "deny_patterns"])
def test_patterns(field):
    assert errors_of("ai-prompt-guard", {field: ["a" * 500] * 10}) == {}
    assert errors_of("ai-prompt-guard", {field: ["(broken"]}) == {}
    found = errors_of("ai-prompt-guard", {field: ["ok", "a" * 501]})
    assert found["config"] == {field: [None, "length must be at most 500"]}
    found = errors_of("ai-prompt-guard", {field: ["a"] * 11})
    assert found["config"] == {field: "length must be at most 10"}


def test_some_pattern_is_needed():
    text = "at least one of these fields must be non-empty: 'config.allow_patterns', 'config.deny_patterns'"
    for config in ({}, {"allow_patterns": [], "deny_patterns": []}):
        assert errors_of("ai-prompt-guard", config) == {"@entity": [text]}


def test_all_roles_or_the_last_message_only():
    config = {"allow_patterns": ["x"], "match_all_roles": True}
    assert errors_of("ai-prompt-guard", config) == {}
    assert errors_of("ai-prompt-guard", config | {"allow_all_conversation_history": True}) == {
        "@entity": ["failed conditional validation given value of field 'config.match_all_roles'"],
        "config": {"allow_all_conversation_history": "value must be false"},
    }


def test_templates():
    assert errors_of("ai-prompt-template", {})["config"] == {"templates": "required field missing"}
    assert errors_of("ai-prompt-template", {"templates": [{"name": "x"}, {"template": "{}", "y": 1}]})["config"] == {
        "templates": [
            {"template": "required field missing"},
            {"name": "required field missing", "y": "unknown field"},
        ]
    }
