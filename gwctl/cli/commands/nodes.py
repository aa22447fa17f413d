"""``gwctl nodes``: the data planes of a control plane."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwctl.cli import session
from gwctl.cli.options import Common, Conf, Format, Output, Prefix, common
from gwctl.cli.output import show, table
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.settings import Settings

AdminUrl = Annotated[str | None, typer.Option("--admin-url", metavar="URL", help="Admin API of the control plane.")]
Interval = Annotated[float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="How often to ask.")]

_ROLE = "control_plane"
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (looked up, not bound)
_COLUMNS = ("id", "hostname", "ip", "version", "sync_status", "config_hash", "last_seen", "labels")


def list_(admin_url: AdminUrl = None, prefix: Prefix = None, conf: Conf = None, output: Output = Format.TABLE) -> None:
    """The data planes a control plane knows."""
    nodes = _fetch(_url(admin_url, common(prefix, conf, False, False)))
    if output is Format.TABLE:
        print(_table(nodes))
    else:
        show(nodes, output)


def watch(
    admin_url: AdminUrl = None,
    prefix: Prefix = None,
    conf: Conf = None,
    output: Output = Format.TABLE,
    interval: Interval = 2.0,
) -> None:
    """The same, again at every change.

    Until Ctrl-C; with -o json one line per change.
    """
    url = _url(admin_url, common(prefix, conf, False, False))
    shown: list[dict[str, Any]] | None = None
    while True:
        nodes = _fetch(url)
        if nodes != shown:
            print(json.dumps(nodes) if output is Format.JSON else _text(nodes, output), flush=True)
            shown = nodes
        time.sleep(interval)


def _text(nodes: list[dict[str, Any]], output: Format) -> str:
    if output is Format.YAML:
        import yaml

        return "---\n" + str(yaml.safe_dump(nodes, sort_keys=False)).rstrip()
    return _table(nodes) + "\n"


def _table(nodes: Sequence[dict[str, Any]]) -> str:
    if not nodes:
        return "no data planes"
    rows = table([{**node, "last_seen": _ago(node.get("last_seen"))} for node in nodes], _COLUMNS)
    return "\n".join([rows, *_reasons(nodes)])


def _reasons(nodes: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each node that is not well: the reason is too long for a column."""
    found = [f"{node['id']}: {node['last_error'].get('message')}" for node in nodes if node.get("last_error")]
    return ["", *found] if found else []


def _ago(moment: Any) -> str:
    if not isinstance(moment, (int, float)):
        return "never"
    seconds = max(0, int(time.time() - moment))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit} ago"
    return f"{seconds}s ago"


def _url(admin_url: str | None, options: Common) -> str:
    if admin_url is not None:
        return admin_url
    under = session.environment_of(options, role=_ROLE)
    settings = session.load(options, session.data_voice(), role=_ROLE, under=under)
    return admin_address(settings)


def admin_address(settings: Settings) -> str:
    """Where the Admin API of a node with these settings answers, seen from the same machine."""
    listeners = sorted(settings.listeners("admin_listen"), key=lambda listener: listener.ssl)
    if not listeners:
        raise GwctlError("the Admin API of the control plane is off (admin_listen)", hint="name one with --admin-url")
    first = listeners[0]
    host = _LOOPBACK.get(first.ip, f"[{first.ip}]" if first.is_ipv6 else first.ip)
    return f"{'https' if first.ssl else 'http'}://{host}:{first.port}"


def _fetch(url: str) -> list[dict[str, Any]]:
    from gwctl.client import Access, AdminClient

    return list(
        AdminClient(access=Access.from_environment(os.environ, url=url), timeout=10.0).pages("/clustering/data-planes")
    )


list_.__name__ = "list"
COMMANDS: tuple[Callable[..., object], ...] = (list_, watch)
