"""Vault references (hybrid.md 2.4, acceptance C4 and C5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.settings.conftest import Load


def test_a_reference_is_resolved_without_a_word(load: Load) -> None:
    settings = load({"KONG_REAL_IP_HEADER": "{vault://env/ip-header}", "IP_HEADER": "X-From"})
    assert settings.text("real_ip_header") == "X-From"
    assert [notice for notice in settings.notices if notice.level != "debug"] == []


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("{vault://env/secret?prefix=my_}", "from MY_"),
        ("{vault://env/document/inner}", "member"),
        ("{vault://env/secret#2}", "older"),
        ("{vault://env/secret#1}", "plain"),
    ],
)
def test_forms(load: Load, reference: str, value: str) -> None:
    environ = {
        "MY_SECRET": "from MY_",
        "SECRET": "plain",
        "SECRET_PREVIOUS": "older",
        "DOCUMENT": '{"inner": "member", "number": 5}',
    }
    assert load({**environ, "KONG_PG_USER": reference}).text("pg_user") == value


@pytest.mark.parametrize("prefix", ["SECRETS_", "SECRETS-AGAIN-", "secrets_"])
def test_the_setting_vault_env_prefix(load: Load, prefix: str) -> None:
    variable = (prefix + "name").upper().replace("-", "_")
    environ = {"KONG_VAULT_ENV_PREFIX": prefix, variable: "found", "KONG_PG_USER": "{vault://env/name}"}
    assert load(environ).text("pg_user") == "found"


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("{vault://env/ipheader}", "could not get value from external vault (no value found)"),
        ("{vault://hcv/ipheader}", "could not find vault (hcv)"),
        ("{vault://env/document/missing}", "could not get subfield value: subfield missing not found in JSON secret"),
        (
            "{vault://env/document/number}",
            "could not get subfield value: unexpected number value in JSON secret for subfield number",
        ),
        ("{vault://env/text/key}", "could not get subfield value: unable to json decode value"),
        ("{vault://env}", "reference url is missing path [{vault://env}]"),
        ("{vault://env/}", "reference url has empty path [{vault://env/}]"),
        ("{vault:///x}", "reference url is missing host [{vault:///x}]"),
        ("{vault://env/x#y}", "reference url has invalid version [{vault://env/x#y}]"),
    ],
)
def test_a_reference_without_a_value_is_an_error(
    problems: Callable[..., list[str]], reference: str, reason: str
) -> None:
    environ = {"KONG_REAL_IP_HEADER": reference, "DOCUMENT": '{"number": 5}', "TEXT": "no json"}
    assert problems(environ) == [f"failed to dereference '{reference}': {reason} for config option 'real_ip_header'"]


def test_vaults_off_finds_none(problems: Callable[..., list[str]]) -> None:
    environ = {"KONG_VAULTS": "off", "KONG_PG_USER": "{vault://env/x}", "X": "y"}
    assert problems(environ) == [
        "failed to dereference '{vault://env/x}': could not find vault (env) for config option 'pg_user'"
    ]


def test_the_value_is_checked_like_any_other(problems: Callable[..., list[str]]) -> None:
    assert problems({"KONG_PG_PORT": "{vault://env/x}", "X": "y"}) == ["pg_port is not a number: 'y'"]


def test_items_of_arrays_are_resolved(load: Load) -> None:
    settings = load({"KONG_TRUSTED_IPS": "{vault://env/x}, 10.0.0.1", "X": "10.0.0.2"})
    assert settings.words("trusted_ips") == ("10.0.0.2", "10.0.0.1")


def test_the_reference_is_shown_and_written_never_the_value(load: Load) -> None:
    environ = {"KONG_PG_PASSWORD": "{vault://env/p}", "KONG_PG_USER": "{vault://env/u}", "P": "s3cret", "U": "hidden"}
    settings = load(environ)
    assert settings.text("pg_password") == "s3cret"
    assert "pg_password = {vault://env/p}\n" in settings.dump()
    assert settings.masked()["pg_user"] == "{vault://env/u}"
    assert settings.masked()["pg_password"] == "******"
    assert settings.configuration()["pg_user"] == "{vault://env/u}"
    for shown in (settings.dump(), repr(settings), repr(settings.masked()), repr(settings.rows())):
        assert "s3cret" not in shown
        assert "hidden" not in shown
