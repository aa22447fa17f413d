"""TLS of proxy, Admin API and Status API listeners (hybrid.md 2.8, proxy.md 10)."""

from __future__ import annotations

import ssl
import threading
import time
from pathlib import Path

import pytest

from gwctl.certs import CertificateError, listener_context, listener_tls, prepare_listener_pairs, tls_policy
from gwctl.settings import Settings, Surroundings
from tests.unit.certs.conftest import Files
from tests.unit.certs.test_trust import Outcome, handshake

DEFAULT_FILES = ["kong-default-ecdsa.crt", "kong-default-ecdsa.key", "kong-default.crt", "kong-default.key"]


def settings(prefix: Path, environ: dict[str, str] | None = None) -> Settings:
    told = {"HOME": "/h", "KONG_PREFIX": str(prefix), **(environ or {})}
    return Settings.load(environ=told, surroundings=Surroundings(cwd=prefix, uid=1000, conf_places=()))


def careless(**versions: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, version in versions.items():
        setattr(context, name, version)
    return context


def connect(server: ssl.SSLContext, **versions: ssl.TLSVersion) -> Outcome:
    return handshake(server, careless(**versions))


def test_default_certificates_are_made_once_and_kept(tmp_path: Path) -> None:
    first = prepare_listener_pairs(settings(tmp_path), "proxy_listen", now=time.time())
    assert sorted(path.name for path in (tmp_path / "ssl").iterdir()) == DEFAULT_FILES
    assert (tmp_path / "ssl" / "kong-default.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ssl" / "kong-default.crt").stat().st_mode & 0o777 == 0o644
    assert [pair.subject for pair in first] == ["localhost", "localhost"]
    second = prepare_listener_pairs(settings(tmp_path), "proxy_listen", now=time.time())
    assert [pair.sha256 for pair in first] == [pair.sha256 for pair in second]


@pytest.mark.parametrize(("name", "stem"), [("admin_listen", "admin-"), ("status_listen", "status-")])
def test_each_kind_of_listener_has_its_own(tmp_path: Path, name: str, stem: str) -> None:
    listener_tls(settings(tmp_path), name, now=time.time())
    assert sorted(path.name for path in (tmp_path / "ssl").iterdir()) == [stem + file for file in DEFAULT_FILES]


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    digests = []

    def prepare() -> None:
        pairs = prepare_listener_pairs(settings(tmp_path), "proxy_listen", now=time.time())
        digests.append(tuple(pair.sha256 for pair in pairs))

    threads = [threading.Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 4
    assert len(set(digests)) == 1


def test_half_a_default_pair_is_not_overwritten(tmp_path: Path) -> None:
    listener_tls(settings(tmp_path), "proxy_listen", now=time.time())
    (tmp_path / "ssl" / "kong-default.key").unlink()
    with pytest.raises(CertificateError) as caught:
        listener_tls(settings(tmp_path), "proxy_listen", now=time.time())
    assert str(caught.value) == (
        f"{tmp_path / 'ssl' / 'kong-default.key'} is missing, but {tmp_path / 'ssl' / 'kong-default.crt'} exists"
    )


def test_a_prefix_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "ssl").write_text("not a directory")
    with pytest.raises(CertificateError) as caught:
        listener_tls(settings(tmp_path), "proxy_listen", now=time.time())
    assert str(caught.value).startswith(f"cannot make certificates in {tmp_path / 'ssl'}: ")


def test_configured_certificates_are_presented(tmp_path: Path, shared_files: Files) -> None:
    environ = {"KONG_SSL_CERT": shared_files.cert, "KONG_SSL_CERT_KEY": shared_files.key}
    context = listener_tls(settings(tmp_path, environ), "proxy_listen", now=time.time())
    outcome = connect(context)
    assert outcome.client == ssl.PEM_cert_to_DER_cert(Path(shared_files.cert).read_text())
    assert not (tmp_path / "ssl").exists()


def test_a_configured_certificate_that_cannot_be_read_names_its_setting(tmp_path: Path) -> None:
    environ = {"KONG_ADMIN_SSL_CERT": "/none/c", "KONG_ADMIN_SSL_CERT_KEY": "/none/k"}
    with pytest.raises(CertificateError) as caught:
        listener_tls(settings(tmp_path, environ), "admin_listen", now=time.time())
    assert str(caught.value) == "admin_ssl_cert: failed loading certificate from /none/c: no such file"


def test_http1_is_what_is_spoken(tmp_path: Path) -> None:
    context = listener_tls(settings(tmp_path), "proxy_listen", now=time.time())
    client = careless()
    client.set_alpn_protocols(["h2", "http/1.1"])
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(far, near, server_hostname="localhost"), context.wrap_bio(near, far, server_side=True))
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert [end.selected_alpn_protocol() for end in ends] == ["http/1.1", "http/1.1"]


@pytest.mark.parametrize(
    ("environ", "spoken", "refused"),
    [
        ({}, "TLSv1.2", None),
        ({"KONG_SSL_CIPHER_SUITE": "old"}, "TLSv1.2", None),
        ({"KONG_SSL_CIPHER_SUITE": "modern"}, "TLSv1.3", "TLSv1.2"),
        ({"KONG_SSL_CIPHER_SUITE": "custom", "KONG_SSL_PROTOCOLS": "TLSv1.1 TLSv1.2"}, "TLSv1.2", "TLSv1.3"),
    ],
)
def test_versions(
    tmp_path: Path, shared_files: Files, environ: dict[str, str], spoken: str, refused: str | None
) -> None:
    told = {**environ, "KONG_SSL_CERT": shared_files.cert, "KONG_SSL_CERT_KEY": shared_files.key}
    context = listener_tls(settings(tmp_path, told), "proxy_listen", now=time.time())
    versions = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
    wanted = versions[spoken]
    assert connect(context, minimum_version=wanted, maximum_version=wanted).version == spoken
    if refused is not None:
        wanted = versions[refused]
        assert connect(context, minimum_version=wanted, maximum_version=wanted).client_error is not None


def test_custom_ciphers(tmp_path: Path) -> None:
    told = {"KONG_SSL_CIPHER_SUITE": "custom", "KONG_SSL_CIPHERS": "ECDHE-ECDSA-AES128-GCM-SHA256"}
    assert tls_policy(settings(tmp_path, told)).ciphers == "ECDHE-ECDSA-AES128-GCM-SHA256"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"KONG_SSL_PROTOCOLS": "SSLv3"}, "ssl_protocols: no usable version of TLS in 'SSLv3'"),
        ({"KONG_SSL_PROTOCOLS": "TLSv1.2 TLSv9"}, "ssl_protocols: no usable version of TLS in 'TLSv1.2 TLSv9'"),
        ({"KONG_SSL_CIPHERS": "NONSENSE"}, "ssl_ciphers: OpenSSL knows no cipher of 'NONSENSE'"),
    ],
)
def test_a_custom_suite_that_cannot_be(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    told = {"KONG_SSL_CIPHER_SUITE": "custom", **environ}
    with pytest.raises(CertificateError) as caught:
        listener_context((), tls_policy(settings(tmp_path, told)))
    assert str(caught.value) == message
