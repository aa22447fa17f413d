"""The database of a node, from its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwctl.settings import Settings
from gwctl.store import DatabaseConfig
from gwctl.store.engine import postgres_parameters, session_settings


def config(**environ: str) -> DatabaseConfig:
    names = {f"KONG_{name.upper()}": value for name, value in environ.items()}
    return DatabaseConfig.from_settings(Settings.load(role="traditional", environ=names))


def test_by_default_it_is_a_file_at_home(tmp_path: Path) -> None:
    settings = Settings.load(role="traditional", environ={"GWCTL_HOME": str(tmp_path)})
    made = DatabaseConfig.from_settings(settings)
    assert (made.kind, made.path, made.label) == ("sqlite", tmp_path / "gwctl.db", str(tmp_path / "gwctl.db"))


def test_the_reference_names_of_postgres() -> None:
    made = config(
        database="postgres",
        pg_host="db",
        pg_port="5433",
        pg_user="u",
        pg_password="p",
        pg_database="d",
        pg_schema="s",
        pg_timeout="1500",
    )
    assert made == DatabaseConfig(
        kind="postgres",
        path=made.path,
        host="db",
        port=5433,
        user="u",
        password="p",
        name="d",
        schema="s",
        timeout_ms=1500,
    )
    assert (made.label, made.timeout) == ("d", 1.5)


@pytest.mark.parametrize(
    ("ssl", "verify", "mode"), [(False, False, "disable"), (True, False, "require"), (True, True, "verify-full")]
)
def test_tls_is_what_was_asked_for(ssl: bool, verify: bool, mode: str) -> None:
    parameters = postgres_parameters(DatabaseConfig(kind="postgres", ssl=ssl, ssl_verify=verify))
    assert parameters["sslmode"] == mode


def test_every_session_has_time_limits_and_its_schema() -> None:
    statements = session_settings(DatabaseConfig(kind="postgres", timeout_ms=1500, schema='a"b'))
    assert "SET statement_timeout = 1500" in statements
    assert "SET lock_timeout = 1500" in statements
    assert 'SET search_path TO "a""b"' in statements
