from __future__ import annotations

import base64
import os
import ssl
import subprocess
import time
from hashlib import sha256
from pathlib import Path

import pytest

from gwctl.certs import CertificateError, issue_shared_pair, load_pair
from tests.unit.certs.conftest import Files, write


def refusal(cert: str, key: str) -> CertificateError:
    with pytest.raises(CertificateError) as caught:
        load_pair(cert, key)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_pair_from_files(shared_files: Files) -> None:
    pair = load_pair(*shared_files)
    der = ssl.PEM_cert_to_DER_cert(Path(shared_files.cert).read_text())
    assert pair.sha256 == sha256(der).digest()
    assert pair.der == der
    assert pair.subject == "kong_clustering"
    assert pair.not_after - pair.not_before == 1095 * 86400
    assert pair.places == shared_files
    assert not pair.exposed_key


def test_a_pair_of_the_reference(reference_files: Files) -> None:
    pair = load_pair(*reference_files)
    assert pair.subject == "kong_clustering"
    assert pair.not_after - pair.not_before == 1095 * 86400


@pytest.mark.parametrize("form", ["pem", "base64"])
def test_a_pair_inline(shared_files: Files, form: str) -> None:
    texts = [Path(path).read_text() for path in shared_files]
    if form == "base64":
        texts = [base64.b64encode(text.encode()).decode() for text in texts]
    pair = load_pair(*texts)
    assert pair.sha256 == load_pair(*shared_files).sha256
    assert pair.places == ("inline text", "inline text")


def test_a_chain_after_the_certificate_stays(shared_files: Files, other_files: Files, tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_text("a comment\n" + Path(shared_files.cert).read_text() + Path(other_files.cert).read_text())
    pair = load_pair(str(chain), shared_files.key)
    assert pair.sha256 == load_pair(*shared_files).sha256
    assert pair.cert_pem.count(b"BEGIN CERTIFICATE") == 2


def test_the_key_is_in_no_text_form(shared_files: Files) -> None:
    pair = load_pair(*shared_files)
    assert "PRIVATE KEY" not in repr(pair)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_may_read_is_noticed(shared_files: Files, tmp_path: Path, mode: int) -> None:
    key = tmp_path / "k"
    key.write_bytes(Path(shared_files.key).read_bytes())
    key.chmod(mode)
    assert load_pair(shared_files.cert, str(key)).exposed_key


def test_missing_files(shared_files: Files) -> None:
    error = refusal("/none/c", shared_files.key)
    assert str(error) == "cluster_cert: failed loading certificate from /none/c: no such file"
    assert error.hint == "set cluster_cert to a readable PEM file"
    error = refusal(shared_files.cert, "/none/k")
    assert str(error) == "cluster_cert_key: failed loading key from /none/k: no such file"


def test_something_unreadable(shared_files: Files, tmp_path: Path) -> None:
    error = refusal(str(tmp_path), shared_files.key)
    assert str(error) == f"cluster_cert: failed loading certificate from {tmp_path}: Is a directory"


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.6, 0.95])
def test_truncated_certificates(shared_files: Files, tmp_path: Path, keep: float) -> None:
    whole = Path(shared_files.cert).read_bytes()
    short = tmp_path / "short.crt"
    short.write_bytes(whole[: int(len(whole) * keep)])
    error = refusal(str(short), shared_files.key)
    assert str(error).startswith(f"cluster_cert: failed loading certificate from {short}: ")
    assert error.hint is not None
    assert "gen_cert" in error.hint


def test_a_certificate_truncated_inside(shared_files: Files, tmp_path: Path) -> None:
    lines = Path(shared_files.cert).read_text().splitlines()
    short = tmp_path / "short.crt"
    short.write_text("\n".join([*lines[:4], lines[-1]]))
    assert str(refusal(str(short), shared_files.key)).startswith("cluster_cert: failed loading certificate from ")


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9])
def test_truncated_keys(shared_files: Files, tmp_path: Path, keep: float) -> None:
    whole = Path(shared_files.key).read_bytes()
    short = tmp_path / "short.key"
    short.write_bytes(whole[: int(len(whole) * keep)])
    assert str(refusal(shared_files.cert, str(short))).startswith(
        f"cluster_cert_key: failed loading key from {short}: "
    )


def test_a_key_broken_inside(shared_files: Files, tmp_path: Path) -> None:
    lines = Path(shared_files.key).read_text().splitlines()
    broken = tmp_path / "broken.key"
    broken.write_text("\n".join([lines[0], lines[2], lines[-1]]))
    assert str(refusal(shared_files.cert, str(broken))).startswith("cluster_cert_key: failed loading key from ")


def test_swapped_files(shared_files: Files) -> None:
    assert str(refusal(shared_files.key, shared_files.cert)).endswith("no complete PEM certificate in it")


def test_files_of_different_pairs(shared_files: Files, other_files: Files) -> None:
    error = refusal(shared_files.cert, other_files.key)
    assert str(error) == (
        f"cluster_cert_key: the key in {other_files.key} does not belong to the certificate in {shared_files.cert}"
    )
    assert error.hint == "use the certificate and the key that were made together"


def test_an_encrypted_key_is_refused_without_asking(
    shared_files: Files, reference_files: Files, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.key"
    command = ["openssl", "pkcs8", "-topk8", "-in", shared_files.key, "-out", str(locked), "-passout", "pass:x"]
    subprocess.run(command, check=True, capture_output=True)
    assert str(refusal(shared_files.cert, str(locked))).endswith("it is encrypted")


def test_inline_text_is_not_repeated_in_errors(shared_files: Files) -> None:
    key = Path(shared_files.key).read_text()
    error = refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", key)
    assert str(error).startswith("cluster_cert: failed loading certificate from inline text: ")
    assert key[40:60] not in str(error)


def test_loading_leaves_no_file_and_no_descriptor(shared_files: Files) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        load_pair(*shared_files)
    assert len(os.listdir("/proc/self/fd")) == before


def test_other_settings_are_named(tmp_path: Path) -> None:
    files = write(tmp_path, "x", issue_shared_pair(1, time.time()))
    with pytest.raises(CertificateError) as caught:
        load_pair(files.cert, "/none", names=("ssl_cert", "ssl_cert_key"))
    assert str(caught.value).startswith("ssl_cert_key: failed loading key from /none")
