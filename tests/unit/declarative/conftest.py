"""A catalog with everything, and short ways to load and to be refused."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gwctl.declarative import DeclarativeError, Declared, load, load_values
from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.plugins.bundled import bundled_schemas

NOW = 1_700_000_000.25

Loads: TypeAlias = Callable[..., Declared]
Refuses: TypeAlias = Callable[..., DeclarativeError]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return node_catalog(bundled_schemas().values())


@pytest.fixture(scope="session")
def loads(catalog: Catalog) -> Loads:
    """Load entities (as keywords) or a text."""

    def run(
        text: str | bytes | None = None, *, name: str | None = None, version: str = "3.0", **entities: Any
    ) -> Declared:
        if text is not None:
            return load(text, catalog=catalog, now=NOW, name=name)
        return load_values({"_format_version": version, **entities}, catalog=catalog, now=NOW)

    return run


@pytest.fixture(scope="session")
def refuses(loads: Loads) -> Refuses:
    """The error of a document that is refused."""

    def run(*arguments: Any, **options: Any) -> DeclarativeError:
        with pytest.raises(DeclarativeError) as caught:
            loads(*arguments, **options)
        return caught.value

    return run


@cache
def certificate_pair() -> tuple[str, str]:
    """A certificate that is valid for a long time, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a.test")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin.replace(year=2120))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(), private
