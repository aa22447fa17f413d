import pytest

from gwctl.entities import core_catalog
from gwctl.schema import EntityError

CATALOG = core_catalog()
ROUTES = CATALOG["routes"]
ID = "e8c8921f-0000-4000-8000-000000000000"
PROTOCOL = "expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"
SNIS = "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'"
HTTPS = "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"
STREAM = "'tcp', 'tls', 'tls_passthrough' or 'udp'"


def insert(**values):
    return ROUTES.prepare_insert(values, now=1700000000)


def errors(**values):
    return ROUTES.validate(insert(**values))


def test_defaults():
    record = insert(name="r1", paths=["/r1"], service={"id": ID})
    assert ROUTES.validate(record) == {}
    assert {name: value for name, value in record.items() if name != "id"} == {
        "name": "r1",
        "service": {"id": ID},
        "protocols": ["http", "https"],
        "methods": None,
        "hosts": None,
        "paths": ["/r1"],
        "headers": None,
        "snis": None,
        "sources": None,
        "destinations": None,
        "strip_path": True,
        "preserve_host": False,
        "regex_priority": 0,
        "path_handling": "v0",
        "https_redirect_status_code": 426,
        "request_buffering": True,
        "response_buffering": True,
        "tags": None,
        "created_at": 1700000000,
        "updated_at": 1700000000,
    }


def test_strip_path_of_grpc():
    assert insert(protocols=["grpc"], hosts=["a.test"])["strip_path"] is False
    assert insert(protocols=["tls"], snis=["a.test"])["strip_path"] is True


@pytest.mark.parametrize(
    ("protocols", "text"),
    [
        (["http", "https"], HTTPS),
        (["https"], HTTPS),
        (["http"], "must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'"),
        (["tcp"], "must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp'"),
        (["tls", "udp"], "must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp'"),
        (["tls_passthrough"], "must set snis when 'protocols' is 'tls_passthrough'"),
        (["grpc"], "must set one of 'hosts', 'headers', 'paths' when 'protocols' is 'grpc'"),
        (["grpc", "grpcs"], "must set one of 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'grpcs'"),
    ],
)
def test_a_route_needs_something_to_match(protocols, text):
    assert errors(protocols=protocols) == {"@entity": [text]}
    assert errors(protocols=protocols, headers=None, snis=[]) == {"@entity": [text]}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"protocols": None}, {"protocols": "required field missing"}),
        ({"protocols": []}, {"protocols": "unknown type: nil"}),
        ({"protocols": ["foo"]}, {"protocols": "unknown type: foo"}),
        ({"protocols": 5}, {"protocols": "expected a set"}),
        ({"protocols": "http"}, {"protocols": "expected a set"}),
        ({"protocols": ["foo", "http"]}, {"protocols": [PROTOCOL]}),
        *(
            (
                {"protocols": [one, "tcp"]},
                {"protocols": "these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')"},
            )
            for one in ("http", "https")
        ),
        ({"methods": ["get"]}, {"methods": ["invalid value: get"]}),
        ({"methods": ["CUSTOM"]}, {}),
        ({"paths": "/z"}, {"paths": "expected an array"}),
        ({"paths": ["/ok", "no"]}, {"paths": [None, "should start with: / (fixed path) or ~/ (regex path)"]}),
        ({"hosts": ["a.test", "1000 "]}, {"hosts": [None, "invalid hostname: 1000 "]}),
        ({"regex_priority": "foobar"}, {"regex_priority": "expected an integer"}),
        (
            {"https_redirect_status_code": 404},
            {"https_redirect_status_code": "expected one of: 426, 301, 302, 307, 308"},
        ),
        ({"path_handling": "v2"}, {"path_handling": "expected one of: v0, v1"}),
        ({"sources": [{"ip": "1.2.3.4"}]}, {"sources": "cannot set 'sources' when 'protocols' is 'http' or 'https'"}),
        (
            {"destinations": [{"port": 1}]},
            {"destinations": "cannot set 'destinations' when 'protocols' is 'http' or 'https'"},
        ),
        ({"expression": "http.path == \"/\""}, {"expression": "unknown field"}),
        ({"priority": 1}, {"priority": "unknown field"}),
        ({"snis": ["a.test"], "protocols": ["http"]}, {"snis": "length must be 0", "@entity": [SNIS]}),
        ({"snis": ["a.test"]}, {}),
        ({"snis": ["foo.*.test"]}, {"snis": ["wildcard must be leftmost or rightmost character"]}),
        ({"headers": {"Host": ["a"]}}, {"headers": "cannot contain 'host' header, which must be specified in the "
                                                   "'hosts' attribute"}),
        ({"headers": {"x y": ["a"]}}, {"headers": "bad header name 'x y', allowed characters are A-Z, a-z, 0-9, '_', "
                                                  "and '-'"}),
        ({"headers": {"x": "a"}}, {"headers": "expected an array"}),
        ({"headers": {"x": [""]}}, {"headers": ["length must be at least 1"]}),
        ({"service": {"id": None}}, {"service": {"id": "required field missing"}}),
        ({"service": {"id": "x"}}, {"service": {"id": "expected a valid UUID"}}),
        ({"service": "x"}, {"service": {"id": "missing primary key"}}),
        ({"service": {"protocol": "http"}}, {"service": {"id": "missing primary key"}}),
        ({"service": {"name": None}}, {"service": {"id": "missing primary key"}}),
        ({"service": {"protocol": "foo"}}, {"service": {"protocol": PROTOCOL}}),
        ({"routes": "x"}, {"routes": "unknown field"}),
    ],
)  # fmt: skip
def test_violations(values, expected):
    assert errors(**{"paths": ["/"], **values}) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"sources": [{"ip": "10.0.0.0/8"}]}, {}),
        ({"sources": [{"port": 1}], "destinations": [{"ip": "::1/128", "port": 2}]}, {}),
        (
            {"sources": [{}]},
            {"sources": [{"@entity": ["at least one of these fields must be non-empty: 'ip', 'port'"]}]},
        ),
        ({"sources": [{"port": 65536}]}, {"sources": [{"port": "value should be between 0 and 65535"}]}),
        ({"sources": [{"ip": "127."}]}, {"sources": [{"ip": "invalid ip or cidr range: '127.'"}]}),
        *(
            ({"sources": [{"port": 1}], name: value}, {name: f"cannot set '{name}' when 'protocols' is {STREAM}"})
            for name, value in {"methods": ["GET"], "hosts": ["a"], "paths": ["/"], "headers": {"a": ["b"]}}.items()
        ),
        ({"snis": ["a.test"]}, {"snis": "length must be 0", "@entity": [SNIS]}),
    ],
)  # fmt: skip
def test_stream_routes(values, expected):
    assert errors(protocols=["tcp", "udp"], **values) == expected


