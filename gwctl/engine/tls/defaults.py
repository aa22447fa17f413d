"""The settings of TLS towards upstreams, with what they name read once."""

from __future__ import annotations

from pathlib import Path

from gwctl.engine.tls.upstream import Pair, TlsDefaults
from gwctl.kit.errors import GwctlError
from gwctl.kit.pem_files import read_pem
from gwctl.settings import Settings

_SYSTEM = "system"
_TRUSTED = "lua_ssl_trusted_certificate"
_PROXY_TRUSTED = "nginx_proxy_proxy_ssl_trusted_certificate"


def tls_defaults(settings: Settings) -> TlsDefaults:
    """Raises GwctlError for a file that cannot be read."""
    own = settings.text(_PROXY_TRUSTED)
    words = settings.words(_TRUSTED)
    depth = settings.integer("nginx_proxy_proxy_ssl_verify_depth")
    return TlsDefaults(
        verify=settings.flag("nginx_proxy_proxy_ssl_verify"),
        depth=1 if depth is None else depth,
        trust=(_read(settings, _PROXY_TRUSTED, own),)
        if own
        else tuple(_read(settings, _TRUSTED, word) for word in words if word != _SYSTEM),
        system=not own and _SYSTEM in words,
        pair=_pair(settings),
    )


def _pair(settings: Settings) -> Pair | None:
    if not settings.flag("client_ssl"):
        return None
    cert, key = (settings.text(name) for name in ("client_ssl_cert", "client_ssl_cert_key"))
    if not cert or not key:
        return None
    return _read(settings, "client_ssl_cert", cert), _read(settings, "client_ssl_cert_key", key)


def _read(settings: Settings, name: str, text: str) -> str:
    relative = not ("-----BEGIN" in text or text.startswith("/")) and (settings.prefix / Path(text)).exists()
    try:
        return read_pem(str(settings.prefix / text) if relative else text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no PEM"
        raise GwctlError(f"{name}: cannot read {text}: {reason}", hint=f"set {name} to a readable PEM file") from None
