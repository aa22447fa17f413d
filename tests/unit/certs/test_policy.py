"""Presets of TLS: versions, ciphers, parameters, sessions (proxy.md 10.2)."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from gwctl.certs import CertificateError, blank_context, tls_policy
from gwctl.certs.dhparams import group_pem, groups
from gwctl.settings import Settings

V = ssl.TLSVersion


def policy_of(tmp_path: Path, **told: str) -> ssl.SSLContext:
    environ = {"HOME": str(tmp_path), **{f"KONG_{name.upper()}": text for name, text in told.items()}}
    return blank_context(tls_policy(Settings.load(role="traditional", environ=environ)))


@pytest.mark.parametrize(
    ("told", "lowest", "highest", "server_order"),
    [
        ({"ssl_cipher_suite": "modern"}, V.TLSv1_3, V.TLSv1_3, False),
        ({}, V.TLSv1_2, V.TLSv1_3, False),
        ({"ssl_cipher_suite": "old"}, V.TLSv1, V.TLSv1_3, True),
        ({"ssl_cipher_suite": "fips"}, V.TLSv1_2, V.TLSv1_2, True),
        ({"ssl_cipher_suite": "custom", "ssl_protocols": "TLSv1.1 TLSv1.2"}, V.TLSv1_1, V.TLSv1_2, True),
        ({"ssl_cipher_suite": "custom", "ssl_prefer_server_ciphers": "off"}, V.TLSv1_2, V.TLSv1_3, False),
    ],
)
def test_presets(tmp_path: Path, told: dict[str, str], lowest: V, highest: V, server_order: bool) -> None:
    context = policy_of(tmp_path, **told)
    assert (context.minimum_version, context.maximum_version) == (lowest, highest)
    assert bool(context.options & ssl.OP_CIPHER_SERVER_PREFERENCE) is server_order
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert not context.options & ssl.OP_NO_TICKET


def test_intermediate_has_authenticated_ciphers_with_forward_secrecy_only(tmp_path: Path) -> None:
    found = policy_of(tmp_path).get_ciphers()
    assert found
    assert all(one["aead"] and one["kea"] in ("kx-ecdhe", "kx-dhe", "kx-any") for one in found)


def test_sessions_without_tickets(tmp_path: Path) -> None:
    assert policy_of(tmp_path, ssl_session_tickets="off").options & ssl.OP_NO_TICKET


@pytest.mark.parametrize("name", groups())
def test_openssl_takes_every_group(name: str, tmp_path: Path) -> None:
    file = tmp_path / "dh"
    file.write_bytes(group_pem(name))
    for told in (name, str(file)):
        policy_of(tmp_path, ssl_cipher_suite="custom", ssl_dhparam=told)


@pytest.mark.parametrize(("told", "words"), [("/nowhere", "cannot read"), ("-----BEGIN X-----", "no usable")])
def test_parameters_that_cannot_be_used(tmp_path: Path, told: str, words: str) -> None:
    with pytest.raises(CertificateError, match=f"ssl_dhparam: {words}"):
        policy_of(tmp_path, ssl_cipher_suite="custom", ssl_dhparam=told)
