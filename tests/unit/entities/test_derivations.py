"""Walks everything that is derived from an entity, for every entity."""

import collections.abc
import inspect
import json
import sys
import types
import typing

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gwctl.entities import core_catalog
from gwctl.schema import EntityError, Record, Reference
from gwctl.schema.absent import ABSENT
from gwctl.schema.typedefs import PROTOCOLS
from tests.tools.pem import AUTHORITY

CATALOG = core_catalog()
ENTITIES = pytest.mark.parametrize("schema", list(CATALOG), ids=lambda schema: schema.name)
ID = "e8c8921f-0000-4000-8000-000000000000"

SAMPLES = {
    "services": {"name": "s", "url": "https://a.test/x", "tags": ["a", "b"]},
    "routes": {"name": "r", "paths": ["/a", "~/b+"], "headers": {"x": ["1"]}, "service": {"id": ID}},
    "consumers": {"username": "u", "custom_id": "c"},
    "plugins": {"name": "p", "config": {"a": [1, {"b": None}]}, "consumer": {"id": ID}},
    "certificates": {"cert": "{vault://env/c}", "key": "{vault://env/k}"},
    "snis": {"name": "*.a.test", "certificate": {"id": ID}},
    "upstreams": {"name": "u", "hash_on": "ip", "healthchecks": {"active": {"headers": {"a": ["b"]}}}},
    "targets": {"target": "a.test:80", "upstream": {"id": ID}, "weight": 7},
    "ca_certificates": {"cert": AUTHORITY},
    "vaults": {"prefix": "my-env", "name": "env", "config": {"prefix": "x_"}},
    "key_sets": {"name": "k"},
    "keys": {"kid": "1", "jwk": "{vault://env/jwk}", "set": {"id": ID}},
    "filter_chains": {"name": "f", "service": {"id": ID}, "filters": [{"name": "x", "config": "y"}]},
    "keyauth_credentials": {"consumer": {"id": ID}, "key": "k", "tags": ["a"]},
    "basicauth_credentials": {"consumer": {"id": ID}, "username": "u", "password": "p"},
    "hmacauth_credentials": {"consumer": {"id": ID}, "username": "u", "secret": "s"},
    "jwt_secrets": {"consumer": {"id": ID}, "key": "k", "secret": "s"},
    "acls": {"consumer": {"id": ID}, "group": "g"},
    "oauth2_credentials": {"consumer": {"id": ID}, "name": "n", "client_id": "c", "client_secret": "s",
                           "redirect_uris": ["https://a.test/b"]},
    "oauth2_authorization_codes": {"credential": {"id": ID}, "code": "c", "challenge_method": "S256"},
    "oauth2_tokens": {"credential": {"id": ID}, "access_token": "t", "expires_in": 5},
    "acme_storage": {"key": "k", "value": "v"},
    "sessions": {"session_id": "s", "expires": 7},
    "ratelimiting_metrics": {"identifier": "i", "period": "day", "period_date": 5, "value": 1},
    "workspaces": {"name": "w", "comment": "c"},
    "tags": {"tag": "t", "entity_name": "services", "entity_id": ID},
    "parameters": {"key": "cluster_id", "value": ID},
    "clustering_data_planes": {"ip": "127.0.0.1", "hostname": "a", "id": ID, "labels": {"a": "b"},
                               "cert_details": {"expiry_timestamp": 1}},
}  # fmt: skip


def sample(schema):
    return schema.prepare_insert(SAMPLES[schema.name], now=1700000000.5)


NEVER_VALID = {"filter_chains"}
"""No filter runs here, so each is refused."""


@ENTITIES
def test_insert_validate_load_and_store(schema):
    record = sample(schema)
    if schema.name in NEVER_VALID:
        assert schema.validate(record) == {
            "filters": [{"name": "no wasm filters are configured, 'x' is not available"}]
        }
        return
    assert schema.validate(record) == {}
    assert schema.check(record) == record
    assert list(record) == list(schema.fields)
    assert json.loads(schema.canonical(record)) == record
    loaded = schema.load(record)
    assert isinstance(loaded, schema.record_class)
    assert loaded == schema.load(json.loads(schema.canonical(record)))
    assert hash(loaded) == hash(schema.load(record))
    assert schema.key_of(record) == record[schema.primary_key]


