"""The route expression language (proxy.md 1.5, admin-api.md 1.2 and its list 06-routes #8)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.expressions import ExpressionError, check_route, compile_expression

REQUEST: Mapping[str, Sequence[Any]] = {
    "net.protocol": ["https"],
    "tls.sni": ["front.test"],
    "http.method": ["GET"],
    "http.host": ["front.test"],
    "http.path": ["/a/B/c"],
    "http.path.segments.len": [3],
    "http.path.segments.0": ["a"],
    "http.path.segments.0_1": ["a/B"],
    "http.headers.x_one": ["Value"],
    "http.headers.x_two": ["first", "second"],
    "http.queries.q": [""],
    "net.src.ip": [ip_address("10.1.2.3")],
    "net.dst.ip": [ip_address("fd00::7")],
    "net.src.port": [40000],
    "net.dst.port": [443],
}


def holds(text: str) -> bool:
    return compile_expression(text).matches(lambda name: REQUEST.get(name, ()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('http.method == "GET"', True),
        ('http.method != "GET"', False),
        ('http.path ^= "/a"', True),
        ('http.path =^ "/c"', True),
        ('http.path =^ "/C"', False),
        ('lower(http.path) =^ "/b/c"', True),
        ('http.path contains "B/"', True),
        ('http.path ~ "^/[a-z]/B"', True),
        ('http.path ~ "B$"', False),
        ('http.path == r#"/a/"B"/c"#', False),
        ('http.path == "/a\\/B"', None),
        ("net.dst.port == 443", True),
        ("net.dst.port == 0x1bb", True),
        ("net.dst.port == 0673", True),
        ("net.dst.port != 443", False),
        ("net.dst.port > 442 && net.dst.port >= 443 && net.dst.port < 444 && net.dst.port <= 443", True),
        ("net.dst.port > -1", True),
        ("net.port == 443", True),
        ("net.src.ip == 10.1.2.3", True),
        ("net.src.ip in 10.0.0.0/8", True),
        ("net.src.ip not in 10.0.0.0/8", False),
        ("net.src.ip in fd00::/8", False),
        ("net.dst.ip in fd00::/8", True),
        ("net.dst.ip == fd00::7", True),
        ('http.headers.x_one == "Value"', True),
        ('http.headers.x_one == "value"', False),
        ('lower(http.headers.x_one) == "value"', True),
        ('http.headers.x_two == "first"', False),
        ('any(http.headers.x_two) == "first"', True),
        ('any(lower(http.headers.x_two)) == "second"', True),
        ('lower(any(http.headers.x_two)) == "second"', True),
        ('any(http.headers.x_two) == "third"', False),
        ('http.headers.missing == ""', False),
        ('http.headers.missing != "x"', False),
        ('!(http.headers.missing == "x")', True),
        ('http.queries.q == ""', True),
        ("http.path.segments.len == 3", True),
        ('http.path.segments.0 == "a"', True),
        ('http.path.segments.0_1 == "a/B"', True),
        ('http.path.segments.7 == "a"', False),
        # || binds tighter than &&
        ('http.method == "PUT" && http.method == "GET" || http.method == "GET"', False),
        ('(http.method == "PUT" && http.method == "GET") || http.method == "GET"', True),
        ('http.method == "GET" || http.method == "PUT" && http.method == "PUT"', False),
        ('!(!(http.method == "GET"))', True),
    ],
)
def test_what_holds_of_a_request(text: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(ExpressionError):
            holds(text)
    else:
        assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1:1: expected a field"),
        ("http.method", "1:12: expected an operator such as == or ^="),
        ("http.method ==", "1:15: expected a value after =="),
        ('http.method == "GET" http.path', "1:22: expected && or || before http.path"),
        ('http.method == "GET', "1:16: cannot read a string that does not end"),
        ('http.method == "\\q"', "1:16: unknown escape \\q in a string"),
        ("http.method == 7", "1:16: == needs a value of type String, not Int"),
        ('http.method > "a"', "1:13: > cannot be used with http.method of type String"),
        ('net.dst.port == "1"', "1:17: == needs a value of type Int, not String"),
        ("net.dst.port == 09", "1:17: 09 is not an octal number"),
        ("net.dst.port == 9223372036854775808", "1:17: 9223372036854775808 does not fit into 64 bits"),
        pytest.param(
            f"net.dst.port == {'9' * 5000}", f"1:17: {'9' * 5000} does not fit into 64 bits", id="5000 digits"
        ),
        ("net.src.ip in 1.2.3.4/16", "1:15: 1.2.3.4/16 is not a network: 1.2.3.4/16 has host bits set"),
        ("net.src.ip in 10.0.0.1", "1:15: in needs a value of type IpCidr, not IpAddr"),
        ("net.src.ip not 10.0.0.1", "1:16: expected in after not"),
        ('foo == "a"', "1:1: unknown field foo"),
        ('upper(http.path) == "A"', "1:1: unknown function upper(), there are lower() and any()"),
        ("lower(net.dst.port) == 1", "1:7: lower() takes a String, net.dst.port is of type Int"),
        ('!http.path == "a"', "1:2: ! stands only before a parenthesis"),
        ('(http.path == "a"', "1:18: expected )"),
        ('lower(http.path == "a"', "1:17: expected ) after the argument of lower()"),
        ('http.path == "a" &&\n &', "2:2: cannot read '&'"),
        ('http.path ~ "("', "invalid regex: "),
    ],
)
def test_faults_are_told_with_their_place(text: str, fault: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        compile_expression(text)

    assert raised.value.message.startswith(fault)


def test_depth_is_limited() -> None:
    inside = 'http.path == "/"'

    assert holds("!(" * 99 + inside + ")" * 99) is True
    with pytest.raises(ExpressionError, match="more than 100 parentheses"):
        compile_expression("(" * 50_000 + inside + ")" * 50_000)
    with pytest.raises(ExpressionError, match="more than 100 functions"):
        compile_expression("any(" * 50_000 + "http.path" + ")" * 50_000 + ' == "a"')


def test_an_expression_names_what_it_looks_up() -> None:
    compiled = compile_expression('net.port == 1 && any(lower(http.headers.a)) == "b" || http.path ^= "/"')

    assert compiled.fields == {"net.dst.port", "http.headers.a", "http.path"}
    assert compiled.aliases == {"net.port": "net.dst.port"}


class TestRoutes:
    @pytest.mark.parametrize("part", ["0", "1", "20_30", "len"])
    def test_segments(self, part: str) -> None:
        value = "1" if part == "len" else '"a"'
        assert check_route(f"http.path.segments.{part} == {value}", ["https"]) is None

    @pytest.mark.parametrize(
        "part", ["len0", "len_a", "abc", "a_c", "1_2_3", "1_", "_1", "2_1", "1_1", "01_2", "001_2", "1_03"]
    )
    def test_illformed_segments(self, part: str) -> None:
        assert check_route(f'http.path.segments.{part} == "a"', ["http"]) == "illformed http.path.segments.* field"

    @pytest.mark.parametrize("text", ['http.path.segments.len == "10"', 'http.path.segments. == "a"'])
    def test_segments_that_cannot_be_read(self, text: str) -> None:
        assert check_route(text, ["http"])

    def test_stream_routes_have_no_fields_of_http(self) -> None:
        fault = "1:1: the field http.path is not available for stream routes"
        assert check_route('http.path == "/"', ["tcp"]) == fault
        assert check_route("net.dst.port == 1", ["tcp", "udp"]) is None
        assert check_route('net.src.ip == 1.2.3.4 && net.protocol == "https"', ["https", "grpcs"]) is None

    def test_old_names_are_warned_about(self, caplog: pytest.LogCaptureFixture) -> None:
        assert check_route("net.port == 8000", ["http"]) is None
        assert "'net.port' of router expressions is deprecated" in caplog.text


@given(st.text(alphabet='abcnet.httpsrcipmld"\\#r!()&|=~^<> \n0123456789x:/_-', max_size=80) | st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        compile_expression(text).matches(lambda _: ())


@given(st.text(max_size=40), st.text(max_size=40))
def test_strings_mean_what_is_between_their_quotes(value: str, other: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    compiled = compile_expression(f'http.path == "{escaped}"')

    assert compiled.matches(lambda _: [value])
    assert compiled.matches(lambda _: [other]) is (value == other)
