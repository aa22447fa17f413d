"""Walks the declaration of every bundled plugin."""

import collections.abc
import inspect
import json
import sys
import types
import typing

import pytest

from gwctl.entities.plugin_schema import PluginSchema
from gwctl.plugins.bundled import BUNDLED, bundled_schema, bundled_schemas
from gwctl.schema import Record
from gwctl.sdk import ANY, HTTP, NodeFacts
from tests.tools.plugins import catalog_of, errors_of, plugin_entity

NAMES = pytest.mark.parametrize("name", BUNDLED)

PRIORITIES = {
    "pre-function": 1000000, "zipkin": 100000, "bot-detection": 2500, "cors": 2000, "session": 1900, "acme": 1705,
    "jwt": 1450, "oauth2": 1400, "key-auth": 1250, "ldap-auth": 1200, "basic-auth": 1100, "hmac-auth": 1030,
    "grpc-gateway": 998, "ip-restriction": 990, "request-size-limiting": 951, "acl": 950, "rate-limiting": 910,
    "response-ratelimiting": 900, "request-transformer": 801, "response-transformer": 800,
    "ai-request-transformer": 777, "ai-prompt-template": 773, "ai-prompt-decorator": 772, "ai-prompt-guard": 771,
    "ai-proxy": 770, "ai-response-transformer": 769, "standard-webhooks": 760, "aws-lambda": 750,
    "azure-functions": 749, "proxy-cache": 100, "opentelemetry": 14, "prometheus": 13, "http-log": 12, "statsd": 11,
    "datadog": 10, "file-log": 9, "udp-log": 8, "tcp-log": 7, "loggly": 6, "syslog": 4, "grpc-web": 3,
    "request-termination": 2, "correlation-id": 1, "post-function": -1000,
}  # fmt: skip
"""Measured: observed.md 2.2."""

NEVER_OF_A_CONSUMER = {
    "pre-function", "bot-detection", "cors", "session", "acme", "jwt", "oauth2", "key-auth", "ldap-auth",
    "basic-auth", "hmac-auth", "acl", "ai-request-transformer", "standard-webhooks", "post-function",
}  # fmt: skip
OF_ANY_PROTOCOL = {
    "pre-function", "zipkin", "session", "grpc-gateway", "request-transformer", "azure-functions", "proxy-cache",
    "prometheus", "http-log", "statsd", "datadog", "file-log", "udp-log", "tcp-log", "loggly", "syslog", "grpc-web",
    "post-function",
}  # fmt: skip
"""Both: plugins-auth-traffic.md 1.3."""

MISSING = ("required field missing", "field required for entity check")
ID = "e8c8921f-0000-4000-8000-000000000000"


def test_the_bundle_is_the_references():
    assert set(BUNDLED) == set(PRIORITIES)
    assert {name: schema.priority for name, schema in bundled_schemas().items()} == PRIORITIES
    assert len(set(PRIORITIES.values())) == len(PRIORITIES) == 44


@NAMES
def test_what_a_plugin_says_of_itself(name):
    schema = bundled_schema(name)
    assert isinstance(schema, PluginSchema)
    assert (schema.name, schema.version) == (name, "3.8.1")
    assert BUNDLED[name] == f"gwctl.plugins.{name.replace('-', '_')}"
    assert not name.endswith("-auth") or schema.scopes == ("service", "route")


@NAMES
def test_protocols(name):
    schema = bundled_schema(name)
    if name == "ip-restriction":
        assert schema.protocols == schema.default_protocols == (*HTTP, "tcp", "tls")
    else:
        assert schema.protocols == (ANY if name in OF_ANY_PROTOCOL else HTTP)
        assert schema.default_protocols == HTTP
    assert plugin_entity(name).prepare_insert({"name": name}, now=1)["protocols"] == list(schema.default_protocols)
    refusal = errors_of(name, protocols=["udp"]).get("protocols")
    assert refusal == (None if name in OF_ANY_PROTOCOL else [f"expected one of: {', '.join(schema.protocols)}"])
    assert errors_of(name, protocols=["ws"])["protocols"] == [f"expected one of: {', '.join(schema.protocols)}"]


@NAMES
@pytest.mark.parametrize("scope", ["service", "route", "consumer"])
def test_scopes(name, scope):
    refused = name == "acme" or (scope == "consumer" and name in NEVER_OF_A_CONSUMER)
    errors = errors_of(name, **{scope: {"id": ID}})
    assert errors.get(scope) == ("value must be null" if refused else None)


