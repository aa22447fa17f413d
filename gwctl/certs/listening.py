"""TLS of the proxy, Admin API and Status API: certificates from settings, or self-signed ones made in the prefix."""

from __future__ import annotations

import fcntl
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gwctl.certs.errors import CertificateError
from gwctl.certs.issue import issue_default_pair
from gwctl.certs.pair import CertificatePair, load_pair
from gwctl.certs.policy import TlsPolicy, tls_policy
from gwctl.kit.files import write_atomic
from gwctl.settings import Settings


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of one kind of listener: the setting of its certificates, and the stem of its default files (hybrid.md 2.8)."""

    setting: str
    stem: str


_KINDS: Mapping[str, _Kind] = {
    "proxy_listen": _Kind("ssl_cert", "kong-default"),
    "admin_listen": _Kind("admin_ssl_cert", "admin-kong-default"),
    "status_listen": _Kind("status_ssl_cert", "status-kong-default"),
}
_DEFAULTS: tuple[tuple[Literal["rsa", "ec"], str], ...] = (("rsa", ""), ("ec", "-ecdsa"))


def prepare_listener_pairs(settings: Settings, name: str, *, now: float) -> tuple[CertificatePair, ...]:
    """The certificates of the listeners ``name`` (``proxy_listen`` ...), made in the prefix when none is configured.

    Made once and kept: a later start finds them, concurrent ones wait for each other. Raises CertificateError.
    """
    kind = _KINDS[name]
    names = (kind.setting, f"{kind.setting}_key")
    configured = zip(settings.words(names[0]), settings.words(names[1]), strict=True)
    pairs = tuple(load_pair(cert, key, names=names) for cert, key in configured)
    return pairs or _default_pairs(settings.prefix / "ssl", kind, names, now)


def listener_tls(settings: Settings, name: str, *, now: float, base: ssl.SSLContext | None = None) -> ssl.SSLContext:
    """The server side TLS of the listeners ``name``; see ``listener_context``. Raises CertificateError."""
    return listener_context(prepare_listener_pairs(settings, name, now=now), tls_policy(settings), base)


def listener_context(
    pairs: Sequence[CertificatePair], policy: TlsPolicy | None = None, base: ssl.SSLContext | None = None
) -> ssl.SSLContext:
    """A server context that presents ``pairs`` (at most one per type of key counts) and speaks HTTP/1.1.

    ``base`` is used for it when given: processes that inherited the same one resume each other's sessions.
    """
    context = blank_context(policy or TlsPolicy(), base)
    for pair in pairs:
        pair.load_into(context)
    return context


def blank_context(policy: TlsPolicy, base: ssl.SSLContext | None = None) -> ssl.SSLContext:
    """A server context that has no certificate yet. Raises CertificateError."""
    context = base or new_base()
    policy.apply(context)
    return context


def new_base() -> ssl.SSLContext:
    """An empty server context, with keys for session tickets of its own."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def _default_pairs(directory: Path, kind: _Kind, names: tuple[str, str], now: float) -> tuple[CertificatePair, ...]:
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CertificateError(f"cannot make certificates in {directory}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return tuple(
            _default_pair(directory / f"{kind.stem}{ending}", type_, names, now) for type_, ending in _DEFAULTS
        )
    finally:
        os.close(descriptor)


def _default_pair(stem: Path, type_: Literal["rsa", "ec"], names: tuple[str, str], now: float) -> CertificatePair:
    cert, key = stem.with_name(stem.name + ".crt"), stem.with_name(stem.name + ".key")
    present = cert.exists(), key.exists()
    if not any(present):
        _make(cert, key, type_, now)
    elif not all(present):
        missing, other = (cert, key) if present[1] else (key, cert)
        raise CertificateError(f"{missing} is missing, but {other} exists", hint=f"remove {other}, or set {names[0]}")
    return load_pair(str(cert), str(key), names=names)


def _make(cert: Path, key: Path, type_: Literal["rsa", "ec"], now: float) -> None:
    cert_pem, key_pem = issue_default_pair(type_, now)
    try:
        write_atomic(key, key_pem, 0o600)
        write_atomic(cert, cert_pem, 0o644)
    except OSError as error:
        key.unlink(missing_ok=True)
        raise CertificateError(f"cannot write {error.filename or cert}: {error.strerror}") from None
