"""Which TLS the listeners speak: versions, ciphers, parameters, sessions (proxy.md 10.2)."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gwctl.certs.dhparams import group_pem, groups
from gwctl.certs.errors import CertificateError
from gwctl.kit.pem_files import as_file
from gwctl.settings import Settings

_INTERMEDIATE = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"
)
_OLD = (
    f"{_INTERMEDIATE}:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "DHE-RSA-AES128-SHA256:DHE-RSA-AES256-SHA256:AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:"
    "AES128-SHA:AES256-SHA:@SECLEVEL=0"
)
_FIPS = "TLSv1.2+FIPS:kRSA+FIPS:!eNULL:!aNULL"
_VERSIONS: Mapping[str, ssl.TLSVersion] = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_DEAD = ("SSLv2", "SSLv3")
_DEFAULT_GROUP = "ffdhe2048"


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """Lowest and highest version; the ciphers up to TLS 1.2 in OpenSSL's notation, whose order counts when
    ``prefer_server``; PEM of Diffie-Hellman parameters; whether sessions travel as tickets."""

    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str = _INTERMEDIATE
    prefer_server: bool = False
    dhparam: bytes | None = None
    tickets: bool = True

    def apply(self, context: ssl.SSLContext) -> None:
        """Make ``context`` obey. Raises CertificateError."""
        with warnings.catch_warnings():
            # who sets `old` has been told; Python would tell them again for each context
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = self.lowest
            context.maximum_version = self.highest
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        _option(context, ssl.OP_CIPHER_SERVER_PREFERENCE, on=self.prefer_server)
        _option(context, ssl.OP_NO_TICKET, on=not self.tickets)
        try:
            context.set_ciphers(self.ciphers)
        except ssl.SSLError:
            raise CertificateError(f"ssl_ciphers: OpenSSL knows no cipher of '{self.ciphers}'") from None
        if self.dhparam is not None:
            _load_parameters(context, self.dhparam)
        context.set_alpn_protocols(["http/1.1"])


def tls_policy(settings: Settings) -> TlsPolicy:
    """The policy of ``ssl_cipher_suite`` and its fellows. Raises CertificateError for a custom one that cannot be."""
    suite = settings.text("ssl_cipher_suite")
    tickets = settings.flag("ssl_session_tickets")
    one_two, one_three = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    dhparam = _parameters(settings.text("ssl_dhparam"), settings, custom=suite == "custom")
    if suite == "modern":
        return TlsPolicy(one_three, one_three, tickets=tickets)
    if suite == "old":
        return TlsPolicy(ssl.TLSVersion.TLSv1, one_three, _OLD, True, dhparam, tickets)
    if suite == "fips":
        return TlsPolicy(one_two, one_two, _FIPS, True, dhparam, tickets)
    if suite != "custom":
        return TlsPolicy(dhparam=dhparam, tickets=tickets)
    lowest, highest = _custom_versions(settings.text("ssl_protocols") or "")
    ciphers = settings.text("ssl_ciphers") or _INTERMEDIATE
    return TlsPolicy(lowest, highest, ciphers, settings.flag("ssl_prefer_server_ciphers"), dhparam, tickets)


def _custom_versions(text: str) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    words = text.replace(",", " ").split()
    unknown = [word for word in words if word not in _VERSIONS and word not in _DEAD]
    versions = sorted(_VERSIONS[word] for word in words if word in _VERSIONS)
    if unknown or not versions:
        raise CertificateError(
            f"ssl_protocols: no usable version of TLS in '{' '.join(words)}'", hint="name TLSv1.2, TLSv1.3 or both"
        )
    return versions[0], versions[-1]


def _parameters(text: str | None, settings: Settings, *, custom: bool) -> bytes | None:
    """PEM of ``ssl_dhparam``: the name of a group, a file, or PEM. The presets have a group of their own."""
    if text is None:
        return None if custom else group_pem(_DEFAULT_GROUP)
    if text in groups():
        return group_pem(text)
    if "-----BEGIN" in text:
        return text.encode()
    try:
        return (settings.prefix / Path(text)).read_bytes()
    except OSError as error:
        raise CertificateError(
            f"ssl_dhparam: cannot read {text}: {error.strerror}", hint=f"a PEM file, or one of {', '.join(groups())}"
        ) from None


def _load_parameters(context: ssl.SSLContext, pem: bytes) -> None:
    try:
        with as_file(pem) as path:
            context.load_dh_params(path)
    except ssl.SSLError:
        raise CertificateError(
            "ssl_dhparam: no usable Diffie-Hellman parameters", hint="a PEM file, or the name of a group: ffdhe2048"
        ) from None


def _option(context: ssl.SSLContext, option: ssl.Options, *, on: bool) -> None:
    if on:
        context.options |= option
    else:
        context.options &= ~option
