"""Commands that speak to a running control plane: the options they share, and the client those make."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gwctl.client import AdminClient
    from gwctl.entities import Catalog

Url = Annotated[
    str | None,
    typer.Option(
        "--admin-url",
        metavar="URL",
        help="Admin API of the control plane  [default: $GWCTL_ADMIN_URL, else http://127.0.0.1:8001]",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--admin-token-file",
        metavar="FILE",
        help="File with the token that is sent as Kong-Admin-Token  [default: $GWCTL_ADMIN_TOKEN or "
        "$GWCTL_ADMIN_TOKEN_FILE]",
    ),
]
Header = Annotated[
    list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="Send this header too; may be repeated.")
]
Ca = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="Trust these authorities (PEM).")]
Cert = Annotated[Path | None, typer.Option("--cert", metavar="FILE", help="Show this certificate (PEM).")]
Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="Its key, unless it is in the same file.")]
ServerName = Annotated[
    str | None, typer.Option("--tls-server-name", metavar="NAME", help="The name the certificate must have.")
]
NoVerify = Annotated[
    bool, typer.Option("--no-verify", help="Trust any certificate: for tests only.", show_default=False)
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long to wait for a sign of the control plane."),
]


@dataclass(frozen=True, slots=True)
class Remote:
    """The options that say which control plane is meant and how to speak to it."""

    admin_url: Url = None
    admin_token_file: TokenFile = None
    header: Header = None
    ca: Ca = None
    cert: Cert = None
    key: Key = None
    tls_server_name: ServerName = None
    no_verify: NoVerify = False
    timeout: Timeout = None

    def client(self, timeout: float = 30.0) -> AdminClient:
        """A client of that control plane; ``timeout`` (seconds) holds unless an option says otherwise."""
        from gwctl.client import Access, AdminClient, Tls

        tls = Tls(self.ca, self.cert, self.key, self.tls_server_name, not self.no_verify)
        access = Access.from_environment(
            os.environ,
            url=self.admin_url,
            token_file=self.admin_token_file,
            headers=self.header or (),
            tls=tls,
            timeout=self.timeout,
        )
        return AdminClient(timeout=timeout, access=access)


Command = Callable[..., object]


def remote(command: Command) -> Command:
    """``command(*, remote: Remote, …)`` with the options of Remote behind its own."""
    own = inspect.signature(command, eval_str=True)
    shared = inspect.signature(Remote, eval_str=True)

    def run(**given: Any) -> object:
        options = {name: given.pop(name) for name in shared.parameters}
        return command(remote=Remote(**options), **given)

    kept = [parameter for name, parameter in own.parameters.items() if name != "remote"]
    added = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shared.parameters.values()]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in kept] + added
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {}
    return run


def client_catalog() -> Catalog:
    """Every entity, every bundled plugin and every field of any router, whatever the control plane enables."""
    from gwctl.entities.catalog import node_catalog
    from gwctl.plugins.bundled import bundled_schemas

    return node_catalog(bundled_schemas().values(), flavor="expressions")
