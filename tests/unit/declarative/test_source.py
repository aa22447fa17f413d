"""Texts that cannot be read, and what protects the process that reads them (reliability.md S5)."""

from __future__ import annotations

import math
import string
import time
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gwctl.declarative import DeclarativeError, limits, source
from gwctl.declarative.scalars import plain
from gwctl.declarative.source import read_source
from tests.unit.declarative.conftest import Loads, Refuses

PREFIX = "failed parsing declarative configuration: "


def parse_text(refuses: Refuses, text: str | bytes, name: str | None = None) -> str:
    error = refuses(text, name=name)
    assert list(error.fields) == ["error"]
    assert error.body()["code"] == 14
    return str(error.fields["error"]).removeprefix(PREFIX)


@pytest.mark.parametrize("text", ["", "bobby tables", "- 1", "null", "3", '"x"', "[]", "# nothing\n", "---\n...\n"])
def test_what_is_no_object(refuses: Refuses, text: str) -> None:
    assert parse_text(refuses, text) == "expected an object"


def test_the_end_of_a_name_decides(loads: Loads, refuses: Refuses) -> None:
    lenient = '{"_format_version": "3.0", "services": [],}'

    assert loads(lenient).records == {}, "JSON with a trailing comma is read as YAML"
    assert loads(lenient, name="a.yml").records == {}
    assert "trailing comma" in parse_text(refuses, lenient, "a.json")
    assert loads("_format_version: '3.0'").records == {}
    assert refuses("x", name="conf.d/kong.toml").fields == {
        "error": "unknown file type: conf.d/kong.toml. (Accepted types: json, yaml)"
    }


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: b: c", "1:5"),
        ("{x: [", "2:1"),
        ("a:\n  - b\n c: d", "3:2"),
        ("a: \x01", "1:4"),
        ("a: *nowhere", "1:4"),
        ("a: !python/object:os.system x", "1:4"),
        ("a: !!binary aGk=", "1:4"),
        ("a: 1\n---\nb: 2", "2:1"),
        ("? [x]\n: y", "1:3"),
        ("a: !!int x", "1:4"),
        ("<<: 3", "1:5"),
    ],
)
def test_yaml_that_cannot_be_read_names_its_place(refuses: Refuses, text: str, place: str) -> None:
    error = refuses(text, name="f.yaml")

    assert str(error.fields["error"]).startswith(f"{PREFIX}{place}: ")
    assert str(error.places[0]).startswith(f"f.yaml:{place}: ")


def test_truncated_json_names_its_place(refuses: Refuses) -> None:
    assert parse_text(refuses, '{"a": [1,\n 2', "a.json").startswith("2:")


def test_a_large_truncated_json_is_not_read_twice(refuses: Refuses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_LENIENT_JSON", 100)

    def never(*_: object) -> Any:
        raise AssertionError("read as YAML")

    monkeypatch.setattr(source, "yaml_source", never)

    assert parse_text(refuses, ' {"services": [' + '{"name": "x"},' * 100).startswith("1:")


def test_invalid_utf8_names_its_place(refuses: Refuses) -> None:
    text = parse_text(refuses, b"a: 1\nb: \xc3\xa9\xff")

    assert text == "2:5: invalid utf-8 character sequence detected at position 11"
    assert "invalid utf-8" in parse_text(refuses, "a: \udcff")


def test_a_byte_order_mark_is_no_part_of_the_text(loads: Loads) -> None:
    for text in ('{"_format_version": "3.0"}', "_format_version: '3.0'\n"):
        assert loads(b"\xef\xbb\xbf" + text.encode()).hash == loads(text).hash


def test_too_long_a_text_is_refused_unread(refuses: Refuses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 1024 * 1024)

    assert parse_text(refuses, b"#" * (1024 * 1024 + 1)) == "the text is longer than 1 MiB"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
def test_deep_nesting_is_refused_at_once(refuses: Refuses, opening: str, depth: int) -> None:
    """The C reader of YAML kills the interpreter past 20,000 levels."""
    began = time.monotonic()

    assert parse_text(refuses, opening * depth, "a.yaml").endswith("nested deeper than 64 levels")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
def test_deep_json_is_refused(refuses: Refuses, depth: int) -> None:
    text = '{"_format_version": "3.0", "_ignore": ' + "[" * depth + "]" * depth + "}"

    told = parse_text(refuses, text, "a.json")
    assert "nested deeper" in told or "depth limit exceeded" in told


def test_the_deepest_allowed_nesting(loads: Loads) -> None:
    inside = limits.MAX_DEPTH - 2
    for name in ("a.json", "a.yaml"):
        assert (
            loads('{"_format_version": "3.0", "_ignore": [' + "[" * inside + "]" * inside + "]}", name=name).records
            == {}
        )


def test_aliases_may_not_explode(refuses: Refuses) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    assert "aliases stand for more than 5,000,000 nodes" in parse_text(refuses, "\n".join(lines))


def test_an_alias_of_a_long_text_counts_by_its_length(refuses: Refuses) -> None:
    text = f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 1_000)}]"

    assert "aliases stand for more than" in parse_text(refuses, text)


