"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from gwctl.kit.errors import GwctlError


def write_atomic(path: Path, data: bytes | str, mode: int = 0o644, *, durable: bool = True) -> None:
    """Replace ``path`` by a file with ``data`` and permission bits ``mode``: readers see the old or the new one.

    With ``durable`` the file and its directory are fsynced before the call returns. Raises OSError.
    """
    body = data.encode() if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(body)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if durable:
        sync_directory(path.parent)


def working_directory() -> Path:
    """Where relative paths start from. Raises GwctlError when it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise GwctlError("the current directory does not exist any more", hint="cd to another one") from None


def sync_directory(path: Path) -> None:
    """Make renames and creations inside ``path`` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
