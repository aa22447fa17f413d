"""The link's TLS: real handshakes over a socket pair (hybrid.md 4.2, reliability.md S7)."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from dataclasses import dataclass

import pytest

from gwctl.certs import CertificatePair, ClusterTrust, TrustError, issue_shared_pair, load_pair
from tests.unit.certs.conftest import Files

OTHER_CLIENT = (
    "data plane presented incorrect client certificate during handshake "
    "(digest does not match the control plane certificate)"
)


@dataclass
class Outcome:
    """What each end saw of its peer, or why it failed."""

    client: bytes | None = None
    server: bytes | None = None
    client_error: Exception | None = None
    server_error: Exception | None = None
    tickets: bool = False
    version: str | None = None


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> Outcome:
    """Shake hands and send a byte each way, so that both ends know how it ended."""
    outcome = Outcome()
    near, far = socket.socketpair()
    near.settimeout(10)
    far.settimeout(10)

    def serve() -> None:
        try:
            with server.wrap_socket(far, server_side=True) as tls:
                outcome.server = tls.getpeercert(True)
                tls.sendall(b"x")
                tls.recv(1)
        except OSError as error:
            outcome.server_error = error
        finally:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname=ClusterTrust.server_name) as tls:
            outcome.client = tls.getpeercert(True)
            tls.recv(1)
            outcome.tickets = tls.session is not None and tls.session.has_ticket
            outcome.version = tls.version()
            tls.sendall(b"y")
    except OSError as error:
        outcome.client_error = error
    finally:
        near.close()
        thread.join()
    return outcome


def trust(files: Files) -> ClusterTrust:
    return ClusterTrust.shared(load_pair(*files))


def issued(days: int, now: float) -> ClusterTrust:
    cert, key = issue_shared_pair(days, now)
    return ClusterTrust.shared(load_pair(cert.decode(), key.decode()))


def careless_client(pair: CertificatePair | None) -> ssl.SSLContext:
    """A client that verifies nothing, so that only the server's checks count."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if pair is not None:
        pair.load_into(context)
    return context


@pytest.fixture(params=["ours", "reference"])
def files(request: pytest.FixtureRequest, shared_files: Files) -> Files:
    if request.param == "reference":
        found = request.getfixturevalue("reference_files")
        assert isinstance(found, Files)
        return found
    return shared_files


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_two_nodes_with_the_same_pair_talk(files: Files, version: ssl.TLSVersion) -> None:
    here, there = trust(files), trust(files)
    client = there.client_context()
    client.maximum_version = version
    outcome = handshake(here.server_context(), client)
    assert (outcome.client_error, outcome.server_error) == (None, None)
    here.check_client(outcome.server)
    there.check_server(outcome.client)


def test_a_context_that_is_strict_by_default_is_not(files: Files) -> None:
    """As Python 3.13 made its default context; the reference's certificates fail its checks."""
    context = trust(files).client_context()
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_our_certificate_passes_the_checks_of_strict_clients(shared_files: Files) -> None:
    here = trust(shared_files)
    client = ssl.create_default_context(cafile=shared_files.cert)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    assert handshake(here.server_context(), client).client_error is None


def test_no_session_is_remembered(shared_files: Files) -> None:
    here = trust(shared_files)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client = here.client_context()
        client.maximum_version = version
        assert not handshake(here.server_context(), client).tickets


def test_old_versions_are_refused(shared_files: Files) -> None:
    here = trust(shared_files)
    assert here.server_context().minimum_version is ssl.TLSVersion.TLSv1_2
    assert here.client_context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_two_nodes_with_different_pairs_both_know_why(files: Files, other_files: Files) -> None:
    """The data plane by its check; the control plane because it sees the certificate that it refuses."""
    here, there = trust(files), trust(other_files)
    outcome = handshake(here.server_context(), there.client_context())
    assert outcome.client == here.pair.der
    with pytest.raises(TrustError) as caught:
        there.check_server(outcome.client)
    assert "another certificate than the cluster_cert of this node" in str(caught.value)
    assert outcome.server is None
    assert outcome.server_error is not None
    assert here.explain_client(outcome.server_error) == OTHER_CLIENT
    assert outcome.client_error is not None
    assert "the control plane refused the certificate of this node" in there.explain_server(outcome.client_error)


def test_a_client_that_verifies_by_itself_is_understood(shared_files: Files, other_files: Files) -> None:
    here = trust(shared_files)
    outcome = handshake(here.server_context(), ssl.create_default_context(cafile=other_files.cert))
    assert outcome.server_error is not None
    assert "data plane refused the certificate of this control plane" in here.explain_client(outcome.server_error)


def test_a_certificate_signed_with_the_pinned_key_is_another_one(reference_files: Files) -> None:
    """A version 1 certificate counts as an authority for OpenSSL; the digest decides nevertheless."""
    here = trust(reference_files)
    with pytest.raises(TrustError) as caught:
        here.check_client(issued(1, time.time()).pair.der)
    assert str(caught.value) == OTHER_CLIENT


def test_no_certificate_is_found_by_the_check(shared_files: Files) -> None:
    here = trust(shared_files)
    outcome = handshake(here.server_context(), careless_client(None))
    assert outcome.server is None
    for nothing in (outcome.server, b""):
        with pytest.raises(TrustError) as caught:
            here.check_client(nothing)
        assert str(caught.value) == "data plane failed to present client certificate during handshake"


def test_digests_of_the_server_are_checked(shared_files: Files, other_files: Files) -> None:
    here, there = trust(shared_files), trust(other_files)
    here.check_server(here.pair.der)
    for wrong in (None, b"", there.pair.der):
        with pytest.raises(TrustError):
            here.check_server(wrong)


def test_a_data_plane_refuses_an_expired_certificate() -> None:
    old = issued(1, time.time() - 10 * 86400)
    outcome = handshake(old.server_context(), old.client_context())
    with pytest.raises(TrustError) as caught:
        old.check_server(outcome.client)
    assert str(caught.value).startswith("the cluster certificate expired on ")


def test_a_data_plane_whose_clock_is_behind_says_so() -> None:
    early = issued(10, time.time() + 5 * 86400)
    with pytest.raises(TrustError) as caught:
        early.check_server(early.pair.der)
    assert "check the clock of this node" in str(caught.value)


def test_a_verifying_client_says_when_the_certificate_expired() -> None:
    old = issued(1, time.time() - 10 * 86400)
    client = old.client_context()
    client.verify_mode = ssl.CERT_REQUIRED
    outcome = handshake(old.server_context(), client)
    assert outcome.server_error is not None
    assert "expired on " in old.explain_client(outcome.server_error)


def test_a_control_plane_ignores_the_dates_of_clients() -> None:
    old = issued(1, time.time() - 10 * 86400)
    outcome = handshake(old.server_context(), careless_client(old.pair))
    assert outcome.server_error is None
    old.check_client(outcome.server)


def test_other_failures_are_put_into_words(shared_files: Files) -> None:
    here = trust(shared_files)
    assert here.explain_client(ConnectionResetError("reset")) == "TLS handshake with data plane failed: reset"
    assert here.explain_server(TimeoutError()) == "TLS handshake with the control plane failed: TimeoutError"
