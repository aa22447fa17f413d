"""How an Admin API is reached: address, credentials, TLS and patience."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gwctl.client.errors import AdminError
from gwctl.kit.errors import GwctlError

DEFAULT_URL = "http://127.0.0.1:8001"
URL_VARIABLE = "GWCTL_ADMIN_URL"
TOKEN_VARIABLE = "GWCTL_ADMIN_TOKEN"  # noqa: S105 (a name)
TOKEN_FILE_VARIABLE = "GWCTL_ADMIN_TOKEN_FILE"  # noqa: S105 (a name)
TOKEN_HEADER = "Kong-Admin-Token"  # noqa: S105 (a name)


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS of the client: whom it trusts and who it is. ``cert`` and ``key`` are PEM files."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    server_name: str | None = None
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        """Raises GwctlError naming a file that cannot be used."""
        if self.key is not None and self.cert is None:
            raise GwctlError("--key is of no use without --cert", exit_code=2)
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise _unusable("CA file", self.ca, error) from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert is not None:
            try:
                context.load_cert_chain(self.cert, self.key, password=_no_password)
            except (OSError, ssl.SSLError) as error:
                raise _unusable("client certificate", self.cert, error) from error
        return context


def _no_password() -> str:
    raise ssl.SSLError("the key is encrypted")


def _unusable(what: str, path: Path | None, error: Exception) -> GwctlError:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return GwctlError(f"cannot use the {what} {path}: {reason}", hint="it must be a readable PEM file")


@dataclass(frozen=True, slots=True)
class Access:
    """One Admin API and how to speak to it.

    ``url`` is ``http://host:port`` (also https, a path prefix, or just ``host:port``). ``headers`` go with every
    request and may hold secrets, so they are not in the representation. ``timeout`` is in seconds and holds for the
    connection and for each read; None leaves it to the command.
    """

    url: str = DEFAULT_URL
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: Tls = field(default_factory=Tls)
    timeout: float | None = None

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        *,
        url: str | None = None,
        token_file: Path | None = None,
        headers: Sequence[str] = (),
        tls: Tls | None = None,
        timeout: float | None = None,
    ) -> Access:
        """What the options say, else what the variables ``GWCTL_ADMIN_URL``, ``…_TOKEN`` and ``…_TOKEN_FILE`` say.

        Raises GwctlError for a header or a token that cannot be sent; the message never holds its value.
        """
        given = dict(_header(text) for text in headers)
        token = _token(environ, token_file)
        if token is not None:
            given[TOKEN_HEADER] = token
        return cls(url or environ.get(URL_VARIABLE) or DEFAULT_URL, given, tls or Tls(), timeout)


def _token(environ: Mapping[str, str], file: Path | None) -> str | None:
    if file is None and not environ.get(TOKEN_VARIABLE) and environ.get(TOKEN_FILE_VARIABLE):
        file = Path(environ[TOKEN_FILE_VARIABLE])
    if file is None:
        text, place = environ.get(TOKEN_VARIABLE, ""), TOKEN_VARIABLE
    else:
        place = str(file)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise GwctlError(f"cannot read the token file {file}: {reason}") from error
    token = text.strip()
    if file is not None and not token:
        raise GwctlError(f"the token file {file} is empty")
    if not _sendable(token):
        raise GwctlError(f"the token in {place} is not one line of printable ASCII")
    return token or None


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not name or not _sendable(name) or " " in name or not _sendable(value):
        shown = name if _sendable(name) and colon else "the one given"
        raise GwctlError(f"--header {shown!r} is no header", hint="write it as --header 'Name: value'", exit_code=2)
    return name, value


def _sendable(text: str) -> bool:
    return text.isascii() and (not text or text.isprintable())


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address; ``text`` is how messages show it (never with a password)."""

    host: str
    port: int
    prefix: str
    tls: bool
    text: str

    @classmethod
    def parse(cls, given: str) -> Address:
        """Raises AdminError."""
        try:
            url = urlsplit(given if "://" in given else f"http://{given}")
            valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0 and url.username is None
        except ValueError:
            valid = False
        if not valid:
            shown = given.rpartition("@")[2]
            raise AdminError(f"{shown!r} is no address of an Admin API", hint=f"write it as {DEFAULT_URL}")
        tls = url.scheme == "https"
        prefix = url.path.rstrip("/")
        return cls(
            url.hostname or "", url.port or (443 if tls else 80), prefix, tls, f"{url.scheme}://{url.netloc}{prefix}"
        )


class NamedTlsConnection(http.client.HTTPSConnection):
    """A TLS connection that asks for, and expects, another server name than the one it dials."""

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext, server_name: str | None) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._named_context = context
        self._server_name = server_name or host

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._named_context.wrap_socket(self.sock, server_hostname=self._server_name)
