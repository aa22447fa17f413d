"""PostgreSQL over TLS is verified against the node's authorities (proxy.md 17.3, 27-trusted-cert)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.kit.errors import GwctlError
from gwctl.settings import Settings
from gwctl.store import DatabaseConfig, DatabaseUnavailable, require_current
from tests.tools.authority import Authority
from tests.tools.postgres import Database
from tests.tools.postgres_tls import tls_in_front
from tests.tools.stores import bootstrap

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)]


@pytest.fixture(scope="module")
def ours() -> Authority:
    return Authority("ours")


@pytest.fixture
def secure(database: Database, ours: Authority, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a node whose bootstrapped database is behind TLS."""
    issued = ours.issue("localhost")
    (tmp_path / "server.pem").write_text(issued.cert + issued.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")
    bootstrap(database.config())
    with tls_in_front(database.port, context) as port:
        yield database.environ() | {
            "KONG_PREFIX": str(tmp_path / "node"),
            "KONG_PG_HOST": "localhost",
            "KONG_PG_PORT": str(port),
            "KONG_PG_SSL": "on",
            "KONG_PG_SSL_VERIFY": "on",
        }


def refusal(environ: dict[str, str]) -> str:
    """Why the database is not reached; empty when it is."""
    config = DatabaseConfig.from_settings(Settings.load(role="control_plane", environ=environ))
    try:
        require_current(config)
    except DatabaseUnavailable as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("trusted", "expected"),
    [
        pytest.param("system", False, id="nobody of ours"),
        pytest.param("{other}", False, id="another authority"),
        pytest.param("{ours}", True, id="one"),
        pytest.param("{other},{ours}", True, id="several"),
        pytest.param("system,{ours}", True, id="with those of the system"),
    ],
)
def test_who_the_database_is_verified_by(
    secure: dict[str, str], ours: Authority, tmp_path: Path, trusted: str, expected: bool, database_kind: str
) -> None:
    places = {}
    for name, authority in (("ours", ours), ("other", Authority("other"))):
        (tmp_path / name).write_text(authority.cert)
        places[name] = tmp_path / name
    told = {"KONG_LUA_SSL_TRUSTED_CERTIFICATE": trusted.format(**places)}

    why = refusal(secure | told)
    assert why == "" if expected else "certificate verify failed" in why


def test_an_authority_that_cannot_be_read(secure: dict[str, str], database_kind: str) -> None:
    with pytest.raises(GwctlError, match=r"lua_ssl_trusted_certificate: cannot read /no/such\.pem: No such file"):
        refusal(secure | {"KONG_LUA_SSL_TRUSTED_CERTIFICATE": "/no/such.pem"})
