"""PEM texts for OpenSSL, which takes chains and keys from files only."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def load_chain(context: ssl.SSLContext, cert_pem: bytes, key_pem: bytes) -> None:
    """Make ``context`` present a certificate, with the chain that may follow it. Raises ssl.SSLError.

    At most one pair per type of key counts: the last one.
    """
    with as_file(cert_pem) as cert_path, as_file(key_pem) as key_path:
        # a key with a passphrase must fail instead of asking on a terminal
        context.load_cert_chain(cert_path, key_path, password="")


@contextmanager
def as_file(content: bytes) -> Iterator[str]:
    """A path under which OpenSSL can read ``content``, which never touches a disk where the system permits that."""
    descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        path = f"/proc/self/fd/{descriptor}"
        if os.path.exists(path):
            yield path
            return
    finally:
        os.close(descriptor)
    with tempfile.NamedTemporaryFile(dir=Path(tempfile.gettempdir())) as file:
        file.write(content)
        file.flush()
        yield file.name
