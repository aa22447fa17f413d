"""``gwctl hybrid gen_cert``: the shared pair of a cluster, written to two new files (hybrid.md 3.4)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gwctl.certs.errors import CertificateError
from gwctl.certs.issue import issue_shared_pair
from gwctl.kit.files import sync_directory, working_directory

DEFAULT_CERT = "cluster.crt"
DEFAULT_KEY = "cluster.key"
DEFAULT_DAYS = 1095
MOST_DAYS = 36500


@dataclass(frozen=True, slots=True)
class WrittenPair:
    """Absolute paths of the files."""

    cert: Path
    key: Path

    @property
    def message(self) -> str:
        """The reference's line about it."""
        return (
            f"Successfully generated certificate/key pairs, they have been written to: '{self.cert}' and '{self.key}'."
        )


def write_shared_pair(
    cert: str | None, key: str | None, *, now: float, days: int | str = DEFAULT_DAYS, cwd: Path | None = None
) -> WrittenPair:
    """Issue the shared pair and write certificate (0644) and key (0600); existing files are never touched.

    Paths are both given or both not, and seen from ``cwd``. Raises CertificateError; then no file is left behind.
    """
    if (cert is None) != (key is None):
        raise CertificateError("both cert and key path needs to be provided")
    lifetime = parse_days(days)
    base = cwd or working_directory()
    pair = WrittenPair(_absolute(base, cert or DEFAULT_CERT), _absolute(base, key or DEFAULT_KEY))
    if pair.cert == pair.key:
        raise CertificateError(f"certificate and key cannot both be {pair.cert}", hint="name two files")
    for path in (pair.cert, pair.key):
        if os.path.lexists(path):
            raise _exists(path)
    cert_pem, key_pem = issue_shared_pair(lifetime, now)
    _write_both(((pair.key, key_pem, 0o600), (pair.cert, cert_pem, 0o644)))
    return pair


def parse_days(days: int | str) -> int:
    """A lifetime of 1 to 36500 days. Raises CertificateError."""
    text = str(days).strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_DAYS and len(text) < 9):
        raise CertificateError(f"days must be a whole number between 1 and {MOST_DAYS}, got '{days}'")
    return int(text)


def _absolute(base: Path, text: str) -> Path:
    return Path(os.path.normpath(base / text))


def _exists(path: Path) -> CertificateError:
    return CertificateError(f"{path} already exists.\nWill not overwrite it.")


def _write_both(files: tuple[tuple[Path, bytes, int], ...]) -> None:
    made: list[Path] = []
    try:
        for path, content, mode in files:
            _write_new(path, content, mode, made)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise
    for directory in {path.parent for path, _, _ in files}:
        sync_directory(directory)


def _write_new(path: Path, content: bytes, mode: int, made: list[Path]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        made.append(path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise CertificateError(f"cannot write {path}: {error.strerror}") from None
