import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.schema import fields, typedefs
from gwctl.schema.validators import compile_validator, no_peers


def error(typedef, value):
    return compile_validator(fields.string(typedef), no_peers)(value)


BAD_HOSTS = [
    "/example", ".example", "example .org", "example:", "mock;bin", "example.com/org", "example-.org", "example.org-",
    "hello..example.com", "hello-.example.com", "*example.com", "www.example*", "mock*bin.com", "1234", ":::1",
]  # fmt: skip
GOOD_HOSTS = [
    "hello.com", "hello.fr", "test.hello.com", "1991.io", "hello.COM", "HELLO.com", "123helloWORLD.com", "example.123",
    "example-api.com", "hello.abcd", "example_api.com", "localhost", "-example", "example.com.", "192.168.1.1", "::1",
    "xn--bcher-kva.example", "punycode-.x-y" .replace("-.", "."),
]  # fmt: skip


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_bad_hosts(host):
    assert error(typedefs.HOST, host) == f"invalid value: {host}"


@pytest.mark.parametrize("host", ["example.com:80", "example.com:100000", "1.2.3.4:80", "[::1]:80"])
def test_hosts_have_no_port(host):
    assert error(typedefs.HOST, host) == "must not have a port"


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_good_hosts(host):
    for typedef in (typedefs.HOST, typedefs.HOST_WITH_OPTIONAL_PORT, typedefs.ROUTE_HOST):
        assert error(typedef, host) is None


@pytest.mark.parametrize(
    ("typedef", "value", "text"),
    [
        (typedefs.HOST_WITH_OPTIONAL_PORT, "example.com:8080", None),
        (typedefs.HOST_WITH_OPTIONAL_PORT, "http://example.com", "invalid hostname: http://example.com"),
        (typedefs.HOST_WITH_OPTIONAL_PORT, "example.com:1000000", "invalid port number"),
        (typedefs.HOST_WITH_OPTIONAL_PORT, "ex-", "invalid hostname: ex-"),
        (typedefs.HOST_WITH_OPTIONAL_PORT, "1.2.3", "invalid value: 1.2.3"),
        (typedefs.ROUTE_HOST, "*.a", None),
        (typedefs.ROUTE_HOST, "a.*", None),
        (typedefs.ROUTE_HOST, "*.a:321", None),
        (typedefs.ROUTE_HOST, "[::1]:80", None),
        (typedefs.ROUTE_HOST, "*", "invalid wildcard: must be placed at leftmost or rightmost label"),
        (typedefs.ROUTE_HOST, "a.*:80", "invalid wildcard: must be placed at leftmost or rightmost label"),
        (typedefs.ROUTE_HOST, "*a.com", "invalid wildcard: must be placed at leftmost or rightmost label"),
        (typedefs.ROUTE_HOST, "a.*.com", "invalid wildcard: must be placed at leftmost or rightmost label"),
        (typedefs.ROUTE_HOST, "*.a.*", "invalid wildcard: must have at most one wildcard"),
        (typedefs.ROUTE_HOST, "example.com:1000000", "invalid port number"),
        (typedefs.ROUTE_HOST, "/example", "invalid hostname: /example"),
        (typedefs.SNI, "example.org", None),
        (typedefs.SNI, "127.0.0.1", "must not be an IP"),
        (typedefs.SNI, "120.0.9.32:90", "must not be an IP"),
        (typedefs.SNI, "::1", "must not be an IP"),
        (typedefs.SNI, "example.org:80", "must not have a port"),
        (typedefs.SNI, "exa mple", "invalid value: exa mple"),
        (typedefs.WILDCARD_SNI, "*", None),
        (typedefs.WILDCARD_SNI, "*.a", None),
        (typedefs.WILDCARD_SNI, "a.*", None),
        (typedefs.WILDCARD_SNI, "foo.*.test", "wildcard must be leftmost or rightmost character"),
        (typedefs.WILDCARD_SNI, "foo*.test", "wildcard must be leftmost or rightmost character"),
        (typedefs.WILDCARD_SNI, "*.wildcard.*", "only one wildcard must be specified"),
        (typedefs.WILDCARD_SNI, "example.org:80", "must not have a port"),
        (typedefs.WILDCARD_SNI, "127.0.0.1", "must not be an IP"),
        (typedefs.WILDCARD_SNI, "*.a b", "invalid value: *.a b"),
        (typedefs.IP, "127.0.0.1", None),
        (typedefs.IP, "::1", None),
        (typedefs.IP, "aabbccdd", "not an ip address: aabbccdd"),
        (typedefs.IP, "fe80::1%eth0", "not an ip address: fe80::1%eth0"),
        (typedefs.IP_OR_CIDR, "10.0.0.0/0", None),
        (typedefs.IP_OR_CIDR, "10.1.2.3/8", None),
        (typedefs.IP_OR_CIDR, "1.2.3.4/32", None),
        (typedefs.IP_OR_CIDR, "::1/128", None),
        *(
            (typedefs.IP_OR_CIDR, bad, f"invalid ip or cidr range: '{bad}'")
            for bad in ("127.", ":::1", "-1", "localhost", "foo", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/a", "::1/129",
                        "1.2.3.4/255.0.0.0", "1.2.3/8", "1.2.3.4/8/8")
        ),
    ],
)  # fmt: skip
def test_addresses(typedef, value, text):
    assert error(typedef, value) == text


