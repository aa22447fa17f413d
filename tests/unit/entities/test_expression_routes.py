"""Routes by the flavor of the router: expressions, plain server names, and the texts of addresses (06-routes)."""

import pytest

from gwctl.entities.all import ENTITIES
from gwctl.entities.catalog import Catalog, core_catalog
from gwctl.expressions import check_route

CATALOG = Catalog(ENTITIES, flavor="expressions", check_expression=check_route)
ROUTES = CATALOG["routes"]
ID = "e8c8921f-0000-4000-8000-000000000000"
FAILED = "Router Expression failed validation: "
CLASSIC = "'methods', 'hosts', 'paths', 'headers', 'snis', 'sources' or 'destinations'"


def errors(schema=ROUTES, **values):
    return schema.validate(schema.prepare_insert(values, now=1700000000))


def complaint(expression, protocols=("http",), **values):
    """The one thing that is wrong with a route, without what stands before it."""
    found = errors(expression=expression, protocols=list(protocols), **values)
    assert set(found) == {"@entity"}, found
    (text,) = found["@entity"]
    assert text.startswith(FAILED)
    return text.removeprefix(FAILED)


def test_an_expression_or_single_fields():
    record = ROUTES.prepare_insert({"expression": 'http.path ^= "/a"'}, now=1)
    assert ROUTES.validate(record) == {}
    assert (record["expression"], record["priority"]) == ('http.path ^= "/a"', 0)
    assert errors(paths=["/a"]) == {}
    assert errors(paths=["/a"], regex_priority=5) == {}
    assert errors(expression='http.path == "/"', priority=2**46 - 1) == {}
    assert ROUTES.load(record).expression == 'http.path ^= "/a"'


@pytest.mark.parametrize(
    "classic",
    [
        {"methods": ["GET"]},
        {"hosts": ["a.test"]},
        {"paths": ["/"]},
        {"headers": {"x": ["y"]}},
        {"snis": ["a.test"]},
        {"sources": [{"port": 1}]},
        {"destinations": [{"ip": "1.2.3.4"}]},
    ],
    ids=lambda classic: next(iter(classic)),
)
def test_expressions_and_single_fields_do_not_mix(classic):
    text = f"cannot set 'expression' with {CLASSIC} simultaneously"
    assert complaint('http.path == "/"', ("https",), **classic) == text
    found = errors(protocols=["https"], priority=1, **({"paths": ["/"]} | classic))
    assert found == {"@entity": [f"{FAILED}cannot set 'priority' with {CLASSIC} simultaneously"]}


def test_priorities():
    assert complaint('http.path == "/"', regex_priority=1) == (
        "cannot set 'regex_priority' with 'expression' simultaneously"
    )
    assert errors(expression='http.path == "/"', priority=None) == {"priority": "required field missing"}
    assert errors(expression='http.path == "/"', priority=2**46) == {
        "priority": f"value should be between 0 and {2**46 - 1}"
    }


def test_unreadable_expressions_and_fields_of_the_other_family():
    assert complaint("http.path = ")
    assert complaint('http.path == "/"', ("tcp",))
    assert complaint("net.src.ip in 1.2.3.4/16")
    for protocols in (["https"], ["grpc"], ["grpcs"], ["tcp"]):
        assert errors(protocols=protocols, expression="net.src.ip in 1.2.0.0/16 && net.dst.port == 80") == {}


def test_an_old_field_is_accepted_with_a_warning(caplog):
    assert errors(protocols=["tcp"], expression="net.port == 80") == {}
    assert any("net.port" in text for text in caplog.messages)


@pytest.mark.parametrize("segment", ["0", "1", "20_30", "len"])
def test_segments(segment):
    operator = "== 1" if segment == "len" else '== "x"'
    assert errors(protocols=["http"], expression=f"http.path.segments.{segment} {operator}") == {}


@pytest.mark.parametrize(
    "segment", ["len0", "len_a", "abc", "a_c", "1_2_3", "1_", "_1", "2_1", "1_1", "01_2", "001_2", "1_03"]
)
def test_segments_that_are_none(segment):
    assert complaint(f'http.path.segments.{segment} == "x"')


@pytest.mark.parametrize("expression", ['http.path.segments.len == "10"', 'http.path.segments. == "x"'])
def test_segments_of_the_wrong_form(expression):
    assert complaint(expression)


