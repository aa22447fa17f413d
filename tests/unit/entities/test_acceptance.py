"""Lines of the acceptance list that need an entity as a whole (01-schema, 06-routes, 07-plugins)."""

import pytest

from gwctl.entities.catalog import core_catalog, node_catalog
from gwctl.plugins.bundled import bundled_schemas
from gwctl.schema.typedefs import PROTOCOLS

CATALOG = core_catalog()
ID = "e8c8921f-0000-4000-8000-000000000000"
BUNDLED = node_catalog(bundled_schemas().values())


def errors(entity, **values):
    return CATALOG[entity].validate(CATALOG[entity].prepare_insert(values, now=1700000000))


def test_required_fields_stay_required_in_an_update():
    services = CATALOG["services"]
    old = services.prepare_insert({"host": "a"}, now=1)
    changed = services.prepare_update({"protocol": None, "host": None}, now=1, existing=old)
    assert services.validate(changed, updating=True) == {
        "protocol": "required field missing",
        "host": "required field missing",
    }
    for timeout in ("connect_timeout", "read_timeout", "write_timeout"):
        for value in (0, -1):
            assert errors("services", host="a", **{timeout: value}) == {
                timeout: "value should be between 1 and 2147483646"
            }


@pytest.mark.parametrize("protocol", ["tcp", "tls", "udp", "grpc", "grpcs"])
def test_protocols_without_paths(protocol):
    assert errors("services", host="a", protocol=protocol) == {}
    found = errors("services", host="a", protocol=protocol, path="/x")
    assert found["path"] == "value must be null"


def test_paths_of_routes():
    assert errors("routes", paths=[5]) == {"paths": ["expected a string"]}
    assert errors("routes", paths=[""]) == {"paths": ["length must be at least 1"]}
    assert errors("routes", paths=["~/users/(foo/profile"]) == {
        "paths": [
            "invalid regex: '/users/(foo/profile' (PCRE returned: pcre2_compile() failed: missing closing parenthesis "
            'in "/users/(foo/profile")'
        ]
    }
    assert errors("routes", paths=[r"~/\/*/user$"]) == {}


BAD_HOSTS = [
    "/example", ".example", "example-.org", "example.org-", "hello..example.com", "hello-.example.com",
    "example.com/org", "mock;bin",
]  # fmt: skip


def test_hosts_of_routes():
    for host in BAD_HOSTS:
        assert errors("routes", hosts=[host]) == {"hosts": [f"invalid hostname: {host}"]}
    assert errors("routes", hosts=["example.com:1000000"]) == {"hosts": ["invalid port number"]}
    assert errors("routes", hosts=["*.a", "a.*", "*.a:321", "[::1]:80", "a.test:80", "1.2.3.4"]) == {}
    for host in ("*", "a.*:80", "*a.com"):
        assert errors("routes", hosts=[host]) == {
            "hosts": ["invalid wildcard: must be placed at leftmost or rightmost label"]
        }


@pytest.mark.parametrize("plugin", sorted(BUNDLED.plugins))
def test_every_bundled_plugin_has_protocols(plugin):
    described = BUNDLED.plugin_schema_description(plugin)
    fields = {name: field for each in described["fields"] for name, field in each.items()}
    assert set(fields) == {"consumer", "route", "service", "protocols", "config"}
    assert set(fields["protocols"]["default"]) <= set(PROTOCOLS)
    assert fields["protocols"]["required"] is True
    assert isinstance(described["entity_checks"], list)


@pytest.mark.parametrize("target", ["valid.name", "valid.name:8080", "12.34.56.78", "1.2.3.4:123"])
def test_targets(target):
    assert errors("targets", upstream={"id": ID}, target=target) == {}
    targets = CATALOG["targets"]
    for bad in ("\\bad\\?", "1.2.3.4.5:80", "hostname:1.0"):
        record = targets.prepare_insert({"target": bad, "upstream": {"id": ID}}, now=1, canonical=False)
        assert targets.validate(record) == {"target": f"Invalid target ('{bad}'); not a valid hostname or ip address"}


SECONDS = "value should be between 0 and 65535"
COUNT = "value should be between 0 and 255"
STATUS = "value should be between 100 and 999"