@pytest.mark.parametrize("path", ["/", "/foo/", "/a-_.~!$&'()*+,;=:@", "/abcd~user~2", "/hello%20world", "/%C3%B8"])
def test_good_paths(path):
    assert error(typedefs.PATH, path) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "length must be at least 1"),
        ("foo", "should start with: /"),
        ("/foo//bar", "must not have empty segments"),
        ("//", "must not have empty segments"),
        ("/[a-z]+", "invalid path: '/[a-z]+' (characters outside of the reserved list of RFC 3986 found)"),
        ("/a b", "invalid path: '/a b' (characters outside of the reserved list of RFC 3986 found)"),
        ("/hello%2w", "invalid url-encoded value: '%2w'"),
        ("/hello%0Xworld", "invalid url-encoded value: '%0X'"),
        ("/%2G", "invalid url-encoded value: '%2G'"),
        ("/hello%", "invalid url-encoded value: '%'"),
        ("/hello%a", "invalid url-encoded value: '%a'"),
        ("/hello%ax", "invalid url-encoded value: '%ax'"),
    ],
)
def test_bad_paths(path, text):
    assert error(typedefs.PATH, path) == text


@pytest.mark.parametrize(
    "path", ["/", "/foo", "/a b", "/[x]{y}", r"~/\/*/user$", "~/u/(?<id>\\d+)", "/%2F", "/ø", "~/(?!a)b"]
)
def test_good_router_paths(path):
    assert error(typedefs.ROUTER_PATH, path) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "length must be at least 1"),
        ("foo", "should start with: / (fixed path) or ~/ (regex path)"),
        ("~foo", "should start with: / (fixed path) or ~/ (regex path)"),
        ("//", "must not have empty segments"),
        ("~/a//b", "must not have empty segments"),
        ("/a%2w", "invalid url-encoded value: '%2w'"),
        ("/a/../b", "non-normalized path, consider use '/b' instead"),
        ("/a%2f", "non-normalized path, consider use '/a%2F' instead"),
        ("/%61", "non-normalized path, consider use '/a' instead"),
        (
            "~/users/(foo/profile",
            "invalid regex: '/users/(foo/profile' (PCRE returned: pcre2_compile() failed: "
            'missing closing parenthesis in "/users/(foo/profile")',
        ),
        (
            "~/(?!x)(a+)+$",
            "invalid regex: '/(?!x)(a+)+$' (PCRE returned: repeated group with a repetition or alternative inside "
            'may backtrack without bound in "/(?!x)(a+)+$")',
        ),
    ],
)
def test_bad_router_paths(path, text):
    assert error(typedefs.ROUTER_PATH, path) == text


NAME_TEXT = "invalid value '{}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
TAG_TEXT = "invalid tag '{}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"


