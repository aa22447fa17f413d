"""References to secrets in their parts (hybrid.md 2.4, plugins-transform-observe.md 8)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.kit.references import (
    ReferenceProblem,
    VaultReference,
    environment_variable,
    is_reference,
    parse_reference,
    secret_of,
)


def parts(text: str) -> tuple[object, ...]:
    found = parse_reference(text)
    return found.vault, found.resource, found.key, dict(found.options), found.version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{vault://env/name}", ("env", "name", None, {}, None)),
        ("{vault://env/name/key}", ("env", "name", "key", {}, None)),
        ("{vault://my-env/a/b/key}", ("my-env", "a/b", "key", {}, None)),
        ("{vault://env/a//b///key}", ("env", "a/b", "key", {}, None)),
        ("{vault://env//name}", ("env", "name", None, {}, None)),
        ("{vault://env/name/}", ("env", "name", None, {}, None)),
        ("{vault://env/a/b/}", ("env", "a/b", None, {}, None)),
        ("{vault://env/my%20name/ke%79}", ("env", "my name", "key", {}, None)),
        ("{vault://env/name?prefix=x_&ttl=}", ("env", "name", None, {"prefix": "x_", "ttl": ""}, None)),
        ("{vault://env/name/key?prefix=x#2}", ("env", "name", "key", {"prefix": "x"}, 2)),
    ],
)
def test_parts(text: str, expected: tuple[object, ...]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("vault://env/name", "not a reference [vault://env/name]"),
        ("{vault://env/name", "not a reference [{vault://env/name]"),
        ("{vault://}", "reference url is missing host [{vault://}]"),
        ("{vault:///name}", "reference url is missing host [{vault:///name}]"),
        ("{vault://env}", "reference url is missing path [{vault://env}]"),
        ("{vault://env?x=1}", "reference url is missing path [{vault://env?x=1}]"),
        ("{vault://env/}", "reference url has empty path [{vault://env/}]"),
        ("{vault://env//}", "reference url has empty path [{vault://env//}]"),
        ("{vault://env/name#old}", "reference url has invalid version [{vault://env/name#old}]"),
        ("{vault://env/name#-1}", "reference url has invalid version [{vault://env/name#-1}]"),
    ],
)
def test_problems(text: str, problem: str) -> None:
    with pytest.raises(ReferenceProblem) as raised:
        parse_reference(text)

    assert str(raised.value) == problem


@given(st.text(max_size=50))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for given_text in (text, f"{{vault://{text}}}", f"{{vault://env/{text}}}"):
        with contextlib.suppress(ReferenceProblem):
            found = parse_reference(given_text)
            assert is_reference(given_text)
            assert found.vault
            assert found.resource


@pytest.mark.parametrize(
    ("text", "prefix", "variable"),
    [
        ("{vault://env/my-name}", "", "MY_NAME"),
        ("{vault://env/name}", "secrets-again-", "SECRETS_AGAIN_NAME"),
        ("{vault://env/name?prefix=other_}", "secrets_", "OTHER_NAME"),
        ("{vault://env/name#1}", "", "NAME"),
        ("{vault://env/name#2}", "", "NAME_PREVIOUS"),
    ],
)
def test_variables(text: str, prefix: str, variable: str) -> None:
    assert environment_variable(parse_reference(text), prefix) == variable


@pytest.mark.parametrize(
    ("key", "value", "secret"),
    [(None, "plain", "plain"), (None, "", ""), ("a", '{"a": "inner"}', "inner"), ("a", '{"a": ""}', "")],
)
def test_secrets(key: str | None, value: str, secret: str) -> None:
    assert secret_of(VaultReference("{…}", "env", "name", key, {}, None), value) == secret


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "could not get value from external vault (no value found)"),
        ("plain s3cret", "could not get subfield value: unable to json decode value"),
        ('["s3cret"]', "could not get subfield value: subfield a not found in JSON secret"),
        ('{"a": 5}', "could not get subfield value: unexpected number value in JSON secret for subfield a"),
        (
            '{"a": {"b": "s3cret"}}',
            "could not get subfield value: unexpected table value in JSON secret for subfield a",
        ),
        ('{"a": true}', "could not get subfield value: unexpected boolean value in JSON secret for subfield a"),
        ("[" * 100_000, "could not get subfield value: unable to json decode value"),
    ],
)
def test_secrets_without_a_member_say_why_and_not_what_they_hold(value: str | None, problem: str) -> None:
    with pytest.raises(ReferenceProblem) as raised:
        secret_of(VaultReference("{…}", "env", "name", "a", {}, None), value)

    assert str(raised.value) == problem
