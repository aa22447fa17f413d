"""Authorities that settings name: files, PEM or base64 of PEM, read when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gwctl.kit.errors import GwctlError
from gwctl.kit.pem_text import read_pem
from gwctl.settings.settings import Settings

_SYSTEM = "system"
_TRUSTED = "lua_ssl_trusted_certificate"


@dataclass(frozen=True, slots=True)
class Trust:
    """``texts`` are PEM; ``system`` adds the authorities of the operating system."""

    texts: tuple[str, ...]
    system: bool


def trusted(settings: Settings) -> Trust:
    """Whom the node itself trusts as a TLS client (``lua_ssl_trusted_certificate``). Raises GwctlError."""
    words = settings.words(_TRUSTED)
    return Trust(tuple(pem_of(settings, _TRUSTED, word) for word in words if word != _SYSTEM), _SYSTEM in words)


def pem_of(settings: Settings, name: str, text: str) -> str:
    """The PEM that ``text`` of the setting ``name`` means; paths may start in the prefix. Raises GwctlError."""
    relative = not ("-----BEGIN" in text or text.startswith("/")) and (settings.prefix / Path(text)).exists()
    try:
        return read_pem(str(settings.prefix / text) if relative else text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no PEM"
        raise GwctlError(f"{name}: cannot read {text}: {reason}", hint=f"set {name} to a readable PEM file") from None
