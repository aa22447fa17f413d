"""What is shown and written of settings: masked, as the Admin API answers, and as a file that loads back."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gwctl.settings import Settings, Surroundings
from gwctl.settings.catalogue import CATALOGUE
from tests.unit.settings.conftest import Load

_KEYS = ("cluster", "ssl", "client_ssl", "admin_ssl", "admin_gui_ssl", "status_ssl", "debug_ssl")
SECRETS = [
    "pg_password",
    "pg_ro_password",
    "proxy_server",
    "declarative_config_string",
    *(f"{stem}_cert_key" for stem in _KEYS),
]


def test_every_secret_of_the_reference_is_one() -> None:
    assert [name for name in SECRETS if not CATALOGUE.settings[name].secret] == []


def test_secrets_are_shown_nowhere(load: Load) -> None:
    canary = "http://canary"
    environ = {f"KONG_{name.upper()}": canary for name in SECRETS}
    environ |= {f"KONG_{name.removesuffix('_key').upper()}": "/c" for name in SECRETS if name.endswith("_cert_key")}
    settings = load(environ, role="data_plane")
    for shown in (settings.masked(), settings.configuration(), settings.rows(), settings.notices, settings):
        assert "canary" not in repr(shown)
    for name in SECRETS:
        assert settings.masked()[name] == "******"
        assert settings.configuration()[name] == "******"
    assert canary in settings.dump()


def test_the_configuration_object_of_the_admin_api(load: Load) -> None:
    shown = load().configuration()
    json.dumps(shown)
    assert "pg_password" not in shown
    assert shown["ssl_cert"] == shown["trusted_ips"] == shown["cluster_dp_labels"] == shown["dns_resolver"] == {}
    assert shown["headers"] == ["server_tokens", "latency_tokens", "x-kong-request-id"]
    assert shown["plugins"] == ["bundled"]
    assert shown["cluster_cert_key"] == "******"
    assert shown["cluster_data_plane_purge_delay"] == 1209600
    assert shown["cluster_max_payload"] == 16777216
    assert shown["lmdb_map_size"] == "2048m"
    assert shown["lmdb_environment_path"] == "dbless.lmdb"
    assert shown["cluster_rpc"] is False
    assert (shown["role"], shown["database"], shown["cluster_mtls"]) == ("traditional", "sqlite", "shared")
    assert shown["loaded_vaults"] == {"env": True}
    assert shown["nginx_worker_processes"] == "auto"
    assert shown["enabled_headers"]["Via"] is True
    assert shown["enabled_headers"]["X-Kong-Upstream-Status"] is False
    assert shown["admin_listen"] == [
        "127.0.0.1:8001 reuseport backlog=16384",
        "127.0.0.1:8444 http2 ssl reuseport backlog=16384",
    ]
    first = shown["admin_listeners"][0]
    assert first["listener"] == "127.0.0.1:8001 reuseport backlog=16384"
    assert (first["ip"], first["port"], first["ssl"], first["http2"], first["reuseport"]) == (
        "127.0.0.1",
        8001,
        False,
        False,
        True,
    )
    assert shown["stream_listen"] == ["off"]
    assert shown["stream_listeners"] == {}
    assert list(shown) == sorted(shown)


def test_rows_are_sorted_and_tell_origin_and_help(load: Load) -> None:
    rows = load({"KONG_LOG_LEVEL": "info"}).rows()
    assert [row.name for row in rows] == sorted(row.name for row in rows)
    (row,) = [row for row in rows if row.name == "log_level"]
    assert (row.value, row.origin) == ("info", "environment KONG_LOG_LEVEL")
    assert row.help


def test_the_dump_is_sorted_lines_without_unset_settings(load: Load) -> None:
    lines = [line for line in load().dump().splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert all(" = " in line for line in lines)
    assert not any(line.startswith("pg_password") for line in lines)


def values(settings: Settings) -> dict[str, object]:
    return {name: entry.value for name, entry in settings.entries.items()}


def reloaded(settings: Settings, tmp_path: Path, surroundings: Surroundings) -> Settings:
    path = tmp_path / ".kong_env"
    path.write_text(settings.dump())
    elsewhere = Surroundings(cwd=Path("/"), uid=0, conf_places=())
    return Settings.load(conf=path, environ={}, surroundings=elsewhere)


def test_the_dump_loads_back_from_anywhere(load: Load, tmp_path: Path, surroundings: Surroundings) -> None:
    for role in ("traditional", "control_plane", "data_plane"):
        settings = load({"KONG_PG_PASSWORD": "a#b", "GWCTL_WORKERS": "2"}, role=role)
        again = reloaded(settings, tmp_path, surroundings)
        assert values(again) == values(settings)
        assert (again.prefix, again.database_path) == (settings.prefix, settings.database_path)
        assert again.notices == ()


def test_inline_certificates_fit_into_a_line(load: Load, tmp_path: Path, surroundings: Surroundings) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    encoded = base64.b64encode(pem.encode()).decode()
    environ = {"KONG_CLUSTER_CERT": pem, "KONG_CLUSTER_CERT_KEY": encoded}
    settings = load(environ, role="control_plane")
    assert base64.b64decode(settings.text("cluster_cert") or "").decode().strip() == pem.strip()
    assert settings.text("cluster_cert_key") == encoded
    assert values(reloaded(settings, tmp_path, surroundings)) == values(settings)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_any_password_survives_the_dump(tmp_path: Path, surroundings: Surroundings, password: str) -> None:
    settings = Settings.load(environ={"KONG_PG_PASSWORD": password, "HOME": "/h"}, surroundings=surroundings)
    assert reloaded(settings, tmp_path, surroundings).text("pg_password") == password


def test_settings_can_be_handed_to_another_process(load: Load) -> None:
    settings = load({"KONG_LOG_LEVEL": "info"})
    again = pickle.loads(pickle.dumps(settings))
    assert values(again) == values(settings)
    assert again.listeners("proxy_listen") == settings.listeners("proxy_listen")
