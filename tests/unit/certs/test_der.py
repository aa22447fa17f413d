from __future__ import annotations

import ssl

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from gwctl.certs import issue_shared_pair
from gwctl.certs.der import DerError, read_certificate

DER = ssl.PEM_cert_to_DER_cert(issue_shared_pair(10, 1_800_000_000)[0].decode())


@pytest.mark.parametrize(("days", "now"), [(1, 1_800_000_000), (36500, 1_800_000_000), (10, 2_524_607_000)])
def test_the_facts_are_those_a_full_parser_finds(days: int, now: int) -> None:
    """Also beyond 2049, where the form of times changes."""
    pem = issue_shared_pair(days, now)[0]
    full = x509.load_pem_x509_certificate(pem)
    facts = read_certificate(ssl.PEM_cert_to_DER_cert(pem.decode()))
    assert facts.subject == "kong_clustering"
    assert facts.not_before == full.not_valid_before_utc.timestamp() == now
    assert facts.not_after == full.not_valid_after_utc.timestamp() == now + days * 86400


@given(st.binary(max_size=200))
def test_any_bytes_give_facts_or_the_one_error(data: bytes) -> None:
    with pytest.raises(DerError):
        read_certificate(data)


@given(st.integers(0, len(DER) - 1))
def test_every_truncation_is_an_error(length: int) -> None:
    with pytest.raises(DerError):
        read_certificate(DER[:length])


@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_facts_or_the_one_error(place: int, value: int) -> None:
    data = bytearray(DER)
    data[place] = value
    try:
        read_certificate(bytes(data))
    except DerError:
        return
