"""``gwctl config``: the configuration as files (hybrid.md 3.5, admin-api.md 3.7)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gwctl.cli import session
from gwctl.cli.options import Conf, Debug, Prefix, Verbose, common
from gwctl.cli.voice import Voice
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.declarative import Declared
    from gwctl.entities import Catalog
    from gwctl.settings import Settings
    from gwctl.store import Store

File = Annotated[str | None, typer.Argument(metavar="FILE", help="YAML or JSON; - reads standard input.")]
NewFile = Annotated[str, typer.Argument(metavar="FILE", help="Where it goes.")]
ExportFile = Annotated[str, typer.Argument(metavar="FILE", help="Where it goes; - is standard output.")]

_NEED_FILE = "expected a declarative configuration file; see `kong config --help`"
_NO_DATABASE = "'kong config {}' only works with a database."
_USE_ENDPOINT = "When using database=off, reload your declarative configuration\nusing the /config endpoint."


def init(
    file: NewFile = "./kong.yml", conf: Conf = None, prefix: Prefix = None, v: Verbose = False, vv: Debug = False
) -> None:
    """Write an example file to start from.

    Never overwrites a file.
    """
    session.reference_voice(common(prefix, conf, v, vv))
    from gwctl.declarative.files import create
    from gwctl.declarative.sample import SAMPLE

    create(file, [SAMPLE], f"{file} already exists.\nWill not overwrite it.")


def parse(file: File = None, conf: Conf = None, prefix: Prefix = None, v: Verbose = False, vv: Debug = False) -> None:
    """Check a file as a node without a database would.

    Every error at once, with its place.
    """
    options = common(prefix, conf, v, vv)
    voice = session.reference_voice(options)
    settings = session.load(options, voice)
    _load(file, _catalog(settings), voice, now=time.time())
    voice.say("parse successful")


def db_import(
    file: File = None, conf: Conf = None, prefix: Prefix = None, v: Verbose = False, vv: Debug = False
) -> None:
    """Bring a file into the database.

    Creates and replaces what the file holds, as one change, and deletes nothing. Running control planes notice.
    """
    options = common(prefix, conf, v, vv)
    voice = session.reference_voice(options)
    settings = session.load(options, voice)
    _require_database(settings, f"{_NO_DATABASE.format('db_import')}\n{_USE_ENDPOINT}")
    catalog, now = _catalog(settings), time.time()
    declared = _load(file, catalog, voice, now=now)
    voice.say("parse successful, beginning import")
    store = _store(settings, catalog)
    try:
        _import(store, declared, now)
    finally:
        store.close()
    voice.say("import successful")


def db_export(
    file: ExportFile = "./kong.yml", conf: Conf = None, prefix: Prefix = None, v: Verbose = False, vv: Debug = False
) -> None:
    """Write what the database holds into a file.

    It holds secrets: only its owner can read it. Never overwrites a file.
    """
    options = common(prefix, conf, v, vv)
    voice = session.data_voice(options.verbosity) if file == "-" else session.reference_voice(options)
    settings = session.load(options, voice)
    _require_database(settings, _NO_DATABASE.format("db_export"))
    catalog = _catalog(settings)
    store = _store(settings, catalog)
    try:
        _export(store, catalog, file)
    finally:
        store.close()


def _load(file: str | None, catalog: Catalog, voice: Voice, *, now: float) -> Declared:
    from gwctl.declarative import DeclarativeError, load
    from gwctl.declarative.files import name_of, read_bytes

    if file is None:
        raise GwctlError(_NEED_FILE)
    try:
        declared = load(read_bytes(file), catalog=catalog, now=now, name=name_of(file), hashed=False)
    except DeclarativeError as error:
        raise GwctlError("\n".join(["Failed parsing:", *error.lines()])) from error
    for warning in declared.warnings:
        voice.warn(warning)
    return declared


def _catalog(settings: Settings) -> Catalog:
    from gwctl.node.catalog import catalog_for

    return catalog_for(settings)


def _require_database(settings: Settings, otherwise: str) -> None:
    if settings.text("database") == "off" or settings.role == "data_plane":
        raise GwctlError(otherwise)


def _store(settings: Settings, catalog: Catalog) -> Store:
    from gwctl.kit.clock import SystemClock
    from gwctl.store import DatabaseConfig, Store, require_current

    config = DatabaseConfig.from_settings(settings)
    require_current(config)
    return Store.open(config, catalog, SystemClock())


def _import(store: Store, declared: Declared, now: float) -> None:
    from gwctl.changes import import_
    from gwctl.schema import EntityError

    try:
        import_(store, declared, now=now)
    except EntityError as error:
        raise GwctlError(f"Failed importing:\n  {error.message}") from error


def _export(store: Store, catalog: Catalog, file: str) -> None:
    from gwctl.changes import exported
    from gwctl.declarative import export_lines
    from gwctl.declarative.files import create

    with store.read() as reads:
        lines = export_lines(exported(store, reads, time.time()), catalog=catalog, form=_form(file))
        if file == "-":
            sys.stdout.writelines(lines)
        else:
            create(file, lines, f"{file} already exists. Will not overwrite it.")


def _form(file: str) -> Literal["json", "yaml"]:
    return "json" if file.endswith(".json") else "yaml"


COMMANDS: tuple[Callable[..., object], ...] = (init, parse, db_import, db_export)