@pytest.mark.parametrize(
    ("typedef", "value", "text"),
    [
        *((typedefs.UTF8_NAME, name, None) for name in ("a.b-c_d~1", "ø", "円", "Konbini", "😀", "Ṧ")),
        *((typedefs.UTF8_NAME, name, NAME_TEXT.format(name)) for name in ("examp:le", "a;b", "a/b", "bad name!", " ")),
        (typedefs.UTF8_NAME, "ab\udcffc", "invalid utf-8 character sequence detected at position 3"),
        (typedefs.UTF8_NAME, "ø\udcff", "invalid utf-8 character sequence detected at position 3"),
        (typedefs.TAG, "a tag with ø and !\"#$%&'()*+-.:;<=>?@[]^_`{|}~", None),
        (typedefs.TAG, "a,b", TAG_TEXT.format("a,b")),
        (typedefs.TAG, "a/b", TAG_TEXT.format("a/b")),
        (typedefs.TAG, "a\tb", TAG_TEXT.format("a\tb")),
        (typedefs.TAG, "\udcff", "invalid utf-8 character sequence detected at position 1"),
        (typedefs.HEADER_NAME, "X-Thing_1", None),
        (
            typedefs.HEADER_NAME,
            "not a header",
            "bad header name 'not a header', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
        ),
        (typedefs.COOKIE_NAME, "chip!", None),
        (
            typedefs.COOKIE_NAME,
            "not a cookie",
            "contains one or more invalid characters. ASCII control characters (0-31;127), space, tab and the "
            'characters ()<>@,;:\\"/?={}[] are not allowed.',
        ),
        (typedefs.HTTP_METHOD, "CUSTOM", None),
        *((typedefs.HTTP_METHOD, name, f"invalid value: {name}") for name in ("HELLO WORLD", " GET", "get", "GET\n")),
        (typedefs.UUID, "E8C8921F-0000-0000-0000-00000000000A", None),
        (typedefs.UUID, "e8c8921f", "expected a valid UUID"),
        (typedefs.CERTIFICATE, "x", "invalid certificate: PEM routines::no start line"),
        (typedefs.KEY, "x", "invalid key: PEM routines::no start line"),
        (typedefs.KEY, "{vault://env/key}", None),
        (typedefs.NAME, "a.b-c_d~1", None),
        (typedefs.NAME, "ø", "invalid value 'ø': it must only contain alphanumeric and '., -, _, ~' characters"),
        (typedefs.SEMANTIC_VERSION, "1.2.3", None),
        (typedefs.SEMANTIC_VERSION, "1.2.3-beta", None),
        (typedefs.SEMANTIC_VERSION, "1..2", "must not have empty version segments"),
        (typedefs.SEMANTIC_VERSION, "x1.2", "invalid version number: must be in format of X.Y.Z"),
        (typedefs.URL, "https://a.test:80/b?c", None),
        (typedefs.URL, "a.test", "missing host in url"),
        (typedefs.URL, "http://", "missing host in url"),
        (typedefs.URL, "//a.test/b", "missing scheme in url"),
        (typedefs.URL_REF, "{vault://env/url}", None),
        (typedefs.HOST_REF, "{vault://env/host}", None),
        (typedefs.HOST_REF, "a:80", "must not have a port"),
        (typedefs.SNI_REF, "{vault://env/sni}", None),
        (typedefs.IPV4_CIDR, "10.0.0.0/8", None),
        (typedefs.IPV4_CIDR, "::1/128", "invalid ipv4 cidr range: '::1/128'"),
        (typedefs.IPV4_CIDR, "x", "invalid ipv4 cidr range: 'x'"),
    ],
)
def test_texts(typedef, value, text):
    assert error(typedef, value) == text


@pytest.mark.parametrize(
    ("typedef", "low", "high"),
    [
        (typedefs.PORT, 0, 65535),
        (typedefs.TIMEOUT, 0, 2147483646),
        (typedefs.PROXY_TIMEOUT, 1, 2147483646),
        (typedefs.TTL, 0, 100000000),
    ],
)
def test_numbers(typedef, low, high):
    check = compile_validator(fields.integer(typedef), no_peers)
    assert check(low) is None
    assert check(high) is None
    for value in (low - 1, high + 1):
        assert check(value) == f"value should be between {low} and {high}"


every_text = st.text(max_size=30) | st.text("ab1.-_:[]*/%~{} \ud800", max_size=20)


@given(every_text)
def test_no_text_breaks_a_typedef(text):
    for name in typedefs.__all__:
        typedef = getattr(typedefs, name)
        if isinstance(typedef, dict) and "between" not in typedef:
            found = error(typedef, text)
            assert found is None or isinstance(found, str)