@ENTITIES
def test_replace_and_update(schema):
    record = sample(schema)
    assert schema.prepare_update({}, now=1700000000.5, existing=record) == record
    replaced = schema.prepare_replace(SAMPLES[schema.name], now=1700000000.5, existing=record)
    assert replaced == record
    updated = schema.validate(schema.prepare_update(SAMPLES[schema.name], now=2e9, existing=record), updating=True)
    assert updated == {} or schema.name in NEVER_VALID


@ENTITIES
def test_a_complete_record_sent_back_changes_nothing_but_times(schema):
    record = sample(schema)
    again = schema.prepare_update(record, now=2e9, existing=record)
    assert {**again, "updated_at": None} == {**record, "updated_at": None} or "updated_at" not in record


@ENTITIES
def test_the_description_names_every_field(schema):
    described = schema.describe()
    assert [name for field in described["fields"] for name in field] == list(schema.fields)
    assert isinstance(described["entity_checks"], list)
    assert json.loads(json.dumps(described)) == described


@ENTITIES
def test_the_json_schema_accepts_what_validation_accepts(schema):
    made = schema.json_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    validator.validate(sample(schema))
    validator.validate(SAMPLES[schema.name])
    assert not validator.is_valid({**SAMPLES[schema.name], "no_such_field": 1})


def test_the_json_schema_of_a_service_wants_a_host_or_a_url():
    validator = jsonschema.Draft202012Validator(CATALOG["services"].json_schema())
    assert validator.is_valid({"url": "http://a"})
    assert validator.is_valid({"host": "a"})
    assert not validator.is_valid({"name": "a"})


@ENTITIES
def test_the_keys_are_fields(schema):
    assert schema.primary_key in schema.fields
    assert schema.endpoint_key is None or schema.endpoint_key in schema.fields
    assert all(name in schema.fields for key in (*schema.unique, schema.cache_key) for name in key)
    assert all(foreign.reference in CATALOG for foreign in schema.foreign.values())
    assert not set(schema.virtual) & set(schema.fields)


@ENTITIES
def test_the_form_of_a_record_is_decoded_to_it(schema):
    values = {name: value for name, value in SAMPLES[schema.name].items() if name != "config"}
    assert schema.decode_form(encode(values)) == values


def encode(value, name=""):
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in encode(item, f"{name}.{key}" if name else key)]
    if isinstance(value, list):
        return [pair for place, item in enumerate(value, 1) for pair in encode(item, f"{name}[{place}]")]
    return [(name, str(value))]


def shapes():
    found = {}

    def walk(shape):
        found[shape.__qualname__] = shape
        for field in shape.declared.values():
            for part in (field, field.elements, field.values):
                if part is not None and part.record is not None:
                    walk(part.record)

    for schema in CATALOG:
        walk(schema.record_class)
    return found


@pytest.mark.parametrize("shape", shapes().values(), ids=shapes())
def test_annotations_agree_with_declarations(shape: type[Record]):
    """The type of ``name: str | None = fields.string()`` must be the one that the declaration means."""
    for name, field in shape.declared.items():
        hint = annotation(shape, name)
        if hint is typing.Any:
            assert meant(field) is typing.Any
            continue
        optional = isinstance(hint, types.UnionType) and types.NoneType in typing.get_args(hint)
        assert optional is not field.required, f"{shape.__name__}.{name}"
        inner = [part for part in typing.get_args(hint) if part is not types.NoneType] if optional else [hint]
        assert len(inner) == 1
        assert described(inner[0]) == meant(field), f"{shape.__name__}.{name}"


