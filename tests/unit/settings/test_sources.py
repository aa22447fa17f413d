"""Who wins, under which names, and what is told about names (hybrid.md 2.1, 2.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwctl.settings import Settings, SettingsError, Surroundings
from tests.unit.settings.conftest import Load


def texts(settings: Settings, level: str) -> list[str]:
    return [notice.text for notice in settings.notices if notice.level == level]


def test_defaults_need_nothing(load: Load) -> None:
    settings = load()
    assert settings.role == "traditional"
    assert settings.text("log_level") == "notice"
    assert settings.origin("log_level") == "default"
    assert settings.notices == ()


def test_later_sources_win_and_are_named(load: Load, tmp_path: Path) -> None:
    conf = "log_level = debug\npg_user = file\npg_port = 1\nworkers = 3"
    settings = load(
        {"KONG_LOG_LEVEL": "error", "GWCTL_LOG_LEVEL": "warn", "KONG_PG_USER": "env"}, conf, flags={"workers": "5"}
    )
    assert (settings.text("log_level"), settings.origin("log_level")) == ("warn", "environment GWCTL_LOG_LEVEL")
    assert (settings.text("pg_user"), settings.origin("pg_user")) == ("env", "environment KONG_PG_USER")
    assert (settings.integer("pg_port"), settings.origin("pg_port")) == (1, f"conf file {tmp_path / 'node.conf'}")
    assert (settings.integer("workers"), settings.origin("workers")) == (5, "flag --workers")


def test_the_flag_of_the_prefix_is_called_by_its_name(load: Load) -> None:
    assert load(flags={"prefix": "/p"}).origin("prefix") == "flag -p"


def test_an_empty_variable_means_the_default(load: Load) -> None:
    settings = load({"GWCTL_LOG_LEVEL": "", "KONG_LOG_LEVEL": "debug"}, "pg_user = file\nlog_level = error")
    assert settings.text("log_level") == "notice"
    assert load({"KONG_PG_USER": ""}, "pg_user = file").text("pg_user") == "kong"


def test_values_of_variables_keep_their_hash_signs(load: Load) -> None:
    assert load({"KONG_PG_USER": "a#b\\#c"}).text("pg_user") == "a#b\\#c"


def test_the_reference_names_of_processes_are_mapped(load: Load) -> None:
    settings = load({"KONG_NGINX_WORKER_PROCESSES": "2", "KONG_NGINX_DAEMON": "off"})
    assert settings.integer("workers") == 2
    assert settings.flag("daemon") is False
    assert settings.flag("nginx_daemon") is False
    assert settings.integer("nginx_main_worker_processes") == 2
    assert texts(settings, "warn") == []


def test_the_own_name_beats_an_alias_of_the_same_source(load: Load) -> None:
    assert load({"GWCTL_WORKERS": "4", "GWCTL_NGINX_WORKER_PROCESSES": "2"}).integer("workers") == 4
    assert load({"GWCTL_DAEMON": "on", "GWCTL_NGINX_DAEMON": "off"}).flag("daemon")
    assert load({"KONG_WORKERS": "4", "GWCTL_NGINX_WORKER_PROCESSES": "2"}).integer("workers") == 2


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("privileged_worker", "dedicated_config_processing", "on"),
        ("opentelemetry_tracing", "tracing_instrumentations", "off"),
        ("opentelemetry_tracing_sampling_rate", "tracing_sampling_rate", "0.01"),
        ("router_consistency", "worker_consistency", "eventual"),
    ],
)
def test_deprecated_names(load: Load, old: str, new: str, value: str) -> None:
    settings = load({f"KONG_{old.upper()}": value})
    assert texts(settings, "warn") == [f"the '{old}' configuration property is deprecated, use '{new}' instead"]
    assert settings.text(new) == value if new == "worker_consistency" else settings.is_set(new)


def test_deprecated_values(load: Load) -> None:
    settings = load({"KONG_ROUTER_CONSISTENCY": "strict"})
    assert texts(settings, "warn") == [
        "the 'router_consistency' configuration property is deprecated, use 'worker_consistency' instead",
        "the configuration value 'strict' for configuration property 'worker_consistency' is deprecated",
    ]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"GWCTL_LOG_LEVL": "debug"}, "unknown setting GWCTL_LOG_LEVL: did you mean 'GWCTL_LOG_LEVEL'?"),
        ({"KONG_PG_HOTS": "x"}, "unknown setting KONG_PG_HOTS: did you mean 'KONG_PG_HOST'?"),
        ({"KONG_QQQ": "x"}, "unknown setting KONG_QQQ"),
    ],
)
def test_unknown_variables_are_told_with_the_closest_name(load: Load, environ: dict[str, str], told: str) -> None:
    assert texts(load(environ), "warn") == [told]


def test_unknown_keys_of_a_file_are_told_with_the_file(load: Load, tmp_path: Path) -> None:
    settings = load(conf_text="loglevel = debug")
    assert texts(settings, "warn") == [
        f"unknown setting 'loglevel' in {tmp_path / 'node.conf'}: did you mean 'log_level'?"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GWCTL_HOME", "/tmp/x"),
        ("KONG_VERSION", "3.8.1"),
        ("KONG_PROXY_SERVICE_HOST", "10.0.0.1"),
        ("KONG_PROXY_SERVICE_PORT_HTTP", "80"),
        ("KONG_PROXY_PORT", "tcp://10.0.0.1:80"),
        ("KONG_PROXY_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("KONGA", "x"),
    ],
)
def test_variables_that_are_something_else_are_not_told(load: Load, name: str, value: str) -> None:
    assert texts(load({name: value}), "warn") == []


def test_ignored_settings_are_told_only_when_they_would_change_something(load: Load) -> None:
    assert load({"KONG_MEM_CACHE_SIZE": "128m", "KONG_DB_UPDATE_FREQUENCY": "5.0"}).notices[2:] == ()
    told = texts(load({"KONG_MEM_CACHE_SIZE": "256m"}), "notice")
    assert told == ["mem_cache_size is ignored: workers hold the config itself; there is no cache with lifetimes"]


def test_names_of_a_namespace_are_accepted_with_a_notice(load: Load) -> None:
    settings = load({"KONG_NGINX_HTTP_GZIP": "on", "KONG_VAULT_HCV_TOKEN": "s3cret"})
    assert [text.split(":")[0] for text in texts(settings, "notice")] == [
        "nginx_http_gzip is ignored",
        "vault_hcv_token is ignored",
    ]
    assert settings.masked()["vault_hcv_token"] == "******"


def test_detected_variables_are_debug_lines_without_secrets(load: Load) -> None:
    settings = load({"KONG_PG_HOST": "db", "KONG_PG_PASSWORD": "s3cret"})
    assert texts(settings, "debug") == ['KONG_PG_HOST ENV found with "db"', 'KONG_PG_PASSWORD ENV found with "******"']
    assert "s3cret" not in repr(settings.notices)


def test_a_server_named_means_postgres_with_a_notice(load: Load) -> None:
    settings = load({"KONG_PG_HOST": "db"})
    assert settings.database == "postgres"
    assert texts(settings, "notice") == [
        "database = postgres is assumed because pg_host is set; set database to choose"
    ]
    assert load({"KONG_PG_PASSWORD": "x"}).database == "postgres"
    assert load({"KONG_PG_PASSWORD": "x", "KONG_DATABASE": "sqlite"}).database == "sqlite"
    assert load({"KONG_PG_HOST": "db"}, role="data_plane").database == "off"
    assert load({"KONG_PG_USER": "x"}).database == "sqlite"


def test_the_role_of_a_command_beats_the_setting(load: Load) -> None:
    settings = load({"KONG_ROLE": "data_plane"}, role="control_plane")
    assert settings.role == "control_plane"
    assert texts(settings, "notice") == [
        "role = data_plane (environment KONG_ROLE) does not count: the command is for role control_plane"
    ]


def test_a_missing_conf_file_is_an_error(load: Load, surroundings: Surroundings) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(conf=Path("foobar.conf"), environ={}, surroundings=surroundings)
    assert str(caught.value) == "no file at: foobar.conf"


def test_default_places_are_looked_at(tmp_path: Path) -> None:
    place = tmp_path / "gwctl.conf"
    place.write_text("log_level = crit")
    surroundings = Surroundings(cwd=tmp_path, uid=1000, conf_places=(tmp_path / "none", place))
    settings = Settings.load(environ={"HOME": "/h"}, surroundings=surroundings)
    assert (settings.text("log_level"), settings.origin("log_level")) == ("crit", f"conf file {place}")


def test_a_conf_file_is_read_over_that_of_a_running_node(load: Load, tmp_path: Path) -> None:
    under = tmp_path / ".kong_env"
    under.write_text("log_level = crit\npg_user = node")
    settings = load(conf_text="log_level = debug", under=under)
    assert (settings.text("log_level"), settings.text("pg_user")) == ("debug", "node")
