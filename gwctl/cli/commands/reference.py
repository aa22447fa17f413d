"""The reference's own commands, for scripts written for it: same flags, lines and exit codes, another program name."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from gwctl import KONG_VERSION, __version__
from gwctl.cli import nodes_of, session
from gwctl.cli.options import (
    Common,
    Conf,
    DataOutput,
    DbTimeout,
    Debug,
    LockTimeout,
    Prefix,
    Verbose,
    common,
    timeout_flags,
)
from gwctl.cli.output import show as show_data
from gwctl.cli.voice import Voice
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.settings import Settings

_DEFAULT_CONF = "/etc/kong/kong.conf"
_ROAR = r"""
      __________
   __/  __  __  \__
  /    (o \/ o)    \
 |   __/  ..  \__   |
 |  |  |VVVVVV|  |  |
  \  \_|      |_/  /
   \    |^^^^^^|   /
    \___\______/__/

    Welcome to kong
"""

Template = Annotated[
    str | None,
    typer.Option("--nginx-conf", metavar="FILE", help="Accepted for scripts; there is no nginx to configure."),
]
TemplateFlags = Annotated[
    str | None, typer.Option("--nginx-conf-flags", metavar="TEXT", help="Accepted for scripts, without effect.")
]
RunMigrations = Annotated[bool, typer.Option("--run-migrations", help="Run 'migrations up' first.", show_default=False)]


def start(
    conf: Conf = None,
    prefix: Prefix = None,
    nginx_conf: Template = None,
    run_migrations: RunMigrations = False,
    db_timeout: DbTimeout = None,
    lock_timeout: LockTimeout = 60,
    nginx_conf_flags: TemplateFlags = None,
    v: Verbose = False,
    vv: Debug = False,
) -> int:
    """Start a node in the role of its settings.

    In the background unless nginx_daemon is off.
    """
    options = common(prefix, conf, v, vv)
    flags = timeout_flags(db_timeout)
    if run_migrations:
        nodes_of.migrate(options, flags=flags, lock_timeout=lock_timeout)
    return nodes_of.start(options, role=None, daemon=None, flags=flags)


def stop(prefix: Prefix = None, v: Verbose = False, vv: Debug = False) -> None:
    """Stop a running node at once."""
    nodes_of.stop(common(prefix, None, v, vv), role=None, graceful=False)


def quit(
    prefix: Prefix = None,
    timeout: Annotated[float, typer.Option("-t", "--timeout", metavar="SECONDS", help="Then stop it at once.")] = 10.0,
    wait: Annotated[float, typer.Option("-w", "--wait", metavar="SECONDS", help="Wait before beginning.")] = 0.0,
    v: Verbose = False,
    vv: Debug = False,
) -> None:
    """Stop a running node gracefully.

    Requests in flight finish.
    """
    nodes_of.stop(common(prefix, None, v, vv), role=None, timeout=timeout, wait=wait)


def restart(
    conf: Conf = None,
    prefix: Prefix = None,
    nginx_conf: Template = None,
    run_migrations: RunMigrations = False,
    db_timeout: DbTimeout = None,
    lock_timeout: LockTimeout = 60,
    nginx_conf_flags: TemplateFlags = None,
    v: Verbose = False,
    vv: Debug = False,
) -> int:
    """Stop the node if it runs, then start it."""
    options = common(prefix, conf, v, vv)
    flags = timeout_flags(db_timeout)
    if run_migrations:
        nodes_of.migrate(options, flags=flags, lock_timeout=lock_timeout)
    return nodes_of.restart(options, flags=flags)


def reload(
    conf: Conf = None,
    prefix: Prefix = None,
    nginx_conf: Template = None,
    nginx_conf_flags: TemplateFlags = None,
    v: Verbose = False,
    vv: Debug = False,
) -> None:
    """Take new settings without dropping a request.

    Every process but the supervisor is replaced.
    """
    nodes_of.reload(common(prefix, conf, v, vv), role=None)


def health(prefix: Prefix = None, output: DataOutput = None, v: Verbose = False, vv: Debug = False) -> int:
    """Say whether the node runs (exit 1 if not)."""
    return nodes_of.health(common(prefix, None, v, vv), role=None, output=output)


def check(
    conf: Annotated[str, typer.Argument(metavar="FILE", help="The settings file.")] = _DEFAULT_CONF,
    output: DataOutput = None,
    v: Verbose = False,
    vv: Debug = False,
) -> int:
    """Check a settings file.

    Every problem on a line of its own, unknown settings among them; exit 1 when there is one.
    """
    options = common(None, conf, v, vv)
    voice = session.reference_voice(options) if output is None else session.data_voice(options.verbosity)
    problems = _problems(options, voice)
    if output is not None:
        show_data({"file": conf, "valid": not problems, "problems": problems}, output)
        return 1 if problems else 0
    for problem in problems:
        print(f"[error] {problem}", file=sys.stderr)
    if not problems:
        voice.say(f"configuration at {conf} is valid")
    return 1 if problems else 0


def _problems(options: Common, voice: Voice) -> list[str]:
    from gwctl.settings import SettingsError

    try:
        settings = session.load(options, voice, unknown=False)
    except SettingsError as error:
        return list(error.problems)
    unknown = [notice.text for notice in settings.notices if notice.unknown]
    return unknown + _plugin_problems(settings) + _template_problems(settings)


def _plugin_problems(settings: Settings) -> list[str]:
    from gwctl.node.catalog import loaded_plugins

    try:
        loaded_plugins(settings.words("plugins"))
    except GwctlError as error:
        return [error.message]
    return []


def _template_problems(settings: Settings) -> list[str]:
    from gwctl.node.lifecycle import require_error_templates

    try:
        require_error_templates(settings)
    except GwctlError as error:
        return [error.message]
    return []


def prepare(
    conf: Conf = None, prefix: Prefix = None, nginx_conf: Template = None, v: Verbose = False, vv: Debug = False
) -> None:
    """Make the directory of a node ready.

    Its directories, logs and settings, without starting the node.
    """
    options = common(prefix, conf, v, vv)
    settings = session.load(options, session.reference_voice(options))
    from gwctl.node import lifecycle

    lifecycle.prepare(settings)


def version(
    everything: Annotated[bool, typer.Option("-a", "--all", help="Also gwctl, Python and its libraries.")] = False,
    output: DataOutput = None,
    v: Verbose = False,
    vv: Debug = False,
) -> None:
    """Print the version (-a: of everything).

    It is the version of the reference whose behaviour this program keeps, as scripts expect it.
    """
    session.reference_voice(common(None, None, v, vv))
    if not everything and output is None:
        print(KONG_VERSION)
        return
    versions = {"Kong": KONG_VERSION, "gwctl": __version__}
    if everything:
        versions |= {"Python": platform.python_version(), **dict(_libraries())}
    if output is not None:
        show_data(versions, output)
        return
    for name, number in versions.items():
        print(f"{name}: {number}")


def roar() -> None:
    """Roar."""
    print(_ROAR)


def _libraries() -> list[tuple[str, str]]:
    import ssl
    from importlib.metadata import version as installed

    names = ("alembic", "cryptography", "h11", "lmdb", "psycopg", "SQLAlchemy", "starlette", "uvloop", "websockets")
    return [("OpenSSL", ssl.OPENSSL_VERSION.split()[1]), *((name, installed(name)) for name in names)]


COMMANDS: tuple[Callable[..., object], ...] = (
    *(start, stop, quit, restart, reload, health),
    *(check, prepare, version, roar),
)
