"""From sources to checked entries: resolve references, read values, fill what depends on others, apply the rules."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gwctl.kit.files import working_directory
from gwctl.kit.references import ReferenceProblem, is_reference
from gwctl.settings.catalogue import CATALOGUE
from gwctl.settings.conffile import DEFAULT_PLACES, find_conf
from gwctl.settings.declaration import DATA_PLANE, ROLES, TRADITIONAL, Kind, Setting, Status
from gwctl.settings.document import DOCUMENT, unfolded
from gwctl.settings.entry import DEFAULT, Entries, Entry
from gwctl.settings.errors import Notice, Problem, SettingsError
from gwctl.settings.kinds import ValueProblem, parse_value, split_items
from gwctl.settings.places import absolute, database_file, home_directory
from gwctl.settings.references import Vaults
from gwctl.settings.rules import problems_of
from gwctl.settings.sources import Gathered, Given, gather

_FILE = "declarative_config"
_ITEMISED = (Kind.ARRAY, Kind.CERTIFICATES)
_CERTIFICATES = (Kind.CERTIFICATE, Kind.CERTIFICATES)
_REPLACED_VALUES: Mapping[tuple[str, str], Problem] = {
    ("database", "cassandra"): Problem(
        "Cassandra as a datastore is not supported since version 3.4", "set database = postgres or sqlite"
    )
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else loading reads: who and where we are, and the conf files looked for when none is named."""

    cwd: Path = field(default_factory=working_directory)
    uid: int = field(default_factory=os.geteuid)
    conf_places: tuple[Path, ...] = DEFAULT_PLACES


@dataclass(frozen=True, slots=True)
class Loaded:
    entries: Entries
    home: Path
    prefix: Path
    database_path: Path
    notices: list[Notice]


def load(
    role: str | None,
    conf: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, str],
    under: Path | None,
    surroundings: Surroundings,
) -> Loaded:
    """Everything about one node. Raises SettingsError with all problems."""
    gathered = _gather(role, conf, environ, flags, under, surroundings)
    node_role = _role(gathered.given)
    _infer_database(gathered, node_role)
    entries = _Reader(gathered, environ, surroundings.cwd).read(node_role)
    home = home_directory(environ, uid=surroundings.uid, cwd=surroundings.cwd)
    prefix, database_path = _fill_places(entries, home, node_role, surroundings.cwd)
    gathered.problems.extend(problems_of(entries))
    if gathered.problems:
        raise SettingsError(gathered.problems)
    return Loaded(entries, home, prefix, database_path, [*gathered.notices, *_effects(entries)])


def find_prefix(
    role: str | None,
    conf: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, str],
    surroundings: Surroundings,
) -> Path:
    """The prefix that ``load`` would find, without a look at anything else."""
    given = _gather(role, conf, environ, flags, None, surroundings).given
    if "prefix" in given:
        return absolute(given["prefix"].text, surroundings.cwd)
    return home_directory(environ, uid=surroundings.uid, cwd=surroundings.cwd) / _role(given)


def _gather(
    role: str | None,
    conf: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, str],
    under: Path | None,
    surroundings: Surroundings,
) -> Gathered:
    over = conf if under is not None else find_conf(conf, surroundings.conf_places)
    gathered = gather(tuple(path for path in (under, over) if path is not None), environ, flags)
    if role is not None:
        told = gathered.given.get("role")
        if told is not None and told.text != role:
            text = f"role = {told.text} ({told.origin}) does not count: the command is for role {role}"
            gathered.notices.append(Notice("notice", text))
        gathered.given["role"] = Given(role, "command")
    return gathered


def _role(given: Mapping[str, Given]) -> str:
    """The role that defaults depend on; an invalid one is reported when it is read."""
    text = given["role"].text if "role" in given else TRADITIONAL
    return text if text in ROLES else TRADITIONAL


def _infer_database(gathered: Gathered, role: str) -> None:
    """Whoever names a PostgreSQL server means to use it, as with the reference's default."""
    if role == DATA_PLANE or "database" in gathered.given:
        return
    for name in ("pg_host", "pg_password"):
        if name in gathered.given:
            gathered.given["database"] = Given("postgres", gathered.given[name].origin)
            text = f"database = postgres is assumed because {name} is set; set database to choose"
            gathered.notices.append(Notice("notice", text))
            return