def test_an_alias_inside_of_itself(refuses: Refuses) -> None:
    assert "stands inside what it means" in parse_text(refuses, "a: &a [*a]")
    assert "stands inside what it means" in parse_text(refuses, "&a {b: {<<: *a}}")


def test_names_that_stand_twice_are_told(loads: Loads) -> None:
    declared = loads("_format_version: '3.0'\nservices:\n- host: a\n  port: 1\n  host: b\n", name="k.yml")

    assert next(iter(declared.records["services"].values()))["host"] == "b"
    assert declared.warnings == ("k.yml:5:3: 'host' stands twice in one object; the last one holds",)


def test_merge_keys() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 0}\nw: {b: 9, <<: *x}"

    document = read_source(text).document

    assert document["z"] == {"a": 0, "b": 2, "c": 4}
    assert document["w"] == {"a": 1, "b": 9}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("99999999999999999999", 1e20), ("9" * 400, math.inf), ("-" + "9" * 399, -math.inf),
        ("0x" + "f" * 300, math.inf), ("1" + ":0" * 11, 60.0**11), ("1" + ":0" * 180, math.inf),
        ("yes", True), ("On", True), ("FALSE", False), ("off", False), ("y", "y"), ("n", "n"), ("~", None), ("", None),
        ("Null", None), ("0777", 511), ("0o17", "0o17"), ("08", "08"), ("0x1F", 31), ("0b101", 5), ("1_000", 1000),
        ("1:30", 90), ("-1:30", -90), ("12:30:45", 45045), ("1:30.5", 90.5), ("-7", -7), ("+3", 3), ("1.5", 1.5),
        ("1.", 1.0), (".5", 0.5), ("1.5e3", 1500.0), ("1e3", "1e3"), (".inf", math.inf), ("-.INF", -math.inf),
        ("2024-01-01", "2024-01-01"), ("2024-01-01 10:00:00", "2024-01-01 10:00:00"), ("=", "="), ("-", "-"),
        (".", "."), ("1.2.3", "1.2.3"), ("0b", "0b"), ("0x", "0x"), ("9" * 500, "9" * 500), ("10.0.0.1", "10.0.0.1"),
    ],
)  # fmt: skip
def test_plain_scalars_are_those_of_yaml_1_1_without_dates(text: str, value: Any) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_not_a_number_stays_one() -> None:
    assert math.isnan(plain(".nan"))


@given(st.text(alphabet=string.digits + "+-._:eExXbBoO", max_size=12))
def test_any_plain_scalar_is_read_without_a_crash_and_as_the_pure_reader_does(text: str) -> None:
    try:
        expected = yaml.safe_load(f"[{text}]") if text and text[0] not in "-:?" and ":" not in text else plain(text)
    except (yaml.YAMLError, ValueError):
        return
    if isinstance(expected, list) and len(expected) == 1 and isinstance(expected[0], int | float):
        found = plain(text)
        assert found == expected[0] or (isinstance(found, float) and math.isnan(found)) or found == text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_json_is_read_as_it_is(document: dict[str, Any]) -> None:
    assert read_source(orjson.dumps(document)).document == document


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_text_crashes_the_reader(text: bytes | str) -> None:
    try:
        read_source(text)
    except DeclarativeError as error:
        told = (error.places, error.tree())
        assert all(told)


@given(
    st.lists(
        st.sampled_from(["- ", "a: ", "&x ", "*x", "[", "]", "{", "}", ",", "\n", "  ", "'", '"', "|\n", "<<: ", "? "])
    )
)
def test_no_mixture_of_signs_crashes_the_reader(parts: list[str]) -> None:
    try:
        read_source("".join(parts), "a.yaml")
    except DeclarativeError as error:
        error.body()
