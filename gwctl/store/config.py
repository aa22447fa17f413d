"""Where the database is: one value made from settings and passed down."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gwctl.store.roots import roots_file

if TYPE_CHECKING:
    from gwctl.settings import Settings


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """``kind`` is ``sqlite`` (then ``path`` counts), ``postgres`` (then the rest counts) or ``off``.

    ``timeout_ms`` bounds connecting, every statement and every wait for a lock; ``pool_size`` is the number of
    connections a process opens at most, and so the number of threads worth giving it. ``ssl_roots`` is a file with the
    authorities that ``ssl_verify`` trusts; without one those of the operating system count.
    """

    kind: str = "sqlite"
    path: Path | None = None
    host: str = "127.0.0.1"
    port: int = 5432
    user: str = "kong"
    password: str | None = field(default=None, repr=False)
    name: str = "kong"
    schema: str | None = None
    ssl: bool = False
    ssl_verify: bool = False
    ssl_roots: Path | None = None
    timeout_ms: int = 5000
    pool_size: int = 8

    @classmethod
    def from_settings(cls, settings: Settings) -> DatabaseConfig:
        """The database of a node: ``database``, ``database_path`` and the ``pg_*`` settings (hybrid.md 2.5).

        Raises GwctlError when PostgreSQL is to be verified by authorities that cannot be read.
        """
        verify = settings.flag("pg_ssl") and settings.flag("pg_ssl_verify") and settings.database == "postgres"
        return cls(
            kind=settings.database,
            path=settings.database_path,
            host=settings.text("pg_host") or "127.0.0.1",
            port=settings.integer("pg_port") or 5432,
            user=settings.text("pg_user") or "kong",
            password=settings.text("pg_password"),
            name=settings.text("pg_database") or "kong",
            schema=settings.text("pg_schema"),
            ssl=settings.flag("pg_ssl"),
            ssl_verify=settings.flag("pg_ssl_verify"),
            ssl_roots=roots_file(settings) if verify else None,
            timeout_ms=settings.integer("pg_timeout") or 5000,
            pool_size=settings.integer("pg_pool_size") or 8,
        )

    @property
    def label(self) -> str:
        """What messages call this database: the file, or the database's name."""
        return str(self.path) if self.kind == "sqlite" else self.name

    @property
    def timeout(self) -> float:
        """``timeout_ms`` in seconds."""
        return self.timeout_ms / 1000