def annotation(shape, name):
    owner = next(base for base in shape.__mro__ if name in inspect.get_annotations(base))
    return eval(inspect.get_annotations(owner)[name], vars(sys.modules[owner.__module__]))


SCALARS = {"string": str, "integer": int, "number": float, "boolean": bool, "foreign": Reference}


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
    if field.kind == "json":
        return (collections.abc.Mapping, typing.Any) if field.json_object else typing.Any
    return field.record if field.kind == "record" else SCALARS[field.kind]


def test_defaults_are_valid():
    for schema in CATALOG:
        for name, field in schema.fields.items():
            if field.default is not ABSENT:
                assert schema.validate_field(name, sample(schema)[name]) is None


names = st.text("abc-._~ø", min_size=1, max_size=8)
labels = st.text("abcxyz", min_size=1, max_size=6)
BODIES = {
    "services": st.fixed_dictionaries(
        {"host": labels},
        optional={
            "name": names | st.none(),
            "port": st.integers(0, 65535),
            "protocol": st.sampled_from(PROTOCOLS),
            "path": labels.map(lambda text: f"/{text}") | st.none(),
            "tags": st.lists(labels, max_size=3) | st.none(),
            "enabled": st.booleans(),
            "retries": st.integers(0, 9) | st.none(),
        },
    ),
    "routes": st.fixed_dictionaries(
        {},
        optional={
            "protocols": st.lists(st.sampled_from(PROTOCOLS), min_size=1, max_size=2),
            "paths": st.lists(labels.map(lambda text: f"/{text}"), max_size=3) | st.none(),
            "hosts": st.lists(labels, max_size=2),
            "headers": st.dictionaries(labels, st.lists(labels, max_size=2), max_size=2),
            "sources": st.lists(st.fixed_dictionaries({"ip": st.just("1.2.3.4")}), max_size=2),
            "snis": st.lists(labels, max_size=2),
            "strip_path": st.booleans(),
        },
    ),
    "upstreams": st.fixed_dictionaries(
        {"name": labels},
        optional={
            "algorithm": st.sampled_from(["round-robin", "latency", "consistent-hashing"]),
            "hash_on": st.sampled_from(["none", "ip", "consumer", "header"]) | st.none(),
            "hash_on_header": labels,
            "slots": st.integers(10, 65536),
            "healthchecks": st.fixed_dictionaries({}, optional={"threshold": st.integers(0, 100)}),
        },
    ),
}


VALIDATORS = {name: jsonschema.Draft202012Validator(CATALOG[name].json_schema()) for name in BODIES}


@pytest.mark.parametrize("name", BODIES)
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None, max_examples=40)
@given(data=st.data())
def test_round_trips(name, data):
    """What passes validation survives storing, loading, a PUT and a PATCH of itself, and JSON Schema accepts it."""
    schema = CATALOG[name]
    body = data.draw(BODIES[name])
    record = schema.prepare_insert(body, now=1)
    assume(not schema.validate(record))
    stored = json.loads(schema.canonical(record))
    assert stored == record
    assert schema.load(stored) == schema.load(record)
    assert schema.check(stored) == stored
    if record.get("algorithm") != "consistent-hashing":  # hash_on "none" turns that back to round-robin
        assert schema.prepare_replace(record, now=1, existing=record) == record
    assert schema.prepare_update(body, now=1, existing=record) == record
    VALIDATORS[name].validate(record)


@pytest.mark.parametrize("name", CATALOG.names)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_unreadable_bodies_are_refused_with_an_entity_error(name, data):
    schema = CATALOG[name]
    fields = [*schema.fields, *schema.virtual, *schema.shorthands]
    value = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just({}) | st.just([])
    nested = value | st.lists(value, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "ip", "x"]), value)
    body = data.draw(st.dictionaries(st.sampled_from(fields), nested, max_size=6))
    refusal = None
    try:
        schema.check(schema.prepare_insert(body, now=1))
    except EntityError as error:
        refusal = error
    assert refusal is None or (refusal.status == 400 and json.dumps(refusal.body()))
