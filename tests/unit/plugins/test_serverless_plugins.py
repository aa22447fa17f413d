"""aws-lambda, azure-functions, grpc-web, grpc-gateway, pre- and post-function: plugins-transform-observe.md 7.2, 11."""

import pytest

from tests.tools.plugins import changed, created, errors_of

AWS = {
    "timeout": 60000,
    "keepalive": 60000,
    "aws_key": None,
    "aws_secret": None,
    "aws_assume_role_arn": None,
    "aws_role_session_name": "kong",
    "aws_sts_endpoint_url": None,
    "aws_region": None,
    "function_name": None,
    "qualifier": None,
    "invocation_type": "RequestResponse",
    "log_type": "Tail",
    "host": None,
    "port": 443,
    "disable_https": False,
    "unhandled_status": None,
    "forward_request_method": False,
    "forward_request_uri": False,
    "forward_request_headers": False,
    "forward_request_body": False,
    "is_proxy_integration": False,
    "awsgateway_compatible": False,
    "proxy_url": None,
    "skip_large_bodies": True,
    "base64_encode_body": True,
    "aws_imds_protocol_version": "v1",
    "empty_arrays_mode": "legacy",
}
AZURE = {"appname": "app", "functionname": "f"}
FUNCTIONS = pytest.mark.parametrize("name", ["pre-function", "post-function"])
PHASES = ("certificate", "rewrite", "access", "header_filter", "body_filter", "log")


def errors(name, **config):
    return errors_of(name, config).get("config", {})


def test_aws_defaults():
    assert created("aws-lambda")["config"] == AWS


@pytest.mark.parametrize("status", [None, 100, 412, 999])
def test_unhandled_statuses(status):
    assert errors("aws-lambda", unhandled_status=status) == {}


@pytest.mark.parametrize("status", [99, 1000, -1])
def test_unhandled_statuses_out_of_range(status):
    text = "value should be between 100 and 999"
    assert errors("aws-lambda", unhandled_status=status) == {"unhandled_status": text}


def test_aws_credentials_go_together():
    text = "all or none of these fields must be set: 'config.aws_key', 'config.aws_secret'"
    assert errors_of("aws-lambda", {}) == {}
    assert errors_of("aws-lambda", {"aws_key": "k", "aws_secret": "{vault://env/s}"}) == {}
    assert errors_of("aws-lambda", {"aws_key": "k"}) == {"@entity": [text]}
    assert errors_of("aws-lambda", {"aws_secret": "s"}) == {"@entity": [text]}


def test_the_proxy_is_reached_by_http():
    assert errors_of("aws-lambda", {"proxy_url": "http://squid.test:3128"}) == {}
    assert errors_of("aws-lambda", {"proxy_url": "https://squid.test:3128"}) == {
        "@entity": ["proxy_url scheme must be http"]
    }
    assert errors_of("aws-lambda", {"proxy_url": "squid.test"}) == {"config": {"proxy_url": "missing host in url"}}
    assert errors("aws-lambda", timeout="x", proxy_url="https://squid.test") == {"timeout": "expected a number"}


def test_where_the_function_is():
    assert errors_of("aws-lambda", {"host": "lambda.test", "aws_region": "us-east-1"}) == {}
    assert errors_of("aws-lambda", {"aws_region": "us-gov-anything-1"}) == {}
    assert errors("aws-lambda", host="lambda.test:80", aws_sts_endpoint_url="sts") == {
        "host": "must not have a port",
        "aws_sts_endpoint_url": "missing host in url",
    }


@pytest.mark.parametrize(
    ("field", "allowed"),
    [
        ("invocation_type", "RequestResponse, Event, DryRun"),
        ("log_type", "Tail, None"),
        ("aws_imds_protocol_version", "v1, v2"),
        ("empty_arrays_mode", "legacy, correct"),
    ],
)
def test_choices_of_aws(field, allowed):
    for value in allowed.split(", "):
        assert errors("aws-lambda", **{field: value}) == {}
    assert errors("aws-lambda", **{field: "x"}) == {field: f"expected one of: {allowed}"}
    assert errors("aws-lambda", **{field: None}) == {field: "required field missing"}


def test_azure_defaults():
    assert created("azure-functions", AZURE)["config"] == AZURE | {
        "timeout": 600000,
        "keepalive": 60000,
        "https": True,
        "https_verify": False,
        "apikey": None,
        "clientid": None,
        "hostdomain": "azurewebsites.net",
        "routeprefix": "api",
    }


def test_azure():
    missing = dict.fromkeys(AZURE, "required field missing")
    assert errors("azure-functions") == missing
    secrets = {"apikey": "{vault://env/key}", "clientid": "c"}
    assert created("azure-functions", AZURE | secrets | {"routeprefix": ""})["config"]["routeprefix"] == ""
    assert errors("azure-functions", **AZURE, hostdomain=None) == {"hostdomain": "required field missing"}


def test_grpc():
    assert created("grpc-web")["config"] == {"proto": None, "pass_stripped_path": None, "allow_origin_header": "*"}
    assert created("grpc-gateway")["config"] == {"proto": None}
    proto = {"proto": "/etc/hello.proto"}
    assert created("grpc-web", proto | {"pass_stripped_path": True})["config"]["pass_stripped_path"] is True
    assert created("grpc-gateway", proto)["config"] == proto
    assert errors("grpc-gateway", proto=1, x=1) == {"proto": "expected a string", "x": "unknown field"}


CODE = [
    "kong.response.exit(406, { message = 'Invalid' })",
    "error('should not run')",
    "local count = 0\nreturn function()\n  count = count + 1\nend",
    "return 'no function'",
]


@FUNCTIONS
def test_functions_by_phase(name):
    empty = {key: [] for key in PHASES}
    for phase in PHASES:
        assert created(name, {phase: CODE})["config"] == empty | {phase: CODE}
    assert created(name, dict.fromkeys(PHASES, CODE[:1]))["config"] == dict.fromkeys(PHASES, CODE[:1])


@FUNCTIONS
def test_some_function_is_needed(name):
    names = ", ".join(f"'config.{phase}'" for phase in PHASES)
    text = f"at least one of these fields must be non-empty: {names}"
    for config in ({}, {"access": []}, {key: [] for key in PHASES}):
        assert errors_of(name, config) == {"@entity": [text]}


@FUNCTIONS
def test_functions_are_texts(name):
    assert errors(name, access=[CODE[0], 1, ""]) == {"access": [None, "expected a string", "length must be at least 1"]}
    assert errors(name, access=None)["access"] == "required field missing"
    assert errors(name, access=CODE[0]) == {"access": "expected an array"}


@FUNCTIONS
@pytest.mark.parametrize("phase", ["ws_handshake", "ws_client_frame", "ws_upstream_frame", "ws_close", "functions"])
def test_phases_of_others(name, phase):
    assert errors(name, access=CODE, **{phase: CODE}) == {phase: "unknown field"}


@FUNCTIONS
def test_a_patch_of_one_phase_keeps_the_others(name):
    record = changed(created(name, {"access": CODE}), {"log": CODE[:1]})
    assert (record["config"]["access"], record["config"]["log"]) == (CODE, CODE[:1])
