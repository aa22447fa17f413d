from __future__ import annotations

import time
from pathlib import Path

import pytest

from gwctl.certs import CertificateError, cluster_pair, issue_shared_pair, load_pair, pair_warnings
from gwctl.settings import Settings, Surroundings
from tests.unit.certs.conftest import Files, write

DAY = 86400.0


def settings(cwd: Path, role: str, environ: dict[str, str] | None = None) -> Settings:
    told = {"HOME": "/h", **(environ or {})}
    return Settings.load(role=role, environ=told, surroundings=Surroundings(cwd=cwd, uid=1000, conf_places=()))


def test_the_default_files_of_the_directory(tmp_path: Path) -> None:
    write(tmp_path, "cluster", issue_shared_pair(1, time.time()))
    assert cluster_pair(settings(tmp_path, "data_plane")).subject == "kong_clustering"


@pytest.mark.parametrize(
    ("role", "hint"), [("control_plane", "run `gwctl hybrid gen_cert` here"), ("data_plane", "copy both files from ")]
)
@pytest.mark.parametrize("present", ["", "cluster.crt"])
def test_missing_default_files_say_what_to_do(tmp_path: Path, role: str, hint: str, present: str) -> None:
    if present:
        (tmp_path / present).write_bytes(issue_shared_pair(1, time.time())[0])
    missing = tmp_path / ("cluster.key" if present else "cluster.crt")
    with pytest.raises(CertificateError) as caught:
        cluster_pair(settings(tmp_path, role))
    text = "cluster certificate and key must be provided to use Hybrid mode"
    assert str(caught.value) == f"{text}: no file at {missing}"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)
    assert "gwctl hybrid gen_cert" in caught.value.hint


def test_a_missing_file_that_was_named_is_named(tmp_path: Path) -> None:
    environ = {"KONG_CLUSTER_CERT": "/none/c.pem", "KONG_CLUSTER_CERT_KEY": "/none/k.pem"}
    with pytest.raises(CertificateError) as caught:
        cluster_pair(settings(tmp_path, "data_plane", environ))
    assert str(caught.value) == "cluster_cert: failed loading certificate from /none/c.pem: no such file"


def test_inline_pairs(tmp_path: Path, shared_files: Files) -> None:
    cert, key = (Path(path).read_text() for path in shared_files)
    environ = {"KONG_CLUSTER_CERT": cert, "KONG_CLUSTER_CERT_KEY": "{vault://env/the_key}", "THE_KEY": key}
    pair = cluster_pair(settings(tmp_path, "control_plane", environ))
    assert pair.sha256 == load_pair(*shared_files).sha256


def test_a_good_pair_needs_no_warning(shared_files: Files) -> None:
    assert pair_warnings(load_pair(*shared_files), time.time()) == []


def test_warnings(tmp_path: Path) -> None:
    now = time.time()
    files = write(tmp_path, "x", issue_shared_pair(100, now))
    Path(files.key).chmod(0o644)
    pair = load_pair(*files)
    exposed = f"others than its owner may read the key {files.key}; run chmod 600 on it"
    assert pair_warnings(pair, now) == [exposed]
    assert pair_warnings(pair, now + 90 * DAY)[1:] == [f"the certificate {files.cert} expires in 10 days"]
    assert pair_warnings(pair, now + 101 * DAY)[1:] == [
        f"the certificate {files.cert} has expired; data planes refuse it"
    ]
    assert "check the clock" in pair_warnings(pair, now - 60)[1]
