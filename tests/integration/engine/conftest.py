"""What several tests of the engine share."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest

from gwctl.certs import issue_default_pair


@pytest.fixture(scope="module", params=["h11", "fast"])
def codec(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of each codec."""
    return {"GWCTL_HTTP_CODEC": request.param}


@pytest.fixture(scope="module")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder: Path = tmp_path_factory.mktemp("tls")
    cert, key = issue_default_pair("ec", time.time())
    (folder / "cert").write_bytes(cert)
    (folder / "key").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context
