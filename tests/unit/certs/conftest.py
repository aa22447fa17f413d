"""Pairs as files: our own, and one as the reference makes it (X.509 version 1, serial number 0)."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from gwctl.certs import issue_shared_pair


class Files(NamedTuple):
    cert: str
    key: str


def write(directory: Path, stem: str, pair: tuple[bytes, bytes]) -> Files:
    cert, key = directory / f"{stem}.crt", directory / f"{stem}.key"
    cert.write_bytes(pair[0])
    key.write_bytes(pair[1])
    key.chmod(0o600)
    return Files(str(cert), str(key))


@pytest.fixture(scope="session")
def shared_files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write(tmp_path_factory.mktemp("shared"), "cluster", issue_shared_pair(1095, time.time()))


@pytest.fixture(scope="session")
def other_files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write(tmp_path_factory.mktemp("other"), "cluster", issue_shared_pair(1095, time.time()))


@pytest.fixture(scope="session")
def reference_files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Made by the OpenSSL command line exactly as the reference's pair looks (observed.md 5)."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the command openssl (Debian package openssl)")
    directory = tmp_path_factory.mktemp("reference")
    commands = (
        "ecparam -name secp384r1 -genkey -noout -out sec1.pem",
        "pkcs8 -topk8 -nocrypt -in sec1.pem -out cluster.key",
        "req -new -key cluster.key -subj /CN=kong_clustering -out request.pem",
        "x509 -req -in request.pem -signkey cluster.key -set_serial 0 -sha256 -days 1095 -out cluster.crt",
    )
    for command in commands:
        subprocess.run([openssl, *command.split()], cwd=directory, check=True, capture_output=True)
    (directory / "cluster.key").chmod(0o600)
    return Files(str(directory / "cluster.crt"), str(directory / "cluster.key"))
