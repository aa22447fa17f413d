"""The settings of TLS towards upstreams, with what they name read once."""

from __future__ import annotations

from gwctl.engine.tls.upstream import Pair, TlsDefaults
from gwctl.settings import Settings, Trust, pem_of, trusted

_PROXY_TRUSTED = "nginx_proxy_proxy_ssl_trusted_certificate"


def tls_defaults(settings: Settings) -> TlsDefaults:
    """Raises GwctlError for a file that cannot be read."""
    own = settings.text(_PROXY_TRUSTED)
    trust = Trust((pem_of(settings, _PROXY_TRUSTED, own),), system=False) if own else trusted(settings)
    depth = settings.integer("nginx_proxy_proxy_ssl_verify_depth")
    return TlsDefaults(
        verify=settings.flag("nginx_proxy_proxy_ssl_verify"),
        depth=1 if depth is None else depth,
        trust=trust.texts,
        system=trust.system,
        pair=_pair(settings),
    )


def _pair(settings: Settings) -> Pair | None:
    if not settings.flag("client_ssl"):
        return None
    cert, key = (settings.text(name) for name in ("client_ssl_cert", "client_ssl_cert_key"))
    if not cert or not key:
        return None
    return pem_of(settings, "client_ssl_cert", cert), pem_of(settings, "client_ssl_cert_key", key)
