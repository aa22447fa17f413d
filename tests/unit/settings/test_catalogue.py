from __future__ import annotations

import subprocess
import sys

import pytest

from gwctl.settings.catalogue import CATALOGUE, TOPICS
from gwctl.settings.declaration import ROLES, Status
from gwctl.settings.kinds import parse_value
from tests.unit.settings.conftest import Load
from tests.unit.settings.reference_names import DEFAULTS, NAMES, NAMESPACES

OURS = {
    "workers",
    "daemon",
    "shutdown_timeout",
    "cluster_heartbeat_interval",
    "database_path",
    "declarative_config_watch",
    "missing_plugin",
    "http_codec",
    "nginx_proxy_add_header",
    "passive_recovery",
    "nginx_proxy_proxy_ssl_verify",
    "nginx_proxy_proxy_ssl_verify_depth",
    "nginx_proxy_proxy_ssl_trusted_certificate",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_reference_is_known(load: Load, name: str) -> None:
    alias = CATALOGUE.aliases.get(name)
    assert alias is not None or name in CATALOGUE.settings
    assert load().entry(name) is not None


@pytest.mark.parametrize("prefix", NAMESPACES)
def test_every_namespace_of_the_reference_is_accepted(prefix: str) -> None:
    setting = CATALOGUE.find(prefix + "anything")
    assert setting is not None
    assert setting.status is Status.IGNORED


def test_nothing_is_invented_but_a_short_list() -> None:
    assert set(CATALOGUE.settings) - set(NAMES) == OURS


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
def test_defaults_are_those_of_the_reference(name: str, default: str) -> None:
    assert CATALOGUE.settings[name].default == default


@pytest.mark.parametrize("name", sorted(CATALOGUE.settings))
def test_a_declaration_is_complete(name: str) -> None:
    setting = CATALOGUE.settings[name]
    assert setting.help.strip()
    assert set(setting.roles) <= set(ROLES)
    assert (setting.status is Status.HONOURED) or setting.note
    for role in ROLES:
        default = setting.default_for(role)
        if default is not None:
            parse_value(setting, default)


def test_names_are_declared_once() -> None:
    names = [setting.name for topic in TOPICS for setting in topic.settings]
    names += [alias.name for topic in TOPICS for alias in topic.aliases]
    assert len(names) == len(set(names))


def test_aliases_lead_somewhere() -> None:
    assert all(alias.target in CATALOGUE.settings for alias in CATALOGUE.aliases.values())


def test_settings_load_without_heavy_libraries() -> None:
    code = (
        "import sys, gwctl.settings\n"
        "gwctl.settings.Settings.load(environ={'HOME': '/h'})\n"
        "heavy = {'cryptography', 'sqlalchemy', 'lmdb', 'h11', 'starlette', 'asyncio', 'typer', 'ssl'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