@NAMES
def test_the_description_is_json_and_names_every_field(name):
    schema = bundled_schema(name)
    described = catalog_of(name).plugin_schema_description(name)
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    fields = {key: value for field in described["fields"] for key, value in field.items()}
    assert isinstance(described["entity_checks"], list)
    assert [key for field in fields["config"]["fields"] for key in field] == list(schema.config.declared)
    assert fields["protocols"]["default"] == list(schema.default_protocols)


@NAMES
def test_the_default_configuration_lacks_only_what_is_required(name):
    schema = plugin_entity(name)
    record = schema.prepare_insert({"name": name}, now=1)
    assert list(record["config"]) == list(bundled_schema(name).config.declared)
    for path, text in flat(schema.validate(record)):
        over_several = "@entity" in path or path == ("config",)
        assert text in MISSING or (over_several and " of these fields must be " in text), (path, text)


@NAMES
def test_the_default_configuration_is_never_shared(name):
    schema = plugin_entity(name)
    first, second = (schema.prepare_insert({"name": name}, now=1)["config"] for _ in range(2))
    assert not {id(part) for part in containers(first)} & {id(part) for part in containers(second)}


@NAMES
def test_unknown_fields_are_refused_at_every_depth(name):
    for path, config in intrusions(bundled_schema(name).config):
        error = errors_of(name, config)["config"]
        for step in path:
            error = error[step]
        assert error == "unknown field", path


@NAMES
def test_a_configuration_is_a_record(name):
    assert errors_of(name, "text")["config"] == "expected a record"


@NAMES
@pytest.mark.parametrize("role", ["traditional", "control_plane", "data_plane"])
@pytest.mark.parametrize("database", [True, False])
def test_a_plugin_stays_the_same_plugin_on_every_node(name, role, database):
    general, here = bundled_schema(name), bundled_schema(name, NodeFacts(role, database))
    assert (here.name, here.priority, here.protocols, here.scopes) == (
        general.name,
        general.priority,
        general.protocols,
        general.scopes,
    )
    assert list(here.config.declared) == list(general.config.declared)


def shapes():
    found = {}

    def walk(shape):
        found[f"{shape.__module__}.{shape.__qualname__}"] = shape
        for field in shape.declared.values():
            for part in (field, field.elements, field.values):
                if part is not None and part.record is not None:
                    walk(part.record)

    for name in BUNDLED:
        walk(bundled_schema(name).config)
    return found


@pytest.mark.parametrize("shape", shapes().values(), ids=shapes())
def test_annotations_agree_with_declarations(shape: type[Record]):
    """The type of ``name: str | None = fields.string()`` must be the one that the declaration means."""
    for attribute, field in shape.attributes.items():
        hint = annotation(shape, attribute)
        optional = isinstance(hint, types.UnionType) and types.NoneType in typing.get_args(hint)
        assert optional is not field.required, attribute
        inner = [part for part in typing.get_args(hint) if part is not types.NoneType] if optional else [hint]
        assert len(inner) == 1
        assert described(inner[0]) == meant(field), attribute


def annotation(shape, name):
    owner = next(base for base in shape.__mro__ if name in inspect.get_annotations(base))
    return eval(inspect.get_annotations(owner)[name], vars(sys.modules[owner.__module__]))


SCALARS = {"string": str, "integer": int, "number": float, "boolean": bool, "json": typing.Any}


def described(hint):
    arguments = typing.get_args(hint)
    if not arguments:
        return hint
    origin = typing.get_origin(hint)
    return (origin, described(arguments[0 if origin is tuple else 1]))


def meant(field):
    if field.kind in ("array", "set"):
        return (tuple, meant(field.elements))
    if field.kind == "map":
        return (collections.abc.Mapping, meant(field.values))
    return field.record if field.kind == "record" else SCALARS[field.kind]


def flat(errors, path=()):
    if isinstance(errors, dict):
        return [found for key, error in errors.items() for found in flat(error, (*path, key))]
    if isinstance(errors, list):
        return [found for place, error in enumerate(errors) for found in flat(error, (*path, place))]
    return [(path, errors)] if errors is not None else []


def containers(value):
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def intrusions(shape):
    """(path of the error, configuration): an unknown field in each record of ``shape``, however deep."""
    yield ("no_such_field",), {"no_such_field": 1}
    for name, field in shape.declared.items():
        if field.record is not None:
            yield from (((name, *path), {name: inside}) for path, inside in intrusions(field.record))
        elif field.elements is not None and field.elements.record is not None:
            yield from (((name, 0, *path), {name: [inside]}) for path, inside in intrusions(field.elements.record))
        elif field.values is not None and field.values.record is not None:
            yield from (((name, *path), {name: {"key": inside}}) for path, inside in intrusions(field.values.record))
