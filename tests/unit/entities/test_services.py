import pytest

from gwctl.entities import core_catalog
from gwctl.schema import EntityError

SERVICES = core_catalog()["services"]
CONDITION = "failed conditional validation given value of field 'protocol'"
PROTOCOLS = "expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"


def insert(**values):
    return SERVICES.prepare_insert(values, now=1700000000)


def errors(**values):
    return SERVICES.validate(insert(**values))


def test_defaults():
    record = insert(host="example.test", name="s1")
    assert SERVICES.validate(record) == {}
    assert {name: value for name, value in record.items() if name != "id"} == {
        "name": "s1",
        "protocol": "http",
        "host": "example.test",
        "port": 80,
        "path": None,
        "retries": 5,
        "connect_timeout": 60000,
        "read_timeout": 60000,
        "write_timeout": 60000,
        "enabled": True,
        "tags": None,
        "client_certificate": None,
        "ca_certificates": None,
        "tls_verify": None,
        "tls_verify_depth": None,
        "created_at": 1700000000,
        "updated_at": 1700000000,
    }


def test_nothing_given():
    with pytest.raises(EntityError) as caught:
        SERVICES.check(insert())
    assert caught.value.body() == {
        "code": 2,
        "name": "schema violation",
        "message": "schema violation (host: required field missing)",
        "fields": {"host": "required field missing"},
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"protocol": None}, {"protocol": "required field missing"}),
        ({"protocol": "ftp"}, {"protocol": PROTOCOLS}),
        ({"port": -1}, {"port": "value should be between 0 and 65535"}),
        ({"port": 65536}, {"port": "value should be between 0 and 65535"}),
        ({"port": "80"}, {"port": "expected an integer"}),
        ({"retries": -1}, {"retries": "value should be between 0 and 32767"}),
        ({"connect_timeout": 0}, {"connect_timeout": "value should be between 1 and 2147483646"}),
        ({"enabled": "yes"}, {"enabled": "expected a boolean"}),
        ({"path": ""}, {"path": "length must be at least 1"}),
        ({"path": 1}, {"path": "expected a string"}),
        ({"ca_certificates": ["x"]}, {"@entity": [CONDITION], "ca_certificates": ["expected a valid UUID"]}),
        ({"ca_certificates": ["x"], "protocol": "https"}, {"ca_certificates": ["expected a valid UUID"]}),
        ({"foo": 1}, {"foo": "unknown field"}),
        ({"tags": ["a,b"]}, {"tags": [
            "invalid tag 'a,b': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"]}),
        ({"protocol": "tcp", "path": "/x"}, {"path": "value must be null", "@entity": [CONDITION]}),
        ({"tls_verify": True}, {"tls_verify": "value must be null", "@entity": [CONDITION]}),
        ({"tls_verify": False, "protocol": "tls"}, {}),
        ({"tls_verify_depth": 65, "protocol": "https"}, {"tls_verify_depth": "value should be between 0 and 64"}),
        ({"client_certificate": {"id": "x"}, "protocol": "https"},
         {"client_certificate": {"id": "expected a valid UUID"}}),
        ({"client_certificate": "x", "protocol": "https"}, {"client_certificate": {"id": "missing primary key"}}),
    ],
)  # fmt: skip
def test_violations(values, expected):
    found = errors(host="example.test", **values)
    if "ca_certificates" in values and values.get("protocol") is None:
        assert found["@entity"] == expected["@entity"]
    else:
        assert found == expected


def test_every_failing_condition_has_its_own_line():
    with pytest.raises(EntityError) as caught:
        SERVICES.check(insert(host="a.test", protocol="tcp", path="/x", tls_verify=True))
    assert caught.value.message == (
        f"4 schema violations ({CONDITION}; {CONDITION}; path: value must be null; tls_verify: value must be null)"
    )


@pytest.mark.parametrize(
    ("url", "protocol", "host", "port", "path"),
    [
        ("http://127.0.0.1:18999", "http", "127.0.0.1", 18999, None),
        ("http://service.test/", "http", "service.test", 80, "/"),
        ("https://service.test/x/y", "https", "service.test", 443, "/x/y"),
        ("http://example.test:443", "http", "example.test", 443, None),
        ("http://example.test:000000000000443", "http", "example.test", 443, None),
        ("https://example2.test:80/", "https", "example2.test", 80, "/"),
        ("grpcs://a.test", "grpcs", "a.test", 80, None),
        ("tcp://a.test:5432", "tcp", "a.test", 5432, None),
        ("//a.test:443/x", "https", "a.test", 443, "/x"),
        ("//a.test:80", "http", "a.test", 80, None),
        ("//a.test", "http", "a.test", 80, None),
        ("http://user:pass@a.test/x?q=1#frag", "http", "a.test", 80, "/x"),
        ("HTTP://a.test", "http", "a.test", 80, None),
    ],
)
def test_the_url_shorthand(url, protocol, host, port, path):
    record = insert(url=url, host="other.test", port=1, path="/other")
    assert (record["protocol"], record["host"], record["port"], record["path"]) == (protocol, host, port, path)
    assert "url" not in record
    assert SERVICES.validate(record) == {}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("notaurl", {"path": "should start with: /", "host": "required field missing"}),
        ("a.b", {"path": "should start with: /", "host": "required field missing"}),
        ("invalid url", {"path": "should start with: /", "host": "required field missing"}),
        ("http://a.b?x=1", {"host": "invalid value: a.b?x=1"}),
        ("ftp://a.b", {"protocol": PROTOCOLS}),
        ("http://a b/", {"host": "invalid value: a b"}),
        ("http://a.b:65536/", {"port": "value should be between 0 and 65535"}),
        pytest.param(f"http://a.b:{'9' * 5000}/", {"port": "value should be between 0 and 65535"}, id="5000 digits"),
    ],
)
def test_an_unreadable_url_is_reported_at_the_real_fields(url, expected):
    assert errors(url=url) == expected


@pytest.mark.parametrize(("url", "text"), [("", "length must be at least 1"), (5, "expected a string")])
def test_a_url_of_the_wrong_type(url, text):
    with pytest.raises(EntityError) as caught:
        insert(url=url)
    assert caught.value.fields == {"url": text}


def test_a_url_in_an_update_clears_the_path():
    old = insert(host="a.test", path="/x", name="s")
    record = SERVICES.prepare_update({"url": "http://example2.test"}, now=1, existing=old)
    assert (record["host"], record["path"], record["name"]) == ("example2.test", None, "s")


def test_the_typed_instance():
    service = SERVICES.load(insert(host="a.test", client_certificate={"id": "1"}, tags=["x"]))
    assert (service.host, service.client_certificate.id, service.tags) == ("a.test", "1", ("x",))
