"""The authorities that PostgreSQL is verified against, as the one file that libpq reads."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from gwctl.kit.errors import GwctlError
from gwctl.kit.files import write_atomic
from gwctl.settings.trust import trusted

if TYPE_CHECKING:
    from gwctl.settings import Settings

_NAME = "pg_trusted.pem"


def roots_file(settings: Settings) -> Path | None:
    """The file for ``lua_ssl_trusted_certificate``, made in the prefix; None when the system's authorities suffice.

    Raises GwctlError when an authority cannot be read or the file cannot be written.
    """
    trust = trusted(settings)
    if not trust.texts:
        return None
    texts = [*trust.texts, *_system()] if trust.system else list(trust.texts)
    content = "\n".join(texts)
    path = settings.prefix / "ssl" / _NAME
    try:
        if not path.exists() or path.read_text() != content:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomic(path, content, 0o644)
    except OSError as error:
        raise GwctlError(f"cannot write {path}: {error.strerror}", hint="check the prefix directory") from error
    return path


def _system() -> list[str]:
    place = ssl.get_default_verify_paths().cafile
    return [Path(place).read_text()] if place else []