@pytest.mark.parametrize(
    ("healthchecks", "found"),
    [
        ({"threshold": "50"}, {"threshold": "expected a number"}),
        ({"threshold": 101}, {"threshold": "value should be between 0 and 100"}),
        ({"threshold": -0.1}, {"threshold": "value should be between 0 and 100"}),
        ({"active": {"timeout": -1}}, {"active": {"timeout": SECONDS}}),
        ({"active": {"concurrency": 0}}, {"active": {"concurrency": "value should be between 1 and 2147483648"}}),
        ({"active": {"concurrency": 2**31 + 1}},
         {"active": {"concurrency": "value should be between 1 and 2147483648"}}),
        ({"active": {"http_path": "x"}}, {"active": {"http_path": "should start with: /"}}),
        ({"active": {"http_path": ""}}, {"active": {"http_path": "length must be at least 1"}}),
        ({"active": {"https_sni": "127.0.0.1"}}, {"active": {"https_sni": "must not be an IP"}}),
        ({"active": {"https_sni": "a b"}}, {"active": {"https_sni": "invalid value: a b"}}),
        ({"active": {"https_sni": "a:80"}}, {"active": {"https_sni": "must not have a port"}}),
        ({"active": {"https_verify_certificate": "ovo"}},
         {"active": {"https_verify_certificate": "expected a boolean"}}),
        ({"active": {"headers": 0}}, {"active": {"headers": "expected a map"}}),
        ({"active": {"headers": {"0": 5}}}, {"active": {"headers": "expected an array"}}),
        ({"active": {"headers": {"a": [5]}}}, {"active": {"headers": ["expected a string"]}}),
        ({"active": {"healthy": {"interval": 65536}}}, {"active": {"healthy": {"interval": SECONDS}}}),
        ({"active": {"healthy": {"http_statuses": 404}}},
         {"active": {"healthy": {"http_statuses": "expected an array"}}}),
        ({"active": {"healthy": {"http_statuses": [99, 200, 1000]}}},
         {"active": {"healthy": {"http_statuses": [STATUS, None, STATUS]}}}),
        ({"active": {"healthy": {"http_statuses": [111.314]}}},
         {"active": {"healthy": {"http_statuses": ["expected an integer"]}}}),
        ({"active": {"healthy": {"successes": 256}}}, {"active": {"healthy": {"successes": COUNT}}}),
        ({"active": {"unhealthy": {"tcp_failures": 2.5}}},
         {"active": {"unhealthy": {"tcp_failures": "expected an integer"}}}),
        ({"active": {"unhealthy": {"http_failures": 256}}}, {"active": {"unhealthy": {"http_failures": COUNT}}}),
        ({"active": {"unhealthy": {"timeouts": -1}}}, {"active": {"unhealthy": {"timeouts": COUNT}}}),
        ({"passive": {"type": "x"}}, {"passive": {"type": "expected one of: tcp, http, https, grpc, grpcs"}}),
        ({"passive": {"healthy": {"successes": -1}}}, {"passive": {"healthy": {"successes": COUNT}}}),
        ({"passive": {"unhealthy": {"timeouts": 256}}}, {"passive": {"unhealthy": {"timeouts": COUNT}}}),
        ({"passive": {"unhealthy": {"http_statuses": ["x"]}}},
         {"passive": {"unhealthy": {"http_statuses": ["expected an integer"]}}}),
    ],
)  # fmt: skip
def test_bounds_of_health_checks(healthchecks, found):
    assert errors("upstreams", name="a.test", healthchecks=healthchecks) == {"healthchecks": found}


def test_a_data_plane_leaves_out_what_it_does_not_know():
    services = CATALOG["services"]
    record = services.prepare_insert({"host": "a"}, now=1)
    assert services.validate({**record, "of_tomorrow": None}) == {"of_tomorrow": "unknown field"}
    assert services.load({**record, "of_tomorrow": None}) == services.load(record)


def test_references_without_a_key():
    for value in ("x", 5, [], {}, {"name": None}):
        assert errors("routes", paths=["/"], service=value) == {"service": {"id": "missing primary key"}}
    assert errors("targets", target="a", upstream={"id": None}) == {"upstream": {"id": "required field missing"}}
