"""How an Admin API is reached: credentials, headers, TLS, and what their mistakes say."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest

from gwctl.certs.selfsigned import shared_pair
from gwctl.client import Access, AdminClient, AdminError, Tls
from gwctl.kit.errors import GwctlError
from tests.integration.admin.serving import serving
from tests.unit.client.test_admin_client import Answering


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the name ``kong_clustering``, and its key."""
    folder = tmp_path_factory.mktemp("pair")
    cert, key = shared_pair(2, time.time())
    (folder / "cert.pem").write_bytes(cert)
    (folder / "key.pem").write_bytes(key)
    return folder / "cert.pem", folder / "key.pem"


def server_context(pair: tuple[Path, Path], *, mutual: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pair[0])
    return context


def asked(port: int, tls: Tls) -> object:
    return AdminClient(access=Access(f"https://127.0.0.1:{port}", tls=tls, timeout=5)).get("/")


def test_tls_is_verified_unless_somebody_says_otherwise(pair: tuple[Path, Path]) -> None:
    with serving(Answering({"/": (200, b"{}")}), tls=server_context(pair)) as served:
        with pytest.raises(AdminError) as unknown:
            asked(served.port, Tls())
        with pytest.raises(AdminError) as other_name:
            asked(served.port, Tls(ca=pair[0]))
        assert asked(served.port, Tls(ca=pair[0], server_name="kong_clustering")) == {}
        assert asked(served.port, Tls(verify=False)) == {}
    assert (unknown.value.exit_code, other_name.value.exit_code) == (77, 77)
    assert "cannot trust the Admin API" in unknown.value.message
    assert "--ca" in str(unknown.value.hint)
    assert "--tls-server-name" in str(other_name.value.hint)


def test_a_client_certificate_is_shown(pair: tuple[Path, Path]) -> None:
    trusting = Tls(ca=pair[0], server_name="kong_clustering")
    with serving(Answering({"/": (200, b"{}")}), tls=server_context(pair, mutual=True)) as served:
        with pytest.raises(AdminError):
            asked(served.port, trusting)
        assert asked(served.port, Tls(pair[0], pair[0], pair[1], "kong_clustering")) == {}


@pytest.mark.parametrize("what", ["missing", "broken", "directory"])
def test_files_that_cannot_be_used_are_named(pair: tuple[Path, Path], tmp_path: Path, what: str) -> None:
    path = tmp_path if what == "directory" else tmp_path / "file.pem"
    if what == "broken":
        path.write_text("no PEM")
    for tls, word in ((Tls(ca=path), "CA file"), (Tls(cert=path), "client certificate")):
        with pytest.raises(GwctlError, match=f"cannot use the {word}") as caught:
            tls.context()
        assert str(path) in caught.value.message
    with pytest.raises(GwctlError, match="--key is of no use without --cert"):
        Tls(key=pair[1]).context()


def test_plain_http_to_a_tls_port_is_told(pair: tuple[Path, Path]) -> None:
    with serving(Answering({"/": (200, b"{}")}), tls=server_context(pair)) as served:
        with pytest.raises(AdminError) as caught:
            AdminClient(f"http://127.0.0.1:{served.port}").get("/")
        assert caught.value.exit_code == 69


def test_where_the_token_comes_from(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("from-file\n")
    other.write_text("from-option\n")
    environ = {"GWCTL_ADMIN_TOKEN_FILE": str(file)}

    def token(environ: dict[str, str], option: Path | None = None) -> str | None:
        return Access.from_environment(environ, token_file=option).headers.get("Kong-Admin-Token")

    assert token({}) is None
    assert token(environ) == "from-file"
    assert token({**environ, "GWCTL_ADMIN_TOKEN": "from-variable"}) == "from-variable"
    assert token({**environ, "GWCTL_ADMIN_TOKEN": "from-variable"}, other) == "from-option"


def test_secrets_are_in_no_representation_and_no_message(tmp_path: Path) -> None:
    secret = "s3cret\u00e9"
    file = tmp_path / "token"
    file.write_text(secret)
    for broken in (
        lambda: Access.from_environment({"GWCTL_ADMIN_TOKEN": secret}),
        lambda: Access.from_environment({}, token_file=file),
        lambda: Access.from_environment({}, headers=[f"Authorization: {secret}"]),
        lambda: Access.from_environment({}, headers=[secret]),
        lambda: AdminClient(f"http://{secret}@"),
    ):
        with pytest.raises(GwctlError) as caught:
            broken()
        assert "s3cret" not in f"{caught.value.message}{caught.value.hint}"
    access = Access.from_environment({"GWCTL_ADMIN_TOKEN": "s3cret"}, headers=["X-Key: s3cret"])
    assert "s3cret" not in repr(access)


@pytest.mark.parametrize("name", ["missing", "empty", "binary"])
def test_a_token_file_that_holds_none(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if name != "missing":
        file.write_bytes(b"" if name == "empty" else b"\xff")
    with pytest.raises(GwctlError, match=str(file)):
        Access.from_environment({}, token_file=file)


@pytest.mark.parametrize("text", ["no colon", ": value", "a b: c", "a: b\r\nX: y"])
def test_headers_that_are_none(text: str) -> None:
    with pytest.raises(GwctlError, match="is no header") as caught:
        Access.from_environment({}, headers=[text])
    assert caught.value.exit_code == 2