class _Reader:
    """Reads the texts of one gathering; what is wrong goes to its problems."""

    def __init__(self, gathered: Gathered, environ: Mapping[str, str], cwd: Path) -> None:
        self._given = gathered.given
        self._problems = gathered.problems
        self._cwd = cwd
        self._vaults = Vaults(environ, self._vault_words(), self._plain("vault_env_prefix"))

    def _plain(self, name: str) -> str:
        return self._given[name].text if name in self._given else ""

    def _vault_words(self) -> tuple[str, ...]:
        return split_items(self._plain("vaults") or "bundled")

    def read(self, role: str) -> dict[str, Entry]:
        undeclared = (CATALOGUE.find(name) for name in self._given if name not in CATALOGUE.settings)
        settings = [*CATALOGUE, *(setting for setting in undeclared if setting is not None)]
        return {setting.name: self._entry(setting, role) for setting in settings}

    def _entry(self, setting: Setting, role: str) -> Entry:
        given = self._given.get(setting.name)
        raw = given.text if given else setting.default_for(role)
        origin = given.origin if given else DEFAULT
        if raw is not None and setting.kind in _CERTIFICATES:
            raw = self._locate(raw)
        if raw is not None and setting.name == _FILE and not is_reference(raw):
            raw = str(absolute(raw, self._cwd))
        if raw is not None and setting.name == DOCUMENT:
            raw = unfolded(raw)
        if raw is None:
            return Entry(setting, None, None, origin)
        try:
            return Entry(setting, raw, parse_value(setting, self._resolve(setting, raw)), origin)
        except ReferenceProblem as error:
            self._problems.append(Problem(f"{error} for config option '{setting.name}'"))
        except ValueProblem as error:
            self._problems.append(_REPLACED_VALUES.get((setting.name, raw), Problem(str(error))))
        return Entry(setting, raw, None, origin)

    def _resolve(self, setting: Setting, raw: str) -> str:
        if setting.kind in _ITEMISED:
            return ",".join(self._dereference(item) for item in split_items(raw))
        return self._dereference(raw)

    def _dereference(self, text: str) -> str:
        if not is_reference(text):
            return text
        try:
            return self._vaults.resolve(text)
        except ReferenceProblem as error:
            raise ReferenceProblem(f"failed to dereference '{text}': {error}") from None

    def _locate(self, raw: str) -> str:
        """Certificates and keys: paths become absolute, PEM becomes one line of base64, so that a file can hold it."""
        return ",".join(_locate_one(item, self._cwd) for item in split_items(raw))


def _locate_one(item: str, cwd: Path) -> str:
    if is_reference(item) or is_base64_pem(item):
        return item
    if item.startswith("-----BEGIN"):
        return base64.b64encode(item.encode()).decode()
    return str(absolute(item, cwd))


def is_base64_pem(text: str) -> bool:
    """Whether ``text`` is PEM in base64."""
    try:
        return base64.b64decode(text, validate=True).lstrip().startswith(b"-----BEGIN")
    except (binascii.Error, ValueError):
        return False


def _fill_places(entries: dict[str, Entry], home: Path, role: str, cwd: Path) -> tuple[Path, Path]:
    chosen, database = entries["prefix"].value, entries["database_path"].value
    prefix_text = chosen if isinstance(chosen, str) else None
    prefix = absolute(prefix_text, cwd) if prefix_text else home / role
    path = database_file(database if isinstance(database, str) else None, prefix_text, home, cwd)
    for name, place in (("prefix", prefix), ("database_path", path)):
        entry = entries[name]
        entries[name] = Entry(entry.setting, str(place), str(place), entry.origin)
    return prefix, path


def _effects(entries: Entries) -> list[Notice]:
    """What the user set that has less effect than its name promises."""
    notices = []
    for name in sorted(entries):
        entry = entries[name]
        setting = entry.setting
        if not entry.is_explicit or entry.raw == setting.default:
            continue
        if entry.value in setting.deprecated_values:
            text = f"the configuration value '{entry.raw}' for configuration property '{name}' is deprecated"
            notices.append(Notice("warn", text))
        if name in (_FILE, DOCUMENT) and entries["database"].value != "off":
            notices.append(Notice("notice", f"{name} is ignored: it is for nodes with database = off"))
        if setting.status is Status.IGNORED and not _same_as_default(entry):
            notices.append(Notice("notice", f"{name} is ignored: {setting.note}"))
    return notices


def _same_as_default(entry: Entry) -> bool:
    default = entry.setting.default
    return default is not None and parse_value(entry.setting, default) == entry.value
