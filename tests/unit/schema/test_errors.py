import pytest

from gwctl.kit.errors import GwctlError
from gwctl.schema import EntityError

ID = "e8c8921f-0000-4000-8000-000000000000"


def violation(errors):
    return EntityError.schema_violation(errors).message


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ({"host": "required field missing"}, "schema violation (host: required field missing)"),
        (
            {"name": "n", "@entity": ["e1", "e2"], "host": "h"},
            "4 schema violations (e1; e2; host: h; name: n)",
        ),
        ({"paths": [None, "bad"]}, "schema violation (paths.2: bad)"),
        ({"paths": ["bad", None, "worse"]}, "2 schema violations (paths.1: bad; paths.3: worse)"),
        ({"service": {"id": "missing primary key"}}, "schema violation (service.id: missing primary key)"),
        (
            {"config": {"redis": {"port": "expected an integer"}}},
            'schema violation (config.redis: {\n  port = "expected an integer"\n})',
        ),
        ({"sources": [{"port": "bad"}]}, 'schema violation (sources.1: {\n  port = "bad"\n})'),
        (
            {"healthchecks": {"b": "2", "a": "1"}},
            "2 schema violations (healthchecks.a: 1; healthchecks.b: 2)",
        ),
    ],
)
def test_composition_of_schema_violations(errors, message):
    assert violation(errors) == message


CASES = [
    (
        EntityError.invalid_primary_key({"id": "expected a valid UUID"}),
        400,
        {
            "code": 1,
            "name": "invalid primary key",
            "message": "invalid primary key: '{id=\"expected a valid UUID\"}'",
            "fields": {"id": "expected a valid UUID"},
        },
    ),
    (
        EntityError.schema_violation({"host": "required field missing"}),
        400,
        {
            "code": 2,
            "name": "schema violation",
            "message": "schema violation (host: required field missing)",
            "fields": {"host": "required field missing"},
        },
    ),
    (
        EntityError.primary_key_violation({"id": ID}),
        400,
        {
            "code": 3,
            "name": "primary key violation",
            "message": f"primary key violation on key '{{id=\"{ID}\"}}'",
            "fields": {"id": ID},
        },
    ),
    (
        EntityError.foreign_key_violation("service", ID, "services"),
        400,
        {
            "code": 4,
            "name": "foreign key violation",
            "message": f"the foreign key '{{id=\"{ID}\"}}' does not reference an existing 'services' entity.",
            "fields": {"service": {"id": ID}},
        },
    ),
    (
        EntityError.foreign_key_restricted("routes", "services"),
        400,
        {
            "code": 4,
            "name": "foreign key violation",
            "message": "an existing 'routes' entity references this 'services' entity",
            "fields": {"@referenced_by": "routes"},
        },
    ),
    (
        EntityError.unique_violation({"consumer": None, "name": "key-auth", "route": None, "service": {"id": ID}}),
        409,
        {
            "code": 5,
            "name": "unique constraint violation",
            "message": "UNIQUE violation detected on "
            f'\'{{consumer=null,name="key-auth",route=null,service={{id="{ID}"}}}}\'',
            "fields": {"consumer": None, "name": "key-auth", "route": None, "service": {"id": ID}},
        },
    ),
    (
        EntityError.not_found({"id": ID}),
        404,
        {
            "code": 6,
            "name": "not found",
            "message": f"could not find the entity with primary key '{{id=\"{ID}\"}}'",
            "fields": {"id": ID},
        },
    ),
    (
        EntityError.not_found({"name": "nope"}),
        404,
        {
            "code": 6,
            "name": "not found",
            "message": "could not find the entity with '{name=\"nope\"}'",
            "fields": {"name": "nope"},
        },
    ),
    (
        EntityError.invalid_offset("zzz", "bad json encoding"),
        400,
        {"code": 7, "name": "invalid offset", "message": "'zzz' is not a valid offset: bad json encoding"},
    ),
    (
        EntityError.invalid_size("size must be a number"),
        400,
        {"code": 9, "name": "invalid size", "message": "size must be a number"},
    ),
    (
        EntityError.invalid_unique("name", "Invalid name ('1.2.3.4'); no ip addresses allowed"),
        400,
        {"code": 10, "name": "invalid unique name", "message": "Invalid name ('1.2.3.4'); no ip addresses allowed"},
    ),
    (
        EntityError.invalid_options({"tags": "invalid filter syntax"}),
        400,
        {
            "code": 11,
            "name": "invalid options",
            "message": "invalid option (tags: invalid filter syntax)",
            "options": {"tags": "invalid filter syntax"},
        },
    ),
    (
        EntityError.operation_unsupported("cannot create 'routes' entities when not using a database"),
        405,
        {
            "code": 12,
            "name": "operation unsupported",
            "message": "cannot create 'routes' entities when not using a database",
        },
    ),
    (
        EntityError.foreign_keys_unresolved([("service", "name", "nope", "services")]),
        400,
        {
            "code": 13,
            "name": "foreign keys unresolved",
            "message": "foreign key unresolved (service.name: the foreign key cannot be resolved with "
            "'{name=\"nope\"}' for an existing 'services' entity)",
            "fields": {
                "service": {
                    "name": "the foreign key cannot be resolved with '{name=\"nope\"}' for an existing "
                    "'services' entity"
                }
            },
        },
    ),
]


@pytest.mark.parametrize(("error", "status", "body"), CASES, ids=lambda case: getattr(case, "name", None))
def test_bodies(error, status, body):
    assert error.body() == body
    assert error.status == status
    assert isinstance(error, GwctlError)


def test_several_options_and_references():
    options = EntityError.invalid_options({"tags": "b", "size": "a"})
    assert options.message == "2 option violations (size: a; tags: b)"
    references = EntityError.foreign_keys_unresolved([("a", "name", 1, "x"), ("b", "name", "y", "z")])
    assert references.message.startswith("2 foreign keys unresolved (a.name: the foreign key cannot be resolved")
