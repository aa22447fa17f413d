"""Declarative files on disk: read whole, never overwritten, readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from gwctl.declarative.limits import MAX_BYTES
from gwctl.kit.errors import GwctlError

STDIN = "-"


def read_bytes(path: str) -> bytes:
    """The bytes of a file, of standard input for ``-``. Raises GwctlError; too long a file is refused unread."""
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GwctlError(f"cannot read {path}: {error.strerror or error}") from error


def name_of(path: str) -> str | None:
    """The name that decides between JSON and YAML; None for standard input, where both are tried."""
    return None if path == STDIN else path


def create(path: str, parts: Iterable[str], exists: str) -> None:
    """Write a new file of ``parts``; half a file is removed. Raises GwctlError, with the text ``exists`` when there is
    one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise GwctlError(exists) from None
    except OSError as error:
        raise GwctlError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(parts)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(path).unlink()
        if isinstance(error, OSError):
            raise GwctlError(f"cannot write {path}: {error.strerror or error}") from error
        raise
