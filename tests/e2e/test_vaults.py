"""Secrets: ``gwctl vault get``, vault entities, references in records (hybrid.md 3.7, 12.4)."""

from __future__ import annotations

import pytest

from tests.tools.client import ask
from tests.tools.gateway import Place
from tests.tools.traditional import Traditional
from tests.tools.waiting import wait_for

SECRETS = {
    "MY_SECRET": "plain",
    "SECRETS_NAME": "with prefix",
    "SECRETS_AGAIN_NAME": "with dashes",
    "DOCUMENT": '{"user": "u1", "n": 5}',
    "TEST_NAME": "of the entity",
}


@pytest.mark.parametrize(
    ("arguments", "environ", "printed"),
    [
        (["env/my-secret"], {}, "plain"),
        (["env/my_secret"], {}, "plain"),
        (["{vault://env/my-secret}"], {}, "plain"),
        (["env/document/user"], {}, "u1"),
        (["env/name"], {"KONG_VAULT_ENV_PREFIX": "SECRETS_"}, "with prefix"),
        (["env/name"], {"KONG_VAULT_ENV_PREFIX": "SECRETS-AGAIN-"}, "with dashes"),
        (["{vault://env/name?prefix=secrets-}"], {}, "with prefix"),
    ],
)
def test_c42_values(place: Place, arguments: list[str], environ: dict[str, str], printed: str) -> None:
    got = place.gwctl("vault", "get", *arguments, "-p", "node", env=SECRETS | environ)

    assert (got.out, got.err) == (f"{printed}\n", "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "the 'get' command needs a <reference> argument"),
        (["none/name"], "could not find vault (none) [{vault://none/name}]"),
        (["env/none"], "could not get value from external vault (no value found) [{vault://env/none}]"),
        (["env/document/none"], "could not get subfield value: subfield none not found in JSON secret"),
        (["env/document/n"], "could not get subfield value: unexpected number value in JSON secret for subfield n"),
        (["{vault://env}"], "reference url is missing path [{vault://env}]"),
    ],
)
def test_c42_errors(place: Place, arguments: list[str], error: str) -> None:
    refused = place.gwctl("vault", "get", *arguments, "-p", "node", env=SECRETS, ok=False)

    assert refused.code == 1
    assert refused.out == ""
    assert refused.err.startswith(f"Error: {error}"), refused.err
    assert "u1" not in refused.err


def test_c42_help(place: Place) -> None:
    assert "REFERENCE" in place.gwctl("vault", "get", "--help").out


def test_c42_c23_vault_entities_and_references_in_records(place: Place) -> None:
    """A vault entity is found by its prefix; records keep references, and one without a value stops nothing."""
    node = Traditional(place)
    node.environ |= SECRETS
    node.started()
    admin = f"http://127.0.0.1:{node.admin_port}"
    vault = {"prefix": "test-env", "name": "env", "config": {"prefix": "test_"}}
    assert ask("POST", f"{admin}/vaults", data=vault).status == 201
    pair = {"cert": "{vault://test-env/name}", "key": "{vault://env/not-there}"}
    made = ask("POST", f"{admin}/certificates", data=pair)
    assert made.status == 201, made.body
    shown = ask("GET", f"{admin}/certificates/{made.json()['id']}").json()

    got = place.gwctl("vault", "get", "test-env/name", "-p", node.prefix, env=SECRETS)
    lost = place.gwctl("vault", "get", "test-env/nothing", "-p", node.prefix, env=SECRETS, ok=False)

    assert (shown["cert"], shown["key"]) == (pair["cert"], pair["key"])
    assert got.out == "of the entity\n"
    assert "could not get value from external vault (no value found) [{vault://test-env/nothing}]" in lost.err

    reloaded = place.gwctl("restart", "-p", node.prefix, env=node.environ)
    assert reloaded.code == 0
    warning = "error updating secret reference {vault://env/not-there}"
    wait_for(lambda: warning in node.log, "the reference without a value is named", deadline=10)
    answer = ask("GET", f"http://127.0.0.1:{node.port}/")
    assert (answer.status, answer.json()["message"]) == (404, "no Route matched with those values")
    assert "of the entity" not in node.log