@pytest.mark.parametrize(
    ("name", "value"), [("methods", ["GET"]), ("sources", [{"port": 1}]), ("destinations", [{"port": 1}])]
)
def test_grpc_routes_refuse_what_has_no_meaning(name, value):
    text = f"cannot set '{name}' when 'protocols' is 'grpc' or 'grpcs'"
    assert errors(protocols=["grpc"], hosts=["a.test"], **{name: value}) == {name: text}


def test_grpc_routes_keep_their_path():
    text = "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'"
    assert errors(protocols=["grpcs"], hosts=["a.test"], strip_path=True) == {"strip_path": text}


def test_the_message_of_two_faults():
    with pytest.raises(EntityError) as caught:
        ROUTES.check(insert(protocols=["foo", "http"], methods=["GET"], service={"protocol": "foo"}))
    assert caught.value.message == f"2 schema violations (protocols.1: {PROTOCOL}; service.protocol: {PROTOCOL})"


def test_clearing_the_last_matcher_in_an_update():
    old = insert(paths=["/r"])
    record = ROUTES.prepare_update({"paths": None}, now=1, existing=old)
    assert ROUTES.validate(record, updating=True) == {"@entity": [HTTPS]}


def test_an_update_of_protocols_checks_everything_again():
    old = insert(paths=["/r"])
    record = ROUTES.prepare_update({"protocols": ["grpc"]}, now=1, existing=old)
    assert ROUTES.validate(record, updating=True) == {
        "strip_path": "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'"
    }


def test_tls_and_passthrough_do_not_mix():
    found = errors(protocols=["tls", "tls_passthrough"], snis=["a.test"])
    assert found == {"protocols": "these sets are mutually exclusive: ('tcp', 'tls', 'udp'), ('tls_passthrough')"}


def test_the_typed_instance():
    route = ROUTES.load(insert(protocols=["tcp"], sources=[{"ip": "1.2.3.4"}], headers=None))
    assert (route.sources[0].ip, route.sources[0].port) == ("1.2.3.4", None)
    assert ROUTES.load(insert(headers={"a": ["b"]})).headers == {"a": ("b",)}
