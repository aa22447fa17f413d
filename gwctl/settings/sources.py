"""Everything that was said about settings, in order: conf file, environment, flags; later wins (hybrid.md 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gwctl.kit.suggest import closest
from gwctl.settings.catalogue import CATALOGUE, Catalogue
from gwctl.settings.conffile import read_conf
from gwctl.settings.declaration import Setting
from gwctl.settings.errors import Notice, Problem

OWN_PREFIX = "GWCTL_"
REFERENCE_PREFIX = "KONG_"

NOT_SETTINGS = frozenset(
    {
        *("GWCTL_HOME", "GWCTL_ADMIN_URL", "GWCTL_ADMIN_TOKEN", "GWCTL_ADMIN_TOKEN_FILE"),
        *("KONG_VERSION", "KONG_LICENSE_DATA", "KONG_LICENSE_PATH", "KONG_VAULT_ROTATION_INTERVAL"),
    }
)
"""Variables with our prefixes that are something else than settings."""

_SERVICE_LINK = re.compile(r"(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$")
_LINK_URL = re.compile(r"(tcp|udp|sctp)://")

MASK = "******"


@dataclass(frozen=True, slots=True)
class Given:
    """The text somebody gave a setting, and where."""

    text: str
    origin: str


@dataclass
class Gathered:
    """What all sources said. A name whose text is empty was reset to its default and is not in ``given``."""

    given: dict[str, Given] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def gather(
    conf_files: tuple[Path, ...],
    environ: Mapping[str, str],
    flags: Mapping[str, str],
    catalogue: Catalogue = CATALOGUE,
) -> Gathered:
    """Read all sources; of ``conf_files`` a later one wins. Nothing is raised."""
    gathered = Gathered()
    for path in conf_files:
        content = read_conf(path)
        gathered.problems.extend(content.problems)
        told = {key: Given(text, f"conf file {path}") for key, text in content.values.items()}
        _merge(gathered, told, {key: f"'{key}' in {path}" for key in told}, catalogue)
    for prefix in (REFERENCE_PREFIX, OWN_PREFIX):
        variables = dict(_variables(environ, prefix))
        told = {key: Given(environ[name].strip(), f"environment {name}") for key, name in variables.items()}
        _merge(gathered, told, variables, catalogue)
        gathered.notices.extend(_detections(variables, environ, catalogue))
    told = {key: Given(text.strip(), f"flag {_flag(key, catalogue)}") for key, text in flags.items()}
    _merge(gathered, told, {key: f"'{key}'" for key in told}, catalogue)
    return gathered


def _variables(environ: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    for name in sorted(environ):
        key = name.removeprefix(prefix).lower()
        if name.startswith(prefix) and name not in NOT_SETTINGS and key and not _is_service_link(name, environ[name]):
            yield key, name


def _is_service_link(name: str, value: str) -> bool:
    """Variables that an orchestrator injects for a service that happens to be called kong or gwctl."""
    return bool(_SERVICE_LINK.search(name) or (name.endswith("_PORT") and _LINK_URL.match(value)))


def _flag(name: str, catalogue: Catalogue) -> str:
    setting = catalogue.find(name)
    return setting.flag if setting and setting.flag else f"--{name.replace('_', '-')}"


def _detections(variables: Mapping[str, str], environ: Mapping[str, str], catalogue: Catalogue) -> Iterator[Notice]:
    for key, name in variables.items():
        setting = _resolve(key, catalogue)
        if setting is not None:
            shown = MASK if setting.secret else environ[name]
            yield Notice("debug", f'{name} ENV found with "{shown}"')


def _resolve(key: str, catalogue: Catalogue) -> Setting | None:
    alias = catalogue.aliases.get(key)
    return catalogue.find(alias.target if alias else key)


def _merge(gathered: Gathered, told: Mapping[str, Given], places: Mapping[str, str], catalogue: Catalogue) -> None:
    """Put one source over the earlier ones. A canonical name beats an alias of the same source."""
    for key in sorted(told, key=lambda key: key not in catalogue.aliases):
        setting = _resolve(key, catalogue)
        if setting is None:
            gathered.notices.append(_unknown(key, places[key], catalogue))
            continue
        alias = catalogue.aliases.get(key)
        if alias and alias.deprecated:
            text = f"the '{key}' configuration property is deprecated, use '{alias.target}' instead"
            gathered.notices.append(Notice("warn", text))
        if told[key].text:
            gathered.given[setting.name] = told[key]
        else:
            gathered.given.pop(setting.name, None)


def _unknown(key: str, place: str, catalogue: Catalogue) -> Notice:
    near = closest(key.lower(), catalogue.names())
    if near is None:
        return Notice("warn", f"unknown setting {place}", unknown=True)
    if place.startswith((OWN_PREFIX, REFERENCE_PREFIX)):
        near = place[: place.index("_") + 1] + near.upper()
    return Notice("warn", f"unknown setting {place}: did you mean '{near}'?", unknown=True)