@pytest.mark.parametrize(
    ("protocols", "text"),
    [
        (["https"], "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis', 'expression'"),
        (["http"], "must set one of 'methods', 'hosts', 'headers', 'paths', 'expression'"),
        (["tcp"], "must set one of 'sources', 'destinations', 'snis', 'expression'"),
        (["tls_passthrough"], "must set one of 'snis', 'expression'"),
        (["grpc"], "must set one of 'hosts', 'headers', 'paths', 'expression'"),
        (["grpcs"], "must set one of 'hosts', 'headers', 'paths', 'snis', 'expression'"),
    ],
)
def test_an_expression_counts_as_a_matcher(protocols, text):
    (found,) = errors(protocols=protocols)["@entity"]
    assert found.startswith(f"{text} when 'protocols' is ")


def test_addresses_are_allowed_for_every_protocol():
    for protocols in (["http"], ["https"], ["grpc"], ["grpcs"]):
        assert errors(protocols=protocols, hosts=["a.test"], sources=[{"ip": "1.2.3.4"}]) == {}


def test_other_flavors_know_neither_expression_nor_priority():
    for flavor in ("traditional", "traditional_compatible"):
        routes = Catalog(ENTITIES, flavor=flavor)["routes"]
        found = errors(routes, paths=["/"], expression='http.path == "/"', priority=1)
        assert found == {"expression": "unknown field", "priority": "unknown field"}
    with pytest.raises(ValueError, match="no router flavor 'x'"):
        Catalog(ENTITIES, flavor="x")


def test_server_names_of_the_traditional_flavor_have_no_wildcard():
    plain = Catalog(ENTITIES, flavor="traditional")["routes"]
    compatible = core_catalog()["routes"]
    for name in ("*.a", "a.*"):
        assert errors(plain, protocols=["tls"], snis=[name]) == {"snis": [f"invalid value: {name}"]}
        assert errors(compatible, protocols=["tls"], snis=[name]) == {}
    for schema in (plain, compatible):
        for protocols in (["tls"], ["https"], ["tls_passthrough"], ["tls", "udp"]):
            assert errors(schema, protocols=protocols, snis=["a.test"]) == {}
        assert errors(schema, protocols=["grpcs"], snis=["a.test"]) == {}
        assert errors(schema, protocols=["tls"], snis=["127.0.0.1"]) == {"snis": ["must not be an IP"]}
        assert errors(schema, protocols=["tls"], snis=["example.org:80"]) == {"snis": ["must not have a port"]}


@pytest.mark.parametrize("ip", ["127.0.0.1", "0.0.0.0/0", "10.0.0.0/8", "1.2.3.4/32", "::1", "::/0", "::1/128"])
def test_addresses(ip):
    routes = core_catalog()["routes"]
    assert (
        errors(routes, protocols=["tcp"], sources=[{"ip": ip}, {"ip": ip, "port": 1}], destinations=[{"port": 2}]) == {}
    )


@pytest.mark.parametrize("ip", ["127.", ":::1", "-1", "localhost", "foo", "1.2.3.4/33", "1.2.3.4/a", "::1/129"])
def test_addresses_that_are_none(ip):
    routes = core_catalog()["routes"]
    assert errors(routes, protocols=["udp"], destinations=[{"ip": ip}]) == {
        "destinations": [{"ip": f"invalid ip or cidr range: '{ip}'"}]
    }


@pytest.mark.parametrize("one", ["http", "https"])
@pytest.mark.parametrize("other", ["tcp", "tls"])
def test_families_do_not_mix(one, other):
    routes = core_catalog()["routes"]
    assert errors(routes, protocols=[one, other], hosts=["a"]) == {
        "protocols": "these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')"
    }


def test_the_old_path_handling_warns(caplog):
    routes = core_catalog()["routes"]
    assert errors(routes, paths=["/"], path_handling="v0") == {}
    assert caplog.messages == []
    assert errors(routes, paths=["/"], path_handling="v1") == {}
    assert len(caplog.messages) == 1
    described = next(field for field in routes.describe()["fields"] if "path_handling" in field)
    assert "deprecation" not in described["path_handling"]


def test_a_service_may_be_missing_or_must_be_a_reference():
    routes = core_catalog()["routes"]
    assert errors(routes, paths=["/"], service=None) == {}
    assert errors(routes, paths=["/"], service={"id": ID}) == {}
    assert errors(routes, paths=["/"], service={"id": None}) == {"service": {"id": "required field missing"}}
