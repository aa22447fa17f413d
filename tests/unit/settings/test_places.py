from __future__ import annotations

from pathlib import Path

import pytest

from gwctl.settings import Settings, Surroundings
from gwctl.settings.places import home_directory
from tests.unit.settings.conftest import Load


@pytest.mark.parametrize(
    ("environ", "uid", "home"),
    [
        ({"GWCTL_HOME": "/h"}, 0, "/h"),
        ({"GWCTL_HOME": "h"}, 1000, "/cwd/h"),
        ({"HOME": "/root"}, 0, "/var/lib/gwctl"),
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/u"}, 1000, "/state/gwctl"),
        ({"HOME": "/home/u"}, 1000, "/home/u/.local/state/gwctl"),
    ],
)
def test_home(environ: dict[str, str], uid: int, home: str) -> None:
    assert str(home_directory(environ, uid=uid, cwd=Path("/cwd"))) == home


@pytest.mark.parametrize("role", ["traditional", "control_plane", "data_plane"])
def test_a_prefix_per_role_beside_the_database(load: Load, role: str) -> None:
    settings = load({"GWCTL_HOME": "/h"}, role=role)
    assert str(settings.prefix) == f"/h/{role}"
    assert str(settings.database_path) == "/h/gwctl.db"
    assert settings.origin("prefix") == "default"


def test_a_chosen_prefix_takes_the_database_along(load: Load, tmp_path: Path) -> None:
    for settings in (
        load({"KONG_PREFIX": "/p"}),
        load(flags={"prefix": "/p"}),
        load(conf_text="prefix = /x/../p/"),
    ):
        assert (str(settings.prefix), str(settings.database_path)) == ("/p", "/p/gwctl.db")
    assert load(flags={"prefix": "here"}).prefix == tmp_path / "here"


def test_the_flag_beats_the_environment(load: Load) -> None:
    assert str(load({"KONG_PREFIX": "/env"}, flags={"prefix": "/flag"}).prefix) == "/flag"


def test_the_database_may_be_elsewhere(load: Load) -> None:
    settings = load({"GWCTL_DATABASE_PATH": "/d/x.db", "KONG_PREFIX": "/p"})
    assert str(settings.database_path) == "/d/x.db"


def test_cluster_certificates_are_seen_from_where_the_command_runs(load: Load, tmp_path: Path) -> None:
    settings = load()
    assert settings.text("cluster_cert") == str(tmp_path / "cluster.crt")
    assert settings.text("cluster_cert_key") == str(tmp_path / "cluster.key")
    assert settings.origin("cluster_cert") == "default"
    settings = load({"KONG_CLUSTER_CERT": "a/../b.crt", "KONG_CLUSTER_CERT_KEY": "/k"}, role="data_plane")
    assert settings.text("cluster_cert") == str(tmp_path / "b.crt")


def test_the_prefix_is_found_whatever_else_is_wrong(surroundings: Surroundings, tmp_path: Path) -> None:
    environ = {
        "GWCTL_HOME": "/h",
        "KONG_LOG_LEVEL": "nonsense",
        "KONG_REAL_IP_HEADER": "{vault://env/gone}",
        "KONG_ROLE": "control_plane",
    }
    assert str(Settings.find_prefix(environ=environ, surroundings=surroundings)) == "/h/control_plane"
    conf = tmp_path / "x.conf"
    conf.write_text("prefix = /from/conf\nnonsense")
    assert str(Settings.find_prefix(environ=environ, conf=conf, surroundings=surroundings)) == "/from/conf"
    flags = {"prefix": "p"}
    assert Settings.find_prefix(environ=environ, flags=flags, surroundings=surroundings) == tmp_path / "p"
    found = Settings.find_prefix(environ=environ, role="data_plane", surroundings=surroundings)
    assert str(found) == "/h/data_plane"
